"""Every secret of a working server is looked for wherever it might come to light.

The folder of secrets, the hub's token, the token of a server of others and the credential of a
service of ours are used by a real server with a kernel, and by others that echo what they are
sent; then everything that it wrote, said and started is searched.
"""

from __future__ import annotations

import base64
import json
import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import websocket
from jupyter_process import JupyterProcess, Session, write_notebook

from coursia_genai_lab.handlers import ROUTES

pytestmark = [
    pytest.mark.server,
    pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="looks into /proc"),
]
HUB, CLOUD, THEIRS = "hf_red0team1hub", "sk-or-v1-red0team2cloud", "$2b$12$red0team3theirs/x."
NEEDY = """
from coursia_genai_lab import generate
import os, requests
requests.post(os.environ["THEIRS_URL"] + "/prompt", json={})
generate("a red fox")
"""
WORK = """
import os, sys, traceback
import httpx
from coursia_genai_lab import generate
[picture] = generate("a red fox", model="demo", size=(64, 64), steps=2, show_progress=False)
print(picture, repr(picture), picture.provenance)
print(dict(os.environ), open("/proc/self/environ").read())
try:
    generate("a red fox", model="no-such-model", show_progress=False)
except Exception:
    traceback.print_exc(file=sys.stdout)
door, token = os.environ["THEIRS_URL"], os.environ["THEIRS_TOKEN"]
opens = {"Authorization": f"Bearer {token}"}
graph = {"1": {"class_type": "KSampler", "inputs": {}}}
for way in ("/system_stats", "/queue", "/object_info", "/history", "/nothing-of-the-kind"):
    for headers in (opens, {}):
        answer = httpx.get(door + way, headers=headers, timeout=90)
        print(answer.status_code, dict(answer.headers), answer.text)
answer = httpx.post(door + "/prompt", json={"prompt": graph}, headers=opens, timeout=90)
print(answer.status_code, dict(answer.headers), answer.text)
picture.save("fox.png")
"""
MEMORY = """
import ctypes, os
from coursia_genai_lab.secret_files.own_memory import shut_own_memory
os.setgroups([])
os.setgid(65534)
os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as a server that was started by that user
server = os.getpid()
def look():
    if os.fork():
        os.wait()
        return
    try:
        open(f"/proc/{server}/environ", "rb").read()
        os.write(1, b"open ")
    except PermissionError:
        os.write(1, b"shut ")
    os._exit(0)
look()
shut_own_memory()
look()
"""


TELLS = """
import ctypes
from tornado.web import RequestHandler

class Tells(RequestHandler):
    def get(self):
        self.write(str(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)))

def _load_jupyter_server_extension(app):
    app.web_app.add_handlers(".*", [(app.base_url + "whether-shut", Tells)])
"""


