"""Run one JupyterLab for the browser tests, everything that it writes in a throw-away folder.

    python serve.py [--port N] [--off] [--gpus [N]] [--notebook] [--set Trait=value ...]

The server asks for the token `browser-tests`, listens on loopback, and shows its application
object to the page, so that a test can wait for a kernel instead of guessing. Once it listens, its
address is printed, alone on a line.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOKEN = "browser-tests"
MIXED = -1
STEP_SECONDS = 0.05
FOLDERS = {
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "IPYTHONDIR": "ipython",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    "MPLCONFIGDIR": "matplotlib",
}


def main() -> int:
    """Run the server until it ends or somebody stops us; remove what it wrote."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0, help="default: one that is free")
    parser.add_argument(
        "--attached", action="store_true", help="end when standard input ends, however it does"
    )
    parser.add_argument("--off", action="store_true", help="without our server extension")
    parser.add_argument(
        "--gpus",
        nargs="?",
        type=int,
        const=MIXED,
        metavar="N",
        help="with N simulated GPUs; without N, with three of which one is busy and one in parts",
    )
    parser.add_argument("--notebook", action="store_true", help="Notebook 7 in place of JupyterLab")
    parser.add_argument("--set", action="append", default=[], metavar="TRAIT=VALUE")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="genai-ui-", ignore_cleanup_errors=True) as folder:
        own = environment(Path(folder))
        server = Server(command(Path(folder), chosen), own)
        if chosen.attached:
            threading.Thread(target=end_with_input, daemon=True).start()
        return server.run()


def end_with_input() -> None:
    """End this process as a person would once nobody holds the other end of its input."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


class Server:
    """One Jupyter server; SIGHUP ends it and begins it anew in the same folder and on its port."""

    def __init__(self, words: list[str], environment: dict[str, str]) -> None:
        self._words = words
        self._environment = environment
        self._again = False
        self._child = self._started()

    def run(self) -> int:
        """Return the server's exit code once it has ended for good."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._end)
        port = self._port()
        if port is not None:
            print(f"http://127.0.0.1:{port}", flush=True)
            self._words.append(f"--ServerApp.port={port}")
        while True:
            code = self._child.wait()
            if not self._again:
                return code
            self._again = False
            self._child = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        # Our own output is for the address alone.
        return subprocess.Popen(
            self._words, env=self._environment, start_new_session=True, stdout=sys.stderr
        )

    def _port(self) -> int | None:
        """Wait until the server has written where it listens; None where it ended before."""
        told = Path(self._environment["JUPYTER_RUNTIME_DIR"], f"jpserver-{self._child.pid}.json")
        while self._child.poll() is None:
            with contextlib.suppress(OSError, ValueError):
                return int(json.loads(told.read_text(encoding="utf-8"))["port"])
            time.sleep(STEP_SECONDS)
        return None

    def _end(self, number: int, frame: object) -> None:
        self._again = number == signal.SIGHUP
        self._child.terminate()


def environment(folder: Path) -> dict[str, str]:
    """Return an environment that keeps the person's own Jupyter out of it."""
    own = {name: str(folder / part) for name, part in FOLDERS.items()}
    for path in own.values():
        Path(path).mkdir(mode=0o700)
    kept = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
    return {**kept, **own}


def command(folder: Path, chosen: argparse.Namespace) -> list[str]:
    """Write the server's configuration and copies of the notebooks; return its command line."""
    root = folder / "notebooks"
    root.mkdir()
    for source in (HERE / "notebooks", HERE.parent / "examples"):
        if source.is_dir():
            shutil.copytree(source, root, dirs_exist_ok=True)
    config = {
        "ServerApp": {
            "ip": "127.0.0.1",
            "port": chosen.port,
            "port_retries": 0,
            "open_browser": False,
            "allow_root": True,
            "root_dir": str(root),
            "jpserver_extensions": {"coursia_genai_lab": not chosen.off},
        },
        "IdentityProvider": {"token": TOKEN},
        "LabApp": {
            "expose_app_in_browser": True,
            "news_url": None,
            "check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        },
        "JupyterNotebookApp": {"expose_app_in_browser": True},
    }
    if chosen.gpus is not None:
        config["GenAILab"] = {"gpu_reader": simulated_gpus(folder, chosen.gpus)}
    # JupyterLab would ask on every page whether it may fetch news.
    news = folder / "settings" / "@jupyterlab" / "apputils-extension"
    news.mkdir(parents=True)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    (news / "notification.jupyterlab-settings").write_text(json.dumps(quiet), encoding="utf-8")
    path = folder / "config" / "jupyter_server_config.json"
    path.write_text(json.dumps(config), encoding="utf-8")
    front = "notebook" if chosen.notebook else "jupyterlab"
    return [sys.executable, "-m", front, *(f"--{pair}" for pair in chosen.set)]


def simulated_gpus(folder: Path, number: int) -> list[str]:
    """Make a machine with so many GPUs, or a mixed one; return who reads them."""
    sys.path.insert(0, str(HERE.parent / "tests"))
    from simulated_gpus import SimulatedGPUs

    gpus = SimulatedGPUs(folder)
    for index in range(number):
        # Of many most are idle.
        gpus.add(busy_percent=12 if index == 0 else 0, temperature_celsius=44)
    if number != MIXED:
        return gpus.command
    busy = gpus.add(busy_percent=83, temperature_celsius=71)
    gpus.use(busy, 9_000, pid=os.getpid())
    gpus.add(total_mib=48_000, name="NVIDIA RTX 6000 Ada Generation")
    parted = gpus.add(total_mib=80_000, name="NVIDIA A100-SXM4-80GB")
    gpus.split(parted, 40_000, 10_000)
    return gpus.command


if __name__ == "__main__":
    sys.exit(main())
