"""A server at work with secrets of every kind, and what looks for them wherever it wrote or spoke.

Each secret is random and really used: servers on this machine take it, and show whoever asks what
they were sent. `Searched` keeps what came to light, by its place.
"""

from __future__ import annotations

import base64
import contextlib
import json
import re
import stat
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import websocket
from jupyter_process import JupyterProcess, Session

from coursia_genai_lab.handlers import ROUTES

MARK = uuid.uuid4().hex
HUB, CLOUD, MANAGING = f"hub-{MARK}", f"cloud-key-{MARK}", f"managing-{MARK}"
POLICY, SERVERS_OWN, STORE = f"policy-{MARK}", f"environment-{MARK}", f"store-{MARK}"
THEIRS = f"$2b$12${MARK}/x."
PLANTED = (HUB, CLOUD, MANAGING, POLICY, SERVERS_OWN, STORE, THEIRS)
"""Of the files: hub, cloud (as a key of a class), managing, theirs; of the environment: own."""

EXTENSION = """
import ctypes, gc, json, logging
from tornado.web import RequestHandler

class Tells(RequestHandler):
    def get(self):
        self.write(str(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)))

class Reprs(RequestHandler):
    def check_xsrf_cookie(self):
        pass

    def post(self):
        '''Say which of our objects that live show any of these texts when they are shown.'''
        hidden, bad, seen = json.loads(self.request.body), set(), 0
        for one in gc.get_objects():
            kind = type(one)
            if not str(kind.__module__).startswith("coursia_genai_lab"):
                continue
            seen += 1
            try:
                shown = repr(one)
            except Exception:
                continue
            if any(text in shown for text in hidden):
                bad.add(kind.__qualname__)
        self.write(json.dumps({"seen": seen, "bad": sorted(bad)}))

def _load_jupyter_server_extension(app):
    # Jupyter's level is for its own logger; ours and those of libraries say all, too.
    logging.basicConfig(level=logging.DEBUG)
    for name in ("httpcore", "httpcore2"):
        # They repeat the headers of answers, and the echo writes into those what it was sent.
        logging.getLogger(name).setLevel(logging.INFO)
    handlers = [("whether-shut", Tells), ("reprs", Reprs)]
    app.web_app.add_handlers(".*", [(app.base_url + path, one) for path, one in handlers])
"""


class Echo(BaseHTTPRequestHandler):
    """Shows whoever asks what it was sent: as a hub that refuses, a locked ComfyUI, a cloud."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        sent = self.headers.get("Authorization", "")
        self.server.seen.append(sent)  # type: ignore[attr-defined]
        if self.path == "/system_stats" and sent == f"Bearer {THEIRS}":
            self._say(200, {"system": {}, "devices": []})
        elif self.path == "/system_stats":
            self._say(401, {"error": "Authentication required."})
        elif self.path == "/good-policy.json" and sent == f"Bearer {POLICY}":
            self._say(200, {"course": "a class"})
        else:
            said = {"error": {"message": f"you sent {sent}", "headers": str(self.headers)}}
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


@contextlib.contextmanager
def echoing() -> Iterator[ThreadingHTTPServer]:
    """Run the echo; `.seen` is what it was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)


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
        return leaks(text, self.hidden)


def leaks(text: str | bytes, hidden: Iterable[str]) -> list[str]:
    """Return the beginnings of the hidden texts that a text has."""
    data = text.encode() if isinstance(text, str) else text
    return [one[:12] for one in hidden if any(form in data for form in forms(one))]


def forms(secret: str) -> list[bytes]:
    """Return how headers and addresses carry a secret."""
    pairs = (secret, f"genai:{secret}")
    coded = [base64.b64encode(one.encode()).rstrip(b"=")[:-1] for one in pairs]
    return [secret.encode(), quote(secret, safe="").encode(), *coded]


# -- where to look -----------------------------------------------------------------------------


def in_files(folder: Path, hidden: Iterable[str]) -> dict[str, list[str]]:
    """Return the files below a folder that have a secret and are not its private place."""
    bad = {}
    for path in folder.rglob("*"):
        if path.is_symlink() or not path.is_file():
            continue
        found = leaks(path.read_bytes(), hidden)
        if found and (path.parent.name != "credentials" or open_to_others(path)):
            bad[str(path.relative_to(folder))] = found
    return bad


def open_to_others(path: Path) -> bool:
    """Say whether anybody else can read a file, or put another in its place."""
    modes = [stat.S_IMODE(one.stat().st_mode) for one in (path, path.parent)]
    return any(mode & 0o077 for mode in modes)