class Echo(BaseHTTPRequestHandler):
    """Shows whoever asks what it was sent: as a hub that refuses, or as a locked ComfyUI."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        sent = self.headers.get("Authorization", "")
        self.server.seen.append(sent)  # type: ignore[attr-defined]
        if self.path == "/system_stats" and sent == f"Bearer {THEIRS}":
            self._say(200, {"system": {}, "devices": []})
        elif self.path == "/system_stats":
            self._say(401, {"error": "Authentication required."})
        else:
            said = {"error": f"you sent {sent}", "headers": str(self.headers)}
            self._say(403 if "/resolve/" in self.path else 500, said)

    do_POST = do_HEAD = do_GET  # noqa: N815 -- http.server's names

    def _say(self, status: int, body: object) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("X-Error-Message", f"you sent {self.headers.get('Authorization', '')}")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *arguments: Any) -> None:
        pass


@dataclass
class Searched:
    """A server that has worked, and what came to light, by the place of it."""

    jupyter: JupyterProcess
    session: Session
    hidden: list[str]
    secrets_folder: Path
    seen_by_others: list[str]
    found: dict[str, str] = field(default_factory=dict)

    def leaks(self, text: str | bytes) -> list[str]:
        """Return which secrets a text has, in any of the forms in which headers carry them."""
        data = text.encode() if isinstance(text, str) else text
        return [one[:12] for one in self.hidden if any(form in data for form in forms(one))]


def forms(secret: str) -> list[bytes]:
    pairs = (secret, f"genai:{secret}")
    coded = [base64.b64encode(one.encode()).rstrip(b"=")[:-1] for one in pairs]
    return [secret.encode(), quote(secret, safe="").encode(), *coded]


@pytest.fixture(scope="module")
def echo() -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(60)


@pytest.fixture(scope="module")
def worked(
    tmp_path_factory: pytest.TempPathFactory, echo: ThreadingHTTPServer
) -> Iterator[Searched]:
    base = tmp_path_factory.mktemp("red")
    address = f"http://127.0.0.1:{echo.server_address[1]}"
    traits = prepared(base, address)
    (base / "modules").mkdir()
    (base / "modules" / "tells_whether_shut.py").write_text(TELLS)
    extensions = {"coursia_genai_lab": True, "tells_whether_shut": True}
    with JupyterProcess.start(
        base / "server", traits=traits, extensions=extensions, python_path=base / "modules"
    ) as jupyter:
        heard: dict[str, str] = {}
        events = listening(jupyter, heard)
        write_notebook(jupyter.root / "fox.ipynb", NEEDY)
        session = jupyter.open_notebook("fox.ipynb")
        outputs = jupyter.execute(session.kernel_id, WORK, timeout=300)
        credentials = [
            path.read_text() for path in (base / "server" / "state").rglob("credentials/*")
        ]
        assert credentials
        seen = echo.seen  # type: ignore[attr-defined]
        done = Searched(
            jupyter, session, [HUB, CLOUD, THEIRS, *credentials], base / "secrets", seen
        )
        done.found["notebook outputs"] = outputs
        jupyter.api("POST", "coursia-genai/api/v1/models/gated/fetch", {"accept_licence": True})
        jupyter.wait_until("the hub was asked", lambda: f"Bearer {HUB}" in seen)
        jupyter.wait_until("the refusal is told", lambda: refused(done))
        provoke(done)
        answers(done)
        events.close()
        done.found["events"] = heard.get("events", "")
        yield done


def prepared(base: Path, address: str) -> dict[str, dict[str, Any]]:
    """Write secrets and services, and return the traits that name them."""
    for name in ("secrets/.secrets", "services", "models"):
        (base / name).mkdir(parents=True, mode=0o700)
    for name, text in (
        (".env.genai-extension", f"HF_TOKEN={HUB}\nOPENROUTER_API_KEY={CLOUD}\n"),
        (".secrets/comfyui_auth_tokens.conf", f"COMFYUI_BEARER_TOKEN='{THEIRS}'\n"),
    ):
        (base / "secrets" / name).write_text(text)
        (base / "secrets" / name).chmod(0o600)
    (base / "services" / "theirs.toml").write_text(
        f'title = "Theirs"\ndialect = "comfyui"\naddress = "{address}"\n'
        '[credential]\nsecret = "COMFYUI_BEARER_TOKEN"\n'
        '[readiness]\npath = "/system_stats"\nstatuses = [200, 401]\n'
        "[[exports]]\n[exports.variables]\n"
        'THEIRS_URL = "{door}"\nTHEIRS_TOKEN = "{token}"\n'
        '[detect]\nvariables = ["THEIRS_URL"]\nroutes = ["/prompt"]\n'
        '[[models]]\nid = "gated"\ntitle = "Gated"\ngated = true\n'
        '[[models.files]]\nfolder = "checkpoints"\nname = "gated.safetensors"\n'
        'repository = "org/gated"\n'
    )
    lab = {
        "secrets_path": str(base / "secrets"),
        "services_path": str(base / "services"),
        "model_roots": [str(base / "models")],
        "hub_url": address,
        "record_prompts": True,
    }
    return {"GenAILab": lab, "ServerApp": {"log_level": "DEBUG"}}


def listening(jupyter: JupyterProcess, heard: dict[str, str]) -> websocket.WebSocket:
    """Keep every event of the server's bus, from now on."""
    address = jupyter.base_url.replace("http", "ws", 1) + "api/events/subscribe"
    token = jupyter.http.headers["Authorization"]
    socket = websocket.create_connection(address, header=[f"Authorization: {token}"], timeout=60)

    def keep() -> None:
        while True:
            try:
                heard["events"] = heard.get("events", "") + str(socket.recv())
            except (websocket.WebSocketException, OSError):
                return

    threading.Thread(target=keep, daemon=True).start()
    return socket


def refused(done: Searched) -> bool:
    text = json.dumps(done.jupyter.api("GET", "coursia-genai/api/v1/models"))
    done.found["models after a refusal"] = text
    return "model_token_refused" in text


def provoke(done: Searched) -> None:
    """Break the files of secrets in every way, and have each state met by a use of them."""
    env = done.secrets_folder / ".env.genai-extension"
    good = env.read_bytes()
    for data, mode in (
        (good + f"{CLOUD} is half a line\n".encode(), 0o600),
        (good + b"\0\n", 0o600),
        (good + b"#" * 70_000, 0o600),
        (good + good, 0o600),
        (good + f'OTHER="{CLOUD}\n{HUB}"\n'.encode(), 0o600),
        (good, 0o644),
    ):
        env.write_bytes(data)
        env.chmod(mode)
        done.jupyter.api("GET", "coursia-genai/api/v1/models")
        answer = done.jupyter.http.post(
            done.jupyter.base_url + "coursia-genai/api/v1/models/gated/fetch",
            json={"accept_licence": True},
        )
        done.found[f"the answer to a fetch, {len(data)} bytes, mode {mode:o}"] = answer.text
    env.write_bytes(good)
    env.chmod(0o600)


