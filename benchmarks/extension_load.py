"""Processor time that the extension adds to a Jupyter server's start, beside one without it.

The server is a process of its own; what it has used is read inside it when it begins to listen,
and when the Lab's parts are built, which kernels and pages of the first moment wait
for. Checkouts of other versions may be named to be measured in turn with
this one: `python -m benchmarks.extension_load /path/to/another/checkout`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from .measure import Figures, show

N = 7
GOAL = "<= 120 ms over it"
SERVER = """
import asyncio, sys, time
from jupyter_server.serverapp import ServerApp

app = ServerApp()
app.initialize(argv=["--log-level=CRITICAL"])


async def tell():
    print(time.process_time() * 1000, flush=True)
    try:
        for found in app.extension_manager.extension_apps.get("coursia_genai_lab", ()):
            while getattr(found, "parts", None) is None:
                await asyncio.sleep(0.005)
        print(time.process_time() * 1000, flush=True)
    finally:
        app.stop()


app.io_loop.add_callback(tell)
app.start()
"""


def milliseconds(checkout: Path, bytecode: str, *, on: bool) -> list[float]:
    """Return what a server used until it listened, and until the parts were built."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        extensions = dict.fromkeys(("jupyterlab", "notebook", "jupyter_lsp"), False)
        server = {
            "jpserver_extensions": {**extensions, "coursia_genai_lab": on},
            "port": 0,
            "root_dir": home,
            "open_browser": False,
            "allow_root": True,
        }
        config = {"ServerApp": server, "GenAILab": {"runtime": "fake", "state_path": f"{home}/s"}}
        Path(home, "jupyter_server_config.json").write_text(json.dumps(config), encoding="utf-8")
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        folders = dict.fromkeys(
            ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"), home
        )
        done = subprocess.run(
            [sys.executable, "-c", SERVER],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=checkout,
            env={**kept, **folders, "PYTHONPYCACHEPREFIX": bytecode},
        )
    return [float(line) for line in done.stdout.split()]


def main() -> None:
    """Print what each checkout adds, measured in turn."""
    here = Path(__file__).resolve().parent.parent
    checkouts = [here, *map(Path, sys.argv[1:])]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as bytecode:
        for checkout in checkouts:
            milliseconds(checkout, bytecode, on=True)
        without: list[float] = []
        taken: dict[Path, list[list[float]]] = {checkout: [] for checkout in checkouts}
        for _ in range(N):
            without.append(milliseconds(here, bytecode, on=False)[0])
            for checkout in checkouts:
                taken[checkout].append(milliseconds(checkout, bytecode, on=True))
    base = Figures("a server without it", without)
    print(f"  {base}", flush=True)
    for checkout, runs in taken.items():
        listening, built = ([run[step] for run in runs] for step in (0, 1))
        name = "" if checkout == here else f" of {checkout}"
        show(Figures(f"until it listens, with the extension{name}", listening), base, goal=GOAL)
        added = statistics.median(listening) - base.median
        print(f"    + {added:.0f} ms; + {statistics.median(built) - base.median:.0f} ms when built")


if __name__ == "__main__":
    main()
