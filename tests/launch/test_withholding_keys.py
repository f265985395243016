"""Keys in the server's environment: which kernels get them, and what stands in their place."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import cloud_bench
import pytest
from jupyter_process import JupyterProcess, write_notebook
from red_team import agreeing

from coursia_genai_lab.catalog.load import BUILT_IN_FOLDER, Catalog, load_catalog
from coursia_genai_lab.config import WithholdKeys
from coursia_genai_lab.launch.environment import (
    LAB_SECRETS,
    PROVIDER_KEYS,
    EnvironmentKeys,
    keys_for_the_lab,
)
from coursia_genai_lab.secret_files.folder import SecretsFolder

Start = Callable[..., JupyterProcess]
DOCS = Path(__file__).parents[2] / "docs" / "admins" / "secrets.md"
KEY, ROUTER, HUB = "sk-planted-openai", "sk-or-planted", "hf_planted"
CLOUD = """
title = "{title}"
kind = "cloud"
dialect = "{dialect}"
[credential]
secret = "{name}_API_KEY"
[[exports]]
[exports.variables]
{name}_BASE_URL = "{{openai}}"
{name}_API_KEY = "{{token}}"
[detect]
variables = ["{name}_BASE_URL"]
modules = ["{service}"]
calls = ["images.generate"]
[[models]]
id = "{model}"
title = "A model"
"""
OPENAI = """
from openai import OpenAI
OpenAI().images.generate(model="gpt-image-2", prompt="a fox")
"""
COMFY = """
import os, requests
requests.post(os.environ["COMFYUI_API_URL"] + "/prompt", json={"client_id": "me"})
"""
CLASSIC = "import numpy as np"


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    folder = tmp_path / "services"
    folder.mkdir(mode=0o700)
    for name, dialect, model in (
        ("openai", "openai_images", "gpt-image-2"),
        ("openrouter", "openrouter", "another"),
    ):
        text = CLOUD.format(
            title=name, dialect=dialect, name=name.upper(), service=name, model=model
        )
        (folder / f"{name}.toml").write_text(text)
    found = load_catalog(folder, packages=False)
    assert found.problems == ()
    return found


def withheld(
    catalog: Catalog,
    mode: WithholdKeys,
    environment: Mapping[str, str],
    *,
    kernelspec: Mapping[str, str] | None = None,
    dotenv: tuple[str, ...] = (),
    secrets: tuple[str, ...] = (),
) -> set[str]:
    keys = EnvironmentKeys(mode, tuple(catalog.values()), lambda: secrets)
    keys.look()
    return set(keys.withheld(environment, kernelspec or {}, dotenv))


ALL_KEYS = {
    "OPENAI_API_KEY": KEY,
    "OPENROUTER_API_KEY": ROUTER,
    "HF_TOKEN": HUB,
    "ANTHROPIC_API_KEY": "sk-ant-planted",
    "GENAI_POLICY_TOKEN": "planted-policy",
    "AWS_SECRET_ACCESS_KEY": "not ours",
}


@pytest.mark.parametrize(
    ("mode", "secrets", "expected"),
    [
        ("never", ("HF_TOKEN",), set()),
        ("genai", (), {"OPENAI_API_KEY", "OPENROUTER_API_KEY", "GENAI_POLICY_TOKEN"}),
        (
            "genai",
            ("HF_TOKEN", "OTHER"),
            {"OPENAI_API_KEY", "OPENROUTER_API_KEY", "GENAI_POLICY_TOKEN", "HF_TOKEN"},
        ),
        ("all", (), set(ALL_KEYS) - {"AWS_SECRET_ACCESS_KEY"}),
    ],
)
def test_a_kernel_with_a_token_does_not_get_what_is_the_labs(
    catalog: Catalog, mode: WithholdKeys, secrets: tuple[str, ...], expected: set[str]
) -> None:
    assert withheld(catalog, mode, ALL_KEYS, secrets=secrets) == expected


@pytest.mark.parametrize(
    "more",
    [
        {"environment": {"OPENAI_BASE_URL": "http://intranet/v1"}},
        {"kernelspec": {"OPENAI_BASE_URL": "http://intranet/v1"}},
        {"dotenv": ("OPENAI_BASE_URL",)},
        {"kernelspec": {"OPENAI_API_KEY": "${OPENAI_API_KEY}"}},
    ],
    ids=["environment", "kernel.json", ".env", "kernel.json names the key"],
)
def test_a_key_that_belongs_to_an_address_of_the_users_own_stays_with_it(
    catalog: Catalog, more: dict[str, Any]
) -> None:
    environment = {"OPENAI_API_KEY": KEY, **more.pop("environment", {})}
    assert withheld(catalog, "genai", environment, **more) == set()
    assert withheld(catalog, "all", environment, **more) == {"OPENAI_API_KEY"}


def test_a_key_is_kept_back_under_whatever_other_name_it_stands(catalog: Catalog) -> None:
    environment = {"OPENROUTER_API_KEY": ROUTER, "MY_KEY": ROUTER, "MINE": ROUTER + "-mine"}
    assert withheld(catalog, "genai", environment) == {"OPENROUTER_API_KEY", "MY_KEY"}
    assert withheld(catalog, "never", environment) == set()
    named = {"MY_KEY": "${OPENROUTER_API_KEY}"}
    assert withheld(catalog, "genai", environment, kernelspec=named) == {"OPENROUTER_API_KEY"}
    # That key is for that address, as the user set them up.
    own = {"OPENAI_BASE_URL": "https://router.example.org/v1", "OPENAI_API_KEY": ROUTER}
    assert withheld(catalog, "genai", {**environment, **own}) == {"OPENROUTER_API_KEY", "MY_KEY"}
    everywhere = {"ANTHROPIC_API_KEY": "sk-ant-planted", "CLAUDE": "sk-ant-planted", "TERM": "x"}
    assert withheld(catalog, "all", everywhere) == {"ANTHROPIC_API_KEY", "CLAUDE"}
    EnvironmentKeys("all", tuple(catalog.values())).clear(everywhere)
    assert everywhere == {"TERM": "x"}


def test_what_an_earlier_launch_gave_is_no_key(catalog: Catalog) -> None:
    environment = {"OPENAI_API_KEY": "cgl_token-of-a-lab", "OPENROUTER_API_KEY": ""}
    modes: tuple[WithholdKeys, ...] = ("genai", "all")
    for mode in modes:
        assert withheld(catalog, mode, environment) == set()
    assert keys_for_the_lab(tuple(catalog.values()), environment) == {}


def test_a_key_of_the_environment_serves_the_lab_where_no_file_has_one(
    catalog: Catalog, tmp_path: Path
) -> None:
    found = keys_for_the_lab(tuple(catalog.values()), ALL_KEYS)
    assert sorted(found) == ["OPENAI_API_KEY", "OPENROUTER_API_KEY"]
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    file = folder / ".env.genai-extension"
    file.write_text("OPENAI_API_KEY=sk-of-the-file\n")
    file.chmod(0o600)
    secrets = SecretsFolder(folder, beside=found)

    def value(name: str) -> str | None:
        secret = secrets.get(name)
        return None if secret is None else secret.reveal()

    assert value("OPENAI_API_KEY") == "sk-of-the-file"
    assert value("OPENROUTER_API_KEY") == ROUTER
    assert value("HF_TOKEN") is None
    assert secrets.names() == ["OPENAI_API_KEY"]
    nowhere = SecretsFolder("", beside=found).get("OPENAI_API_KEY")
    assert nowhere is not None
    assert nowhere.reveal() == KEY


def test_a_key_for_another_address_never_serves_the_lab(catalog: Catalog) -> None:
    environment = {**ALL_KEYS, "OPENAI_BASE_URL": "http://intranet/v1"}
    assert sorted(keys_for_the_lab(tuple(catalog.values()), environment)) == ["OPENROUTER_API_KEY"]


def test_the_page_names_every_key_that_is_kept() -> None:
    text = DOCS.read_text(encoding="utf-8")
    assert [name for name in sorted(PROVIDER_KEYS | LAB_SECRETS) if f"`{name}`" not in text] == []


# -- in real kernels ---------------------------------------------------------------------------


@pytest.fixture
def server(
    jupyter_process: Start, catalog: Catalog, tmp_path: Path
) -> Callable[..., JupyterProcess]:
    """Start a server in mode demo with keys in its environment; the argument is withhold_keys."""

    def notebooks(root: Path) -> None:
        for name, source in (("openai", OPENAI), ("comfy", COMFY), ("classic", CLASSIC)):
            write_notebook(root / f"{name}.ipynb", source)

    def start(withhold: str, mode: str = "demo", **options: Any) -> JupyterProcess:
        lab = {
            "mode": mode,
            "withhold_keys": withhold,
            "services_path": str(tmp_path / "services"),
        }
        environment = {
            "OPENAI_API_KEY": KEY,
            "OPENROUTER_API_KEY": ROUTER,
            "HF_TOKEN": HUB,
            **options.pop("environment", {}),
        }
        return jupyter_process(
            before=notebooks, traits={"GenAILab": lab}, environment=environment, **options
        )

    return start


def seen(jupyter: JupyterProcess, kernel_id: str) -> dict[str, str]:
    """Return the environment as the kernel itself has it, and as /proc shows it: the same."""
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    inside: dict[str, str] = json.loads(jupyter.execute(kernel_id, code))
    shown = jupyter.kernel(kernel_id).environ
    names = ("OPENAI_API_KEY", "OPENROUTER_API_KEY", "HF_TOKEN", "OPENAI_BASE_URL")
    assert {n: inside.get(n) for n in names} == {n: shown.get(n) for n in names}
    return shown


@pytest.mark.server
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
def test_an_openai_notebook_gets_the_door_in_place_of_the_key_and_draws(
    server: Callable[..., JupyterProcess],
) -> None:
    jupyter = server("genai")
    session = jupyter.open_notebook("openai.ipynb")
    environment = seen(jupyter, session.kernel_id)
    token = environment["GENAI_API_TOKEN"]
    assert environment["OPENAI_API_KEY"] == environment["OPENROUTER_API_KEY"] == token
    assert environment["OPENAI_BASE_URL"] == environment["GENAI_API_URL"]
    assert environment["HF_TOKEN"] == HUB  # not in our secrets: not ours
    assert KEY not in environment.values()
    code = OPENAI.replace("OpenAI().images", "answer = OpenAI().images") + "print(len(answer.data))"
    assert jupyter.execute(session.kernel_id, code, timeout=300).strip() == "1"
    # A restart decides anew, and a classic notebook keeps what it had.
    jupyter.restart(session.kernel_id)
    assert seen(jupyter, session.kernel_id)["OPENAI_API_KEY"].startswith("cgl_")
    classic = seen(jupyter, jupyter.open_notebook("classic.ipynb").kernel_id)
    assert (classic["OPENAI_API_KEY"], "GENAI_API_TOKEN" in classic) == (KEY, False)


class OpenAI(BaseHTTPRequestHandler):
    """Sells a picture to whoever has the key, as OpenAI does; `.server.seen` is who asked."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        sent = self.headers.get("Authorization", "")
        self.server.seen.append(sent)  # type: ignore[attr-defined]
        usage: dict[str, Any] = {"input_tokens": 10, "output_tokens": 1000, "total_tokens": 1010}
        usage["input_tokens_details"] = {"text_tokens": 10, "image_tokens": 0}
        picture = base64.b64encode(cloud_bench.picture()).decode()
        good = {"created": 1, "data": [{"b64_json": picture}], "usage": usage}
        bad = {"error": {"message": "no such key", "type": "error", "code": "invalid_api_key"}}
        data = json.dumps(good if sent == f"Bearer {KEY}" else bad).encode()
        self.send_response(200 if sent == f"Bearer {KEY}" else 401)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST  # noqa: N815 -- http.server's names

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.mark.server
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
def test_an_unmodified_openai_notebook_buys_through_the_door_with_the_servers_key(
    jupyter_process: Start, tmp_path: Path
) -> None:
    cloud = ThreadingHTTPServer(("127.0.0.1", 0), OpenAI)
    cloud.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=cloud.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{cloud.server_address[1]}"
        text = (BUILT_IN_FOLDER / "openai.toml").read_text(encoding="utf-8")
        (tmp_path / "services").mkdir(mode=0o700)
        (tmp_path / "services" / "openai.toml").write_text(
            re.sub(r'(?m)^url = ".*"$', f'url = "{address}"', text, count=1)
        )
        jupyter = jupyter_process(
            before=lambda root: write_notebook(root / "openai.ipynb", OPENAI),
            traits={"GenAILab": {"services_path": str(tmp_path / "services")}},
            environment={"OPENAI_API_KEY": KEY},
        )
        session = jupyter.open_notebook("openai.ipynb")
        environment = seen(jupyter, session.kernel_id)
        draw = OPENAI.replace("OpenAI().", "answer = OpenAI().")
        with agreeing(jupyter):
            said = jupyter.execute(
                session.kernel_id, draw + "print(answer.data[0].b64_json[:8])", timeout=300
            )
        assert said.strip() == base64.b64encode(cloud_bench.picture()).decode()[:8]
        assert f"Bearer {KEY}" in cloud.seen  # type: ignore[attr-defined]
        assert environment["OPENAI_API_KEY"] == environment["GENAI_API_TOKEN"]
        assert KEY not in environment.values()
    finally:
        cloud.shutdown()
        cloud.server_close()
        thread.join(60)


