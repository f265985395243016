"""Importing does nothing, and loads nothing that is not needed yet."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent.parent / "coursia_genai_lab"
LATER = {
    "docker",
    "aiohttp",
    "sqlalchemy",
    "PIL",
    "ipywidgets",
    "matplotlib",
    "numpy",
    "openai",
    "pynvml",
}


def loaded_by(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has after running `code`."""
    program = f"{code}\nimport sys, json\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return set(json.loads(done.stdout.splitlines()[-1]))


def tops(modules: set[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules}


def test_importing_the_package_loads_nothing_else_of_ours() -> None:
    ours = {name for name in loaded_by("import coursia_genai_lab") if name.startswith("coursia")}
    assert ours == {"coursia_genai_lab"}


def test_what_the_lab_is_built_from_leaves_heavy_libraries_for_their_first_use() -> None:
    assert tops(loaded_by("import coursia_genai_lab.assembly")) & LATER == set()


def test_loading_the_extension_leaves_the_lab_until_the_server_listens() -> None:
    loaded = loaded_by("import coursia_genai_lab.app")
    assert tops(loaded) & (LATER | {"pydantic", "msgspec"}) == set()
    ours = {name.split(".")[1] for name in loaded if name.startswith("coursia_genai_lab.")}
    assert ours == {"app", "config", "errors", "events", "launch", "loading"}


def test_the_public_names_are_what_they_say() -> None:
    code = (
        "import coursia_genai_lab as c\n"
        "assert set(c.__all__) <= set(dir(c))\n"
        "assert all(getattr(c, name) is not None for name in c.__all__)"
    )
    assert "coursia_genai_lab.widgets" in loaded_by(code)


def test_the_kernel_side_needs_only_what_a_light_wheel_would_bring() -> None:
    # Everything else of ours and of our dependencies is made impossible to import.
    blocked = sorted(
        {"docker", "aiohttp", "msgspec", "nbformat", "dotenv", "click", "rich", "sqlalchemy"}
        | {"jupyter_server", "jupyter_events"}
        | {
            f"coursia_genai_lab.{path.stem}"
            for path in PACKAGE.iterdir()
            if path.stem not in {"__init__", "client", "widgets", "wire", "errors", "_version"}
            and (path.is_dir() or path.suffix == ".py")
            and not path.name.startswith((".", "__"))
        }
    )
    code = (
        f"import sys\nfor name in {blocked!r}:\n    sys.modules[name] = None\n"
        "from coursia_genai_lab import GenerationPanel, aio, edit, generate, models"
    )
    assert "coursia_genai_lab.client" in loaded_by(code)


IMPORT_ALL = """
import importlib, os, sys, threading
import aiohttp, docker, httpx, ipywidgets, jupyter_server.serverapp  # what they do is theirs
names = {names!r}
begun = []
forbidden = (
    "socket.connect", "socket.bind", "subprocess.Popen", "os.mkdir", "os.remove", "os.rename",
)
environment = dict(os.environ)
def watch(event, arguments):
    if event in forbidden or (event == "open" and arguments[1] and set(arguments[1]) & set("wax+")):
        if not str(arguments[0]).endswith((".pyc",)) and ".pyc." not in str(arguments[0]):
            if "__pycache__" not in str(arguments[0]):
                begun.append((event, str(arguments)))
sys.addaudithook(watch)
for name in names:
    importlib.import_module(name)
assert begun == [], begun
assert threading.active_count() == 1, threading.enumerate()
assert dict(os.environ) == environment
"""


def test_importing_every_module_touches_nothing() -> None:
    names = [
        ".".join(("coursia_genai_lab", *path.relative_to(PACKAGE).with_suffix("").parts))
        for path in sorted(PACKAGE.rglob("*.py"))
        if path.name not in {"__init__.py", "__main__.py"}
        and {"servers", "build_contexts"}.isdisjoint(path.parts)
    ]
    assert len(names) > 50
    assert loaded_by(IMPORT_ALL.format(names=names))
