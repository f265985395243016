"""A real Jupyter server while the parts of the Lab are still being loaded.

A module of that load is held up, or broken, on the server's own path: as on a slow disk, or in an
installation that went wrong.
"""

from __future__ import annotations

import contextlib
import http.server
import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyter_process import JupyterProcess, write_notebook

pytestmark = pytest.mark.server

PATIENCE = 120.0
HELD_UP = """
import pathlib, sys, time
folder = pathlib.Path(__file__).parent
(folder / "arrived").touch()
while (folder / "gate").exists():
    time.sleep(0.01)
sys.path.remove(str(folder))
del sys.modules["msgspec"]
import msgspec
"""
BROKEN = 'raise ImportError("this installation is broken")\n'
COMFY = """
import os, requests
requests.post(os.environ["COMFYUI_API_URL"] + "/prompt", json={"prompt": {}, "client_id": "me"})
"""
STATUS = "coursia-genai/api/v1/status"


class Loading:
    """A server whose load of the Lab waits at a gate."""

    def __init__(self, jupyter: JupyterProcess, path: Path) -> None:
        self.jupyter = jupyter
        self._path = path
        self._pool = ThreadPoolExecutor(8)

    def arrived(self) -> None:
        self.jupyter.wait_until("the load is under way", (self._path / "arrived").exists)

    def said(self, what: str) -> None:
        """Wait until the server's log has it."""
        self.jupyter.wait_until(what, lambda: what in self.jupyter.log_tail(1000))

    def go_on(self) -> None:
        (self._path / "gate").unlink(missing_ok=True)

    def begin(self, verb: str, path: str, body: Any = None) -> Future[httpx.Response]:
        """Send a request and return its answer to come."""
        jupyter = self.jupyter
        return self._pool.submit(
            httpx.request,
            verb,
            jupyter.base_url + path,
            json=body,
            headers=dict(jupyter.http.headers),
            timeout=PATIENCE,
            trust_env=False,
        )

    def open(self, name: str) -> Future[httpx.Response]:
        """Start a notebook's kernel."""
        body = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        return self.begin("POST", "api/sessions", body)

    def close(self) -> None:
        self.go_on()
        self._pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def server(tmp_path: Path, msgspec: str, *arguments: str) -> Iterator[Loading]:
    path = tmp_path / "path"
    path.mkdir()
    (path / "msgspec.py").write_text(msgspec)
    (path / "gate").touch()
    (tmp_path / "root").mkdir()
    write_notebook(tmp_path / "root" / "comfy.ipynb", COMFY)
    write_notebook(tmp_path / "root" / "classic.ipynb", "import math\n")
    traits = {"GenAILab": {"mode": "demo"}}
    with JupyterProcess.start(
        tmp_path, traits=traits, python_path=path, arguments=arguments
    ) as jupyter:
        loading = Loading(jupyter, path)
        try:
            yield loading
        finally:
            loading.close()


def environment_of(loading: Loading, answer: httpx.Response) -> dict[str, str]:
    assert answer.status_code == 201, loading.jupyter.failure(answer.text)
    environment: dict[str, str] = loading.jupyter.kernel(answer.json()["kernel"]["id"]).environ
    return environment


def test_whatever_comes_while_the_lab_is_loaded_waits_and_then_gets_what_it_asked_for(
    tmp_path: Path,
) -> None:
    with server(tmp_path, HELD_UP) as loading:
        jupyter = loading.jupyter
        loading.arrived()
        waiting = {
            "status": loading.begin("GET", STATUS),
            "mode": loading.begin("PUT", "coursia-genai/api/v1/mode", {"value": "demo"}),
            "models": loading.begin("GET", "coursia-genai/openai/v1/models"),
            "health": loading.begin("GET", "coursia-genai/health"),
            "lost": loading.begin("GET", "coursia-genai/api/v1/nowhere"),
            "anonymous": loading._pool.submit(
                httpx.get, jupyter.base_url + STATUS, timeout=PATIENCE, trust_env=False
            ),
        }
        # The server itself waits for nothing of this.
        assert jupyter.api("GET", "api/status")["kernels"] == 0
        assert not any(answer.done() for answer in waiting.values())
        loading.go_on()
        got = {name: answer.result(PATIENCE) for name, answer in waiting.items()}
        assert {name: answer.status_code for name, answer in got.items()} == {
            "status": 200,
            "mode": 200,
            "models": 200,
            "health": 200,
            "lost": 404,
            "anonymous": 403,
        }, jupyter.log_tail()
        assert got["status"].json()["person"]
        assert got["mode"].json()["effective"] == "demo"
        assert got["health"].json() == {"status": "ok"}


