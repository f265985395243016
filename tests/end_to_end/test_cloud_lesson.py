"""A lesson goes on: a local engine dies, a provider draws meanwhile, the engine comes back.

A real server and a real kernel; a real engine in a process that is killed; the provider is a
server of this machine, put in OpenAI's place by the operator's service files.
"""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cloud_bench import picture
from demo_process import StartDemo
from jupyter_process import JupyterProcess, write_notebook

pytestmark = pytest.mark.server
API = "coursia-genai/api/v1"
KEY = "key-of-this-lesson-4711"
ENGINE_TOKEN = "token-of-the-painter-4711"
SIZES = "size=(1024, 1024), steps=2, show_progress=False"
DRAW = f"""
import json
from coursia_genai_lab import generate
[picture] = generate("a red fox", model="sdxl-turbo", {SIZES})
told = picture.provenance
print(json.dumps({{"service": told.service, "reason": told.fallback_reason,
                  "provider": told.provider, "microusd": told.cost_microusd}}))
"""
PAINTER = """
title = "Painter"
dialect = "openai_images"
address = "{address}"
cloud_stand_in = "openai"

[readiness]
path = "/health"

[credential]
scheme = "bearer"
secret = "PAINTER_TOKEN"

[[models]]
id = "sdxl-turbo"
title = "SDXL Turbo"
cloud_stand_in = "gpt-image-2"

[detect]
modules = ["coursia_genai_lab"]
calls = ["generate"]
"""
PROVIDER = """
title = "OpenAI"
kind = "cloud"
dialect = "openai_images"

[cloud]
url = "{address}"
data = "Prompts go to the provider of this test."

[credential]
scheme = "bearer"
secret = "OPENAI_API_KEY"

[[exports]]
[exports.variables]
OPENAI_BASE_URL = "{{openai}}"
OPENAI_API_KEY = "{{token}}"

[[models]]
id = "gpt-image-2"
title = "GPT Image 2"
"""


