"""Two whole servers on one record: no picture too many, and a server that is killed loses nothing.

Real Jupyter servers, each a process of its own, on SQLite and PostgreSQL; the provider is a server
of this machine, put in OpenAI's place by the operator's service files.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from cloud_bench import picture
from jupyter_process import TOKEN, JupyterProcess
from postgres_server import PostgresServer

import coursia_genai_lab.catalog

pytestmark = pytest.mark.server
API = "coursia-genai/api/v1"
KEY = "key-of-two-servers-4711"
ROOM = 10
CALLS = 50
SECONDS = 180.0
POLICY = f"""
fallback = "auto"

[[quotas]]
scope = "course"
window = "course"
pictures = {ROOM}
"""


class Shop(ThreadingHTTPServer):
    """Sells pictures once `open` is set; `sold` counts the calls."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Till)
        self.open = threading.Event()
        self.open.set()
        self.asked = threading.Semaphore(0)
        self.sold: list[str] = []

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Till(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer({"object": "list", "data": [{"id": "gpt-image-2", "object": "model"}]})

    def do_POST(self) -> None:
        shop = self.server
        assert isinstance(shop, Shop)
        self._body()
        shop.sold.append(self.path)
        shop.asked.release()
        shop.open.wait(SECONDS)
        usage = {"input_tokens": 10, "output_tokens": 1000, "total_tokens": 1010}
        text = base64.b64encode(picture()).decode()
        self._answer({"created": 1, "data": [{"b64_json": text}], "usage": usage})

    def _body(self) -> None:
        length = self.headers.get("Content-Length")
        if length:
            self.rfile.read(int(length))
            return
        while size := int(self.rfile.readline().strip() or b"0", 16):
            self.rfile.read(size + 2)
        self.rfile.readline()

    def _answer(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        try:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
        except ConnectionError:
            # The server that asked was killed.
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def shop() -> Iterator[Shop]:
    """A provider on loopback."""
    with Shop() as shop:
        thread = threading.Thread(target=shop.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield shop
        shop.open.set()
        shop.shutdown()
        thread.join(60)


@pytest.fixture(params=["sqlite", "postgresql"])
def start(
    request: pytest.FixtureRequest, tmp_path: Path, shop: Shop
) -> Iterator[Callable[[str], JupyterProcess]]:
    """Start a server of a name, on the record of all of them."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'store.sqlite3'}"
    else:
        postgres: PostgresServer = request.getfixturevalue("postgres")
        url = postgres.new_database()
    traits = {"GenAILab": {"store_url": url, "mode": "cloud", **_folders(tmp_path, shop.url)}}
    with ExitStack() as servers:

        def begin(name: str) -> JupyterProcess:
            return servers.enter_context(JupyterProcess.start(tmp_path / name, traits=traits))

        yield begin


def _folders(base: Path, url: str) -> dict[str, str]:
    built_in = Path(coursia_genai_lab.catalog.__path__[0]) / "services" / "openai.toml"
    services, secrets = base / "services", base / "secrets"
    for folder in (services, secrets):
        folder.mkdir(mode=0o700)
    text = re.sub(r"(?m)^url = .*$", f'url = "{url}"', built_in.read_text("utf-8"))
    (services / "openai.toml").write_text(text)
    file = secrets / ".env.genai-extension"
    file.touch(mode=0o600)
    file.write_text(f"OPENAI_API_KEY={KEY}\n")
    policy = base / "policy.toml"
    policy.write_text(POLICY)
    policy.chmod(0o600)
    return {
        "services_path": str(services),
        "secrets_path": str(secrets),
        "policy_source": str(policy),
        "fallback": "auto",
    }


def ask(jupyter: JupyterProcess) -> str:
    """Ask for a picture; return `made`, the code of a refusal, or `cut`."""
    order = {"model": "gpt-image-2", "prompt": "a red fox", "size": "1024x1024", "quality": "low"}
    try:
        got = httpx.post(
            f"{jupyter.base_url}coursia-genai/openai/v1/images/generations",
            json=order,
            headers={"Authorization": f"token {TOKEN}"},
            timeout=SECONDS,
            trust_env=False,
        )
    except httpx.TransportError:
        return "cut"
    if got.status_code == 200:
        assert got.json()["data"][0]["b64_json"]
        return "made"
    return str(got.json()["error"]["code"])


def states(jupyter: JupyterProcess) -> Counter[str]:
    """Return how many charges cost, or may, by state; `away` while the record is not open yet."""
    found: Counter[str] = Counter()
    for name in ("reserved", "sent", "settled", "unknown"):
        url = f"{jupyter.base_url}{API}/ledger"
        got = jupyter.http.get(url, params={"state": name, "limit": 200})
        if got.status_code == 503:
            return Counter({"away": 1})
        if rows := len(got.raise_for_status().json()["charges"]):
            found[name] = rows
    return found


def test_fifty_calls_at_once_through_two_servers_buy_the_ten_that_there_is_room_for(
    start: Callable[[str], JupyterProcess], shop: Shop
) -> None:
    servers = [start("first"), start("second")]
    with ThreadPoolExecutor(CALLS) as pool:
        told = Counter(pool.map(ask, servers * (CALLS // 2)))
    assert told == {"made": ROOM, "quota_exceeded": CALLS - ROOM}
    assert len(shop.sold) == ROOM
    for server in servers:
        assert states(server) == {"settled": ROOM}
    assert ask(servers[0]) == "quota_exceeded"
    assert len(shop.sold) == ROOM


def test_a_server_killed_while_a_provider_draws_leaves_charges_that_somebody_can_look_up(
    start: Callable[[str], JupyterProcess], shop: Shop
) -> None:
    shop.open.clear()
    first = start("first")
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(ask, first) for _ in range(2)]
        for _ in asked:
            assert shop.asked.acquire(timeout=SECONDS)
        assert states(first) == {"sent": 2}
        first.process.kill()
        first.process.wait(60)
        assert [one.result(SECONDS) for one in asked] == ["cut", "cut"]
    shop.open.set()
    again = start("first")
    again.wait_until("what was sent is unknown", lambda: states(again) == {"unknown": 2})
    usage = again.api("GET", f"{API}/usage")
    assert usage["unknown"] == 2
    worst = usage["cents"]
    assert worst > 0
    drawn, free = (one["id"] for one in usage["charges"])
    assert again.api("POST", f"{API}/ledger/{drawn}/resolve", {"cents": 0.5})["state"] == "settled"
    assert again.api("POST", f"{API}/ledger/{free}/resolve", {"cents": None})["state"] == "refunded"
    again.api("POST", f"{API}/ledger/{drawn}/resolve", {"cents": 9}, status=409)
    usage = again.api("GET", f"{API}/usage")
    assert (usage["unknown"], usage["cents"]) == (0, 0.5)
    # One of the ten was drawn: there is room for nine.
    with ThreadPoolExecutor(ROOM) as pool:
        told = Counter(pool.map(ask, [again] * ROOM))
    assert told == {"made": ROOM - 1, "quota_exceeded": 1}
    assert len(shop.sold) == 2 + ROOM - 1
    assert KEY not in again.log_file.read_text("utf-8")