def test_kernels_that_start_while_the_lab_is_loaded_get_what_they_need(tmp_path: Path) -> None:
    with server(tmp_path, HELD_UP) as loading:
        loading.arrived()
        comfy, classic = loading.open("comfy.ipynb"), loading.open("classic.ipynb")
        assert loading.jupyter.api("GET", "api/status")["kernels"] == 0
        loading.go_on()
        given = environment_of(loading, comfy.result(PATIENCE))
        assert given["GENAI_MODE"] == "demo"
        assert given["COMFYUI_API_URL"].startswith("http://127.0.0.1:")
        untouched = environment_of(loading, classic.result(PATIENCE))
        assert [name for name in untouched if name.startswith(("GENAI", "COMFYUI"))] == []


def test_a_reader_of_events_hears_of_a_lab_that_was_loaded_after_it_came(tmp_path: Path) -> None:
    import websocket

    with server(tmp_path, HELD_UP) as loading:
        jupyter = loading.jupyter
        loading.arrived()
        address = jupyter.base_url.replace("http", "ws", 1) + "api/events/subscribe"
        token = jupyter.http.headers["Authorization"]
        listener = websocket.create_connection(
            address, header=[f"Authorization: {token}"], timeout=PATIENCE
        )
        with contextlib.closing(listener):
            loading.go_on()
            jupyter.api("PUT", "coursia-genai/api/v1/mode", {"value": "off"})
            heard = json.loads(listener.recv())
            while heard.get("kind") != "mode":
                heard = json.loads(listener.recv())
        assert heard["schema_id"].startswith("https://schema.coursia-genai-lab.org/")


def test_the_first_sigterm_stops_a_server_that_is_still_loading(tmp_path: Path) -> None:
    with server(tmp_path, HELD_UP, "--debug") as loading:
        jupyter = loading.jupyter
        loading.arrived()
        loading.open("comfy.ipynb")
        held = loading.begin("GET", STATUS)
        loading.said("with kernel provisioner: coursia-genai")
        jupyter.process.terminate()
        loading.said("starts without it")
        # Python itself ends only when what it imports is through.
        loading.go_on()
        assert jupyter.process.wait(PATIENCE) == 0, jupyter.log_tail()
        with contextlib.suppress(httpx.TransportError):  # The server may be gone before.
            assert held.result(PATIENCE).status_code == 503
        assert jupyter.kernel_processes() == []
        assert list((tmp_path / "state").iterdir()) == []
        # A kernel that is interrupted while it boots writes a traceback of its own.
        assert "coursia_genai_lab/" not in jupyter.log_tail(1000)


def test_a_lab_that_cannot_be_loaded_says_so_and_kernels_start_as_without_it(
    tmp_path: Path,
) -> None:
    with server(tmp_path, BROKEN) as loading:
        jupyter = loading.jupyter
        for verb in ("GET", "POST", "PUT", "DELETE"):
            answer = loading.begin(verb, STATUS, {}).result(PATIENCE)
            assert answer.status_code == 500, jupyter.log_tail()
            error = answer.json()["error"]
            assert error["code"] == "configuration_error"
            assert "notebooks run as they do without it" in error["message"]
            assert "coursia-genai doctor" in error["remedy"]
            assert "broken" not in answer.text
        anonymous = httpx.get(jupyter.base_url + STATUS, timeout=PATIENCE, trust_env=False)
        assert anonymous.status_code == 403
        log = jupyter.log_tail(1000)
        assert "GenAI Lab is off, for it could not be loaded." in log
        assert "ImportError: this installation is broken" in log
        environment = environment_of(loading, loading.open("comfy.ipynb").result(PATIENCE))
        assert [name for name in environment if name.startswith(("GENAI", "COMFYUI"))] == []
        assert jupyter.stop() == 0