class Provider(BaseHTTPRequestHandler):
    """Sells one picture a call."""

    def do_GET(self) -> None:
        self._answer({"object": "list", "data": [{"id": "gpt-image-2", "object": "model"}]})

    def do_POST(self) -> None:
        import base64

        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else self._chunks()
        seen = self.server.seen  # type: ignore[attr-defined]
        seen.append((self.headers.get("Authorization"), json.loads(body)))
        usage = {"input_tokens": 10, "output_tokens": 1000, "total_tokens": 1010}
        text = base64.b64encode(picture()).decode()
        self._answer({"created": 1, "data": [{"b64_json": text}], "usage": usage})

    def _chunks(self) -> bytes:
        data = b""
        while size := int(self.rfile.readline().strip() or b"0", 16):
            data += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return data

    def _answer(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        pass


@pytest.fixture
def provider() -> Iterator[ThreadingHTTPServer]:
    """A provider on loopback; `seen` is what it was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    server.seen = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join(60)


def private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    path.parent.chmod(0o700)


def lab_traits(services: Path, secrets: Path) -> dict[str, Any]:
    """Return settings under which a notebook's own services need no consent of their own."""
    return {
        "services_path": str(services),
        "secrets_path": str(secrets),
        "trusted_folders": ["."],
    }


def drawn(jupyter: JupyterProcess, kernel_id: str) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(jupyter.execute(kernel_id, DRAW).strip().splitlines()[-1])
    return told


def test_a_class_goes_on_in_the_cloud_and_comes_back(
    tmp_path: Path, start_demo: StartDemo, provider: ThreadingHTTPServer
) -> None:
    engine = start_demo("--seconds-per-step", "0", token=ENGINE_TOKEN)
    services, secrets = tmp_path / "services", tmp_path / "secrets"
    services.mkdir(mode=0o700)
    private(services / "forge-turbo.toml", PAINTER.format(address=engine.url))
    address = f"http://127.0.0.1:{provider.server_address[1]}"
    private(services / "openai.toml", PROVIDER.format(address=address))
    private(
        secrets / ".env.genai-extension", f"OPENAI_API_KEY={KEY}\nPAINTER_TOKEN={ENGINE_TOKEN}\n"
    )
    traits = {"GenAILab": lab_traits(services, secrets)}
    seen = provider.seen  # type: ignore[attr-defined]
    with JupyterProcess.start(tmp_path / "server", traits=traits) as jupyter:
        metadata = {"genai": {"services": ["forge-turbo"]}}
        write_notebook(jupyter.root / "lesson.ipynb", DRAW, metadata=metadata)
        kernel = jupyter.open_notebook("lesson.ipynb").kernel_id
        assert jupyter.kernel(kernel).environ["GENAI_MODE"] == "local"

        card = jupyter.api("GET", f"{API}/services/openai")
        assert (card["state"], card["can_start"], card["can_stop"]) == ("ready", False, False)
        jupyter.api("POST", f"{API}/services/openai/start", {}, status=409)

        first = drawn(jupyter, kernel)
        assert (first["service"], first["provider"], seen) == ("forge-turbo", None, [])

        engine.process.send_signal(signal.SIGKILL)
        engine.process.wait(60)
        said = threading.Thread(target=agree, args=(jupyter,))
        said.start()
        second = drawn(jupyter, kernel)
        said.join(120)
        assert second["service"] == "openai"
        assert second["provider"] == "127.0.0.1"
        assert second["reason"] in ("local_died", "local_unavailable")
        assert second["microusd"] > 0
        third = drawn(jupyter, kernel)
        assert third["service"] == "openai", "it was agreed to once"
        assert jupyter.api("GET", f"{API}/consents")["questions"] == []
        assert [key for key, _ in seen] == [f"Bearer {KEY}"] * 2
        charges = jupyter.api("GET", f"{API}/usage")["charges"]
        assert [one["state"] for one in charges] == ["settled", "settled"]
        assert sum(one["cents"] for one in charges) > 0

        port = str(urlsplit(engine.url).port)
        start_demo("--seconds-per-step", "0", "--port", port, token=ENGINE_TOKEN)
        jupyter.wait_until(
            "the engine draws again",
            lambda: drawn(jupyter, kernel)["service"] == "forge-turbo",
        )
        everything = json.dumps(jupyter.api("GET", f"{API}/status"))
        assert KEY not in everything
        assert ENGINE_TOKEN not in everything


def agree(jupyter: JupyterProcess) -> None:
    """Answer the question of the panel as its button does, once there is one."""

    def asked() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = jupyter.api("GET", f"{API}/status")["questions"]
        return found

    (question,) = jupyter.wait_until("somebody is asked", asked)
    assert question["reason"]["message"].startswith("Painter")
    assert question["price_cents"] > 0
    assert question["waiting"] == 1
    jupyter.api(
        "POST",
        f"{API}/consents",
        {"kind": "cloud", "provider": "openai", "digest": question["digest"]},
        status=201,
    )


def test_a_kernel_that_is_launched_meanwhile_is_told_why(
    tmp_path: Path, provider: ThreadingHTTPServer
) -> None:
    services, secrets = tmp_path / "services", tmp_path / "secrets"
    services.mkdir(mode=0o700)
    private(services / "forge-turbo.toml", PAINTER.format(address="http://127.0.0.1:9"))
    address = f"http://127.0.0.1:{provider.server_address[1]}"
    private(services / "openai.toml", PROVIDER.format(address=address))
    private(secrets / ".env.genai-extension", f"OPENAI_API_KEY={KEY}\n")
    traits = {"GenAILab": lab_traits(services, secrets)}
    with JupyterProcess.start(tmp_path / "server", traits=traits) as jupyter:
        metadata = {"genai": {"services": ["forge-turbo", "openai"]}}
        write_notebook(jupyter.root / "lesson.ipynb", DRAW, metadata=metadata)
        kernel = jupyter.open_notebook("lesson.ipynb").kernel_id
        environ = jupyter.kernel(kernel).environ
        assert environ["GENAI_MODE"] == "cloud"
        assert environ["FALLBACK_REASON"] == "local_unavailable"
        assert environ["OPENAI_BASE_URL"].startswith("http://127.0.0.1:")
        assert environ["OPENAI_API_KEY"].startswith("cgl_")
        (launch,) = jupyter.api("GET", f"{API}/status")["launches"]
        offer = launch["cloud"]
        assert (offer["provider"], offer["given"]) == ("openai", False)
        assert offer["reason"]["code"] == "local_unavailable"
        wish = {"kind": "cloud", "provider": "openai", "digest": offer["digest"]}
        jupyter.api("POST", f"{API}/consents", wish, status=201)
        (launch,) = jupyter.api("GET", f"{API}/status")["launches"]
        assert launch["cloud"]["given"]
        assert drawn(jupyter, kernel)["service"] == "openai"
