"""Run the ComfyUI image's entry point with the real login node, and see who gets in.

    python scripts/prove_comfyui_login.py FOLDER

FOLDER is a checkout of ComfyUI-Login. Needs what the node needs: aiohttp, aiohttp_session[secure],
Jinja2, bcrypt, pycryptodome. Not part of the tests, for the node's code is not ours to bring; run
it when the commit in the Dockerfile changes. Prints one line a question; the status is 1 when one
has another answer than expected.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CONTEXTS = ROOT / "coursia_genai_lab" / "build_contexts"
STAND_IN = ROOT / "tests" / "build_contexts" / "comfyui_app"
TOKEN = "cQ3b9_random-text-of-this-start-4711"
PATIENCE = 60.0

MODULES = {
    "folder_paths.py": "",
    "comfy/__init__.py": "",
    "comfy/cli_args.py": "class args:\n    enable_cors_header = None\n",
}
"""What the node imports of ComfyUI, besides `server`."""


def main(source: Path) -> int:
    """Return the exit status."""
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for guarded in (False, True):
            app = _lay_out(Path(folder) / str(guarded), source, guarded=guarded)
            wrong += _ask(app, guarded=guarded)
    return 1 if wrong else 0


def _lay_out(place: Path, source: Path, *, guarded: bool) -> Path:
    app = place / "app"
    shutil.copytree(STAND_IN, app)
    shutil.rmtree(app / "custom_nodes" / "login")
    shutil.copytree(source, app / "custom_nodes" / "ComfyUI-Login")
    # Its other node reads pictures with torch, which has no part in this.
    (app / "custom_nodes" / "ComfyUI-Login" / "__init__.py").write_text("from .password import *\n")
    for name, text in MODULES.items():
        (app / name).parent.mkdir(exist_ok=True)
        (app / name).write_text(text)
    if guarded:
        shutil.copytree(CONTEXTS / "comfyui" / "guard", app / "custom_nodes" / "zz_guard")
    genai = place / "genai"
    genai.mkdir()
    for one in ("shared/service_start.py", "comfyui/start_comfyui.py"):
        shutil.copy(CONTEXTS / one, genai)
    shutil.copy(CONTEXTS / "comfyui" / "extra_model_paths.yaml", genai)
    (place / "token").write_text(TOKEN)
    return app


def _ask(app: Path, *, guarded: bool) -> int:
    place = app.parent
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    variables = {
        "GENAI_TOKEN_FILE": str(place / "token"),
        "GENAI_APP_FOLDER": str(app),
        "GENAI_DATA_FOLDER": str(place / "data"),
        "GENAI_PORT": str(port),
    }
    with (place / "log").open("wb") as log:
        server = subprocess.Popen(
            [sys.executable, str(place / "genai" / "start_comfyui.py")],
            stdout=log,
            stderr=log,
            env={**os.environ, **variables},
        )
    try:
        wrong = _questions(port, server, guarded=guarded)
    finally:
        server.terminate()
        server.wait(PATIENCE)
    text = (place / "log").read_text(errors="replace")
    wrong += _told("the credential is in the log", TOKEN in text, False)
    wrong += _told("the node told its token, hidden", "use token=(hidden)" in text, True)
    wrong += _told("the login node was loaded", "cannot import" not in text, True)
    return wrong


def _questions(port: int, server: subprocess.Popen[bytes], *, guarded: bool) -> int:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    until = time.monotonic() + PATIENCE
    while _status(port, "/system_stats", bearer) == 0 and time.monotonic() < until:
        time.sleep(0.1)
    print(f"with our guard: {guarded}")
    wrong = _told("the credential", _status(port, "/system_stats", bearer), 200)
    for words, path, headers in (
        ("nothing", "/system_stats", {}),
        ("an empty ?token=", "/system_stats?token=", {}),
        ("another bearer", "/system_stats", {"Authorization": "Bearer x"}),
    ):
        wrong += _told(words, _status(port, path, headers), 401)
    # The first line of PASSWORD is the hash of no password: the node's own check breaks.
    login = _status(port, "/login", {}, f"username=genai&password={TOKEN}")
    wrong += _told("the credential as web password", login, 401 if guarded else 500)
    script = _status(port, "/userdata/x.js", {})
    wrong += _told("a path that ends in .js", script, 401 if guarded else 200)
    return wrong + _told("the server goes on", server.poll(), None)


def _status(port: int, path: str, headers: dict[str, str], form: str | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        if form is None:
            connection.request("GET", path, headers=headers)
        else:
            kind = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", path, body=form, headers={**headers, **kind})
        return connection.getresponse().status
    except OSError:
        return 0
    finally:
        connection.close()


def _told(words: str, found: object, expected: object) -> int:
    print(f"  {'ok   ' if found == expected else 'WRONG'} {words}: {found}")
    return int(found != expected)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    raise SystemExit(main(Path(sys.argv[1])))