def answers(done: Searched) -> None:
    """Keep the answer to each GET, and to each POST without a body."""
    pictures = done.jupyter.api("GET", "coursia-genai/api/v1/usage")
    known = {
        "name": ["theirs", "demo", "unknown"],
        "model": ["gated"],
        "kernel_id": [done.session.kernel_id],
        "path": ["models", "coursia/queue", "coursia/usage", "nothing"],
    }
    for pattern, _ in ROUTES:
        route = re.sub(r"\(\?P<command>[^)]*\)", "restart", pattern)
        names = re.findall(r"\(\?P<(\w+)>", route)
        route = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"{\1}", route)
        for value in known.get(names[0], ["unknown"]) if names else [""]:
            filled = re.sub(r"\{\w+\}", value, route).removeprefix("/")
            for method in ("GET", "POST"):
                answer = done.jupyter.http.request(method, done.jupyter.base_url + filled)
                done.found[f"{method} {filled}"] = f"{answer.headers} {answer.text}"
    metrics = done.jupyter.http.get(done.jupyter.base_url + "metrics")
    done.found["metrics"] = metrics.text
    done.found["usage"] = json.dumps(pictures)


def test_the_secrets_were_really_used_and_would_be_found(worked: Searched) -> None:
    assert f"Bearer {HUB}" in worked.seen_by_others
    assert f"Bearer {THEIRS}" in worked.seen_by_others
    assert "DEMO" in worked.found["notebook outputs"] or "demo" in worked.found["notebook outputs"]
    assert "POST" in " ".join(worked.found)
    assert all(worked.leaks(f'"{secret}"') for secret in worked.hidden)
    assert "theirs" in worked.found["events"]
    assert "500" in worked.found["notebook outputs"]


def test_no_answer_event_metric_or_output_has_one(worked: Searched) -> None:
    assert {place: got for place, text in worked.found.items() if (got := worked.leaks(text))} == {}


def test_the_debug_log_has_none(worked: Searched) -> None:
    log = worked.jupyter.log_file.read_bytes()
    assert b"[D " in log
    assert b"secrets_" in log or b"secrets file" in log
    assert worked.leaks(log) == []


def test_no_process_of_the_server_has_one_in_its_environment_or_command(worked: Searched) -> None:
    family = descendants(worked.jupyter.process.pid)
    assert worked.jupyter.kernel(worked.session.kernel_id).pid in family
    assert len(family) >= 3  # the server, a kernel, the demo engine
    bad = {}
    for pid in family:
        for part in ("cmdline", "environ"):
            try:
                data = Path(f"/proc/{pid}/{part}").read_bytes()
            except OSError:  # it has just ended
                continue
            if worked.leaks(data):
                bad[f"{pid} {part}"] = data.split(b"\0")[:3]
    assert bad == {}


def test_only_private_files_of_their_own_have_one(worked: Searched) -> None:
    bad = {}
    for path in worked.jupyter.folder.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        leaks = worked.leaks(path.read_bytes())
        if leaks and (path.parent.name != "credentials" or open_to_others(path)):
            bad[str(path.relative_to(worked.jupyter.folder))] = leaks
    assert bad == {}


def test_what_opens_a_door_lies_in_no_file_that_others_can_read(worked: Searched) -> None:
    token = worked.jupyter.kernel(worked.session.kernel_id).environ["GENAI_API_TOKEN"]
    bad = [
        str(path)
        for path in worked.jupyter.folder.rglob("*")
        if path.is_file() and token.encode() in path.read_bytes()
    ]
    assert bad == []
    # The kernel printed its own environment, where it belongs.
    said = {place: text for place, text in worked.found.items() if place != "notebook outputs"}
    assert [place for place, text in said.items() if token in text] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_no_process_of_the_same_user_can_open_the_memory_of_the_server() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["open", "shut"]


def test_the_server_has_shut_its_memory_and_its_kernel_is_ordinary(worked: Searched) -> None:
    told = worked.jupyter.http.get(worked.jupyter.base_url + "whether-shut")
    ask = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    assert told.text == "0"
    assert worked.jupyter.execute(worked.session.kernel_id, ask).strip() == "1"


def open_to_others(path: Path) -> bool:
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)]
    return any(mode & 0o077 for mode in modes)


def descendants(pid: int) -> set[int]:
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
        except OSError:  # it has just ended
            continue
    found = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return found