def in_processes(pids: Iterable[int], hidden: Iterable[str]) -> dict[str, list[bytes]]:
    """Return the command lines and environments that have a secret."""
    bad = {}
    for pid in pids:
        for part in ("cmdline", "environ"):
            try:
                data = Path(f"/proc/{pid}/{part}").read_bytes()
            except OSError:  # it has just ended
                continue
            if leaks(data, hidden):
                bad[f"{pid} {part}"] = data.split(b"\0")[:3]
    return bad


def descendants(pid: int) -> set[int]:
    """Return a process and all that it has started, and they."""
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


def in_reprs(jupyter: JupyterProcess, hidden: list[str]) -> tuple[int, list[str]]:
    """Return how many objects of ours the server has, and whose repr shows a secret."""
    answer = jupyter.http.post(jupyter.base_url + "reprs", json=hidden).json()
    return answer["seen"], answer["bad"]


# -- what is done ------------------------------------------------------------------------------


def prepared(base: Path, address: str, **more: Any) -> dict[str, dict[str, Any]]:
    """Write secrets and services, and return the traits that name them."""
    for name in ("secrets/.secrets", "services", "models"):
        (base / name).mkdir(parents=True, mode=0o700)
    accounts = {
        "HF_TOKEN": HUB,
        "OPENROUTER_API_KEY": CLOUD,
        "GENAI_POLICY_TOKEN": POLICY,
        "OPENROUTER_MANAGEMENT_KEY": MANAGING,
    }
    for name, text in (
        (".env.genai-extension", "".join(f"{name}={key}\n" for name, key in accounts.items())),
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
    built_in = Path(__file__).parents[1] / "coursia_genai_lab" / "catalog" / "services"
    for name in ("openai", "openrouter"):
        text = (built_in / f"{name}.toml").read_text(encoding="utf-8")
        text = re.sub(r'(?m)^url = ".*"$', f'url = "{address}"', text, count=1)
        assert address in text
        (base / "services" / f"{name}.toml").write_text(text, encoding="utf-8")
    lab = {
        "secrets_path": str(base / "secrets"),
        "services_path": str(base / "services"),
        "model_roots": [str(base / "models")],
        "hub_url": address,
        "policy_source": f"{address}/good-policy.json",
        "record_prompts": True,
        **more,
    }
    return {"GenAILab": lab, "ServerApp": {"log_level": "DEBUG"}}


def modules(base: Path) -> Path:
    """Write the extension that tells of the server's inside, and return its folder."""
    folder = base / "modules"
    folder.mkdir()
    (folder / "tells_of_the_inside.py").write_text(EXTENSION)
    return folder


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


@contextlib.contextmanager
def agreeing(jupyter: JupyterProcess) -> Iterator[None]:
    """Confirm whatever is asked, as a person in the panel does, until the block ends."""
    done = threading.Event()
    path = jupyter.base_url + "coursia-genai/api/v1/consents"

    def agree() -> None:
        with httpx.Client(headers=jupyter.http.headers, timeout=60, trust_env=False) as http:
            while not done.wait(0.1):
                for one in http.get(path).json().get("questions", []):
                    names = ("kind", "provider", "digest")
                    http.post(path, json={name: one.get(name, "") for name in names})

    thread = threading.Thread(target=agree)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(60)


def refused(done: Searched) -> bool:
    """Say whether the hub's refusal is told."""
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


def answers(jupyter: JupyterProcess, kernel_id: str) -> dict[str, str]:
    """Return the answer to each GET of every route, and to each POST without a body."""
    found: dict[str, str] = {}
    known = {
        "name": ["theirs", "demo", "openai", "unknown"],
        "model": ["gated"],
        "kernel_id": [kernel_id],
        "path": ["models", "coursia/queue", "coursia/usage", "nothing"],
    }
    for pattern, _ in ROUTES:
        route = re.sub(r"\(\?P<command>[^)]*\)", "restart", pattern)
        names = re.findall(r"\(\?P<(\w+)>", route)
        route = re.sub(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)", r"{\1}", route)
        for value in known.get(names[0], ["unknown"]) if names else [""]:
            filled = re.sub(r"\{\w+\}", value, route).removeprefix("/")
            for method in ("GET", "POST"):
                answer = jupyter.http.request(method, jupyter.base_url + filled)
                found[f"{method} {filled}"] = f"{answer.headers} {answer.text}"
    for page in ("metrics", "lab", "api/status", "api/kernels", "api/sessions", "api/contents"):
        answer = jupyter.http.get(jupyter.base_url + page)
        found[f"page {page}"] = f"{answer.status_code} {answer.headers} {answer.text}"
    return found


def until_seen(seen: list[str], text: str, seconds: float = 120.0) -> bool:
    """Wait until the echo was sent a text; say whether it was."""
    end = time.monotonic() + seconds
    while text not in seen and time.monotonic() < end:
        time.sleep(0.05)
    return text in seen