def test_a_lab_that_cannot_be_loaded_at_once_says_so_too_and_the_server_stops_cleanly(
    tmp_path: Path,
) -> None:
    path = tmp_path / "path"
    path.mkdir()
    (path / "msgspec.py").write_text(BROKEN)
    traits = {"GenAILab": {"withhold_keys": "all"}}
    with JupyterProcess.start(tmp_path, traits=traits, python_path=path) as jupyter:
        error = jupyter.api("GET", STATUS, status=500)["error"]
        assert error["code"] == "configuration_error"
        assert jupyter.stop() == 0
        log = jupyter.log_tail(1000)
        assert log.count("GenAI Lab is off, for it could not be loaded.") == 1
        assert "closing failed" not in log


def test_a_choice_that_cannot_be_leaves_a_server_that_stops_cleanly(tmp_path: Path) -> None:
    traits = {"GenAILab": {"namespace": "not a name"}}
    with JupyterProcess.start(tmp_path, traits=traits) as jupyter:
        assert jupyter.http.get(jupyter.base_url + STATUS).status_code == 404
        assert jupyter.stop() == 0
        log = jupyter.log_tail(1000)
        assert "cannot name a container" in log
        assert "AttributeError" not in log


def test_where_keys_are_kept_from_everything_they_are_gone_before_the_server_listens(
    tmp_path: Path,
) -> None:
    root = tmp_path / "root"
    root.mkdir()
    write_notebook(root / "classic.ipynb", "import math\n")
    with JupyterProcess.start(
        tmp_path,
        traits={"GenAILab": {"withhold_keys": "all"}},
        environment={"REPLICATE_API_TOKEN": "not-a-real-key-at-all"},
        extensions={"coursia_genai_lab": True, "jupyter_server_terminals": True},
    ) as jupyter:
        name = jupyter.api("POST", "api/terminals")["name"]
        ours = jupyter.process.pid
        shells = [path for path in Path("/proc").glob("[0-9]*") if _parent(path) == ours]
        environments = [(shell / "environ").read_bytes() for shell in shells]
        assert name
        assert environments
        assert not any(b"REPLICATE_API_TOKEN" in one for one in environments)


def _parent(process: Path) -> int:
    with contextlib.suppress(OSError):
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    return 0


def test_whoever_asks_before_the_lab_is_open_waits_until_it_knows_what_may_be_done(
    tmp_path: Path,
) -> None:
    asked, gate = threading.Event(), threading.Event()

    class SlowPolicy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.set()
            gate.wait(PATIENCE)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"mode": "off"}')

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), SlowPolicy) as policy:
        threading.Thread(target=policy.serve_forever).start()
        source = f"--GenAILab.policy_source=http://127.0.0.1:{policy.server_port}/policy.json"
        try:
            with server(tmp_path, HELD_UP, source) as loading:
                loading.go_on()
                assert asked.wait(PATIENCE), loading.jupyter.log_tail()
                page = loading.begin("GET", "coursia-genai/api/v1/health")
                loading.begin("GET", "api/status").result(PATIENCE)
                gate.set()
                answer = page.result(PATIENCE)
                assert answer.status_code == 200, answer.text
                assert answer.json()["reasons"] is not None
                assert loading.begin("GET", STATUS).result(PATIENCE).json()["services"]
        finally:
            gate.set()
            policy.shutdown()