@pytest.mark.server
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
def test_a_notebook_that_needs_another_service_meets_the_door_and_no_key(
    server: Callable[..., JupyterProcess],
) -> None:
    jupyter = server("genai")
    session = jupyter.open_notebook("comfy.ipynb")
    environment = seen(jupyter, session.kernel_id)
    assert environment["OPENAI_API_KEY"] == environment["COMFYUI_API_TOKEN"]
    assert environment["GENAI_SERVICES"].find("openai") < 0
    assert not {KEY, ROUTER} & set(environment.values())


@pytest.mark.server
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
def test_never_leaves_every_kernel_its_keys(server: Callable[..., JupyterProcess]) -> None:
    jupyter = server("never")
    environment = seen(jupyter, jupyter.open_notebook("comfy.ipynb").kernel_id)
    assert environment["GENAI_API_TOKEN"].startswith("cgl_")
    assert (environment["OPENAI_API_KEY"], environment["OPENROUTER_API_KEY"]) == (KEY, ROUTER)


@pytest.mark.server
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
@pytest.mark.parametrize("mode", ["demo", "off"])
def test_all_keeps_them_from_every_kernel_and_from_terminals(
    server: Callable[..., JupyterProcess], mode: str
) -> None:
    terminals = {"coursia_genai_lab": True, "jupyter_server_terminals": True}
    jupyter = server("all", mode, extensions=terminals)
    for notebook in ("classic.ipynb", "comfy.ipynb"):
        environment = seen(jupyter, jupyter.open_notebook(notebook).kernel_id)
        assert not {KEY, ROUTER, HUB} & set(environment.values())
    named = jupyter.api("POST", "api/kernels", {"name": "python3"})
    assert not {KEY, ROUTER, HUB} & set(seen(jupyter, named["id"]).values())
    jupyter.api("POST", "api/terminals", {})
    assert no_child_has(jupyter, KEY)


def no_child_has(jupyter: JupyterProcess, text: str) -> bool:
    """Look at the environment of every process that the server has started."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = (folder / "stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == jupyter.process.pid:
                found.append((folder / "environ").read_bytes())
        except OSError:  # it has just ended
            continue
    assert len(found) >= 4  # three kernels and a terminal
    return all(text.encode() not in one for one in found)


@pytest.mark.server
@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc")
def test_enabling_by_hand_takes_the_keys_from_a_kernel_that_runs(
    server: Callable[..., JupyterProcess],
) -> None:
    jupyter = server("genai")
    session = jupyter.open_notebook("classic.ipynb")
    path = f"coursia-genai/api/v1/kernels/{session.kernel_id}/enable"
    enabled = jupyter.api("POST", path, {"profile": None})
    jupyter.execute(session.kernel_id, enabled["code"])
    look = "import os; print(os.environ['OPENAI_API_KEY'] == os.environ['GENAI_API_TOKEN'])"
    assert jupyter.execute(session.kernel_id, look).strip() == "True"
