"""Open JupyterLab on a copy of the examples, all state in a throw-away folder.

`LAB_HOME=folder` keeps the state there; further arguments go to JupyterLab.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def environment(home: Path) -> dict[str, str]:
    """Return the environment of a JupyterLab that writes nowhere but below `home`."""
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
        "MPLCONFIGDIR": "matplotlib",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
    }
    own = {name: str(home / folder) for name, folder in folders.items()}
    for folder in own.values():
        Path(folder).mkdir(parents=True, exist_ok=True, mode=0o700)
    _decline_news(Path(own["JUPYTERLAB_SETTINGS_DIR"]))
    return {**os.environ, **own}


def _decline_news(settings: Path) -> None:
    # JupyterLab would greet each new folder with the question whether it may fetch news.
    file = settings / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}), "utf-8")


def main() -> int:
    """Run JupyterLab until it ends; one Ctrl-C stops it without a question."""
    kept = os.environ.get("LAB_HOME")
    home = Path(kept or tempfile.mkdtemp(prefix="genai-lab-")).expanduser().resolve()
    notebooks = home / "examples"
    if not notebooks.exists():
        shutil.copytree(ROOT / "examples", notebooks)
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.root_dir={notebooks}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--ServerApp.answer_yes=True",
        # Quiet but for what goes wrong; the address is printed at every level.
        "--log-level=WARN",
        *(["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        *([] if _has_display() else ["--no-browser"]),
        *sys.argv[1:],
    ]
    print(f"Notebooks: {notebooks}{'' if kept else ' (removed at the end; LAB_HOME=… keeps it)'}")
    print("Stop with Ctrl-C. JupyterLab prints its address below.", flush=True)
    child = subprocess.Popen(command, env=environment(home), start_new_session=True)

    def stop(number: int, frame: object) -> None:
        # SIGINT would make Jupyter ask a question; one Ctrl-C is meant to be enough.
        child.send_signal(signal.SIGTERM)

    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        status = child.wait()
    finally:
        if not kept:
            shutil.rmtree(home, ignore_errors=True)
    return 0 if status in (0, -signal.SIGTERM) else status


def _has_display() -> bool:
    return sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )


if __name__ == "__main__":
    sys.exit(main())
