"""A Jupyter server of a benchmark's own: another process, in a folder that goes with it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

UP_SECONDS = 120.0
TOKEN = "bench"
HEADERS = {"Authorization": f"token {TOKEN}"}
OWN_FOLDERS = ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR")


@dataclass(frozen=True)
class Server:
    """A server that answers."""

    url: str
    pid: int

    def processor_seconds(self) -> float:
        """Return the processor time that its process has used until now; Linux only."""
        words = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def jupyter_server(
    *,
    module: str = "jupyter_server",
    front_end: bool = True,
    traits: dict[str, object] | None = None,
) -> Iterator[Server]:
    """Run one on loopback until the block ends.

    `module` is started with `python -m`; `front_end=False` leaves our part of the page out;
    `traits` are those of `GenAILab`.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as home:
        folder = Path(home)
        own = {name: str(folder / name.lower()) for name in OWN_FOLDERS}
        own["JUPYTERLAB_SETTINGS_DIR"] = str(folder / "settings")
        own["JUPYTERLAB_WORKSPACES_DIR"] = str(folder / "workspaces")
        _configure(folder, Path(own["JUPYTER_CONFIG_DIR"]), front_end, traits or {})
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = int(free.getsockname()[1])
        command = [sys.executable, "-m", module, f"--ServerApp.port={port}"]
        with subprocess.Popen(command, env={**os.environ, **own}) as process:
            try:
                url = f"http://127.0.0.1:{port}"
                _until_up(url, process)
                yield Server(url, process.pid)
            finally:
                process.terminate()


def _configure(folder: Path, config: Path, front_end: bool, traits: dict[str, object]) -> None:
    root = folder / "notebooks"
    root.mkdir()
    labconfig = config / "labconfig"
    labconfig.mkdir(parents=True)
    for name in ("runtime", "state"):
        (folder / name).mkdir(mode=0o700)
    content = {
        "Application": {"log_level": 50},
        "ServerApp": {
            "ip": "127.0.0.1",
            "port_retries": 0,
            "open_browser": False,
            "allow_root": True,
            "root_dir": str(root),
            "jpserver_extensions": {"coursia_genai_lab": True},
        },
        "IdentityProvider": {"token": TOKEN},
        "LabApp": {"expose_app_in_browser": True, "news_url": None},
        "GenAILab": {"state_path": str(folder / "state"), **traits},
    }
    (config / "jupyter_server_config.json").write_text(json.dumps(content), "utf-8")
    if not front_end:
        off = {"disabledExtensions": {"coursia-genai-lab": True}}
        (labconfig / "page_config.json").write_text(json.dumps(off), "utf-8")


def _until_up(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + UP_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        asked = urllib.request.Request(f"{url}/coursia-genai/health", headers=HEADERS)
        try:
            with urllib.request.urlopen(asked, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise SystemExit("the Jupyter server did not come up")
