"""A real server and the plain SDK ask a provider on loopback for text."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import openai
import pytest
from jupyter_process import TOKEN, JupyterProcess

import coursia_genai_lab.catalog

pytestmark = pytest.mark.server
API = "coursia-genai/api/v1"
SECONDS = 120
KEY = "the-key-that-nobody-may-see"
HELLO: list[Any] = [{"role": "user", "content": "hello"}]


class Provider(BaseHTTPRequestHandler):
    """Answers every chat; `.seen` of its server is what it was sent."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.headers["Authorization"], body))  # type: ignore[attr-defined]
        message = {"role": "assistant", "content": "a red fox"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
        head = {"id": "1", "object": "chat.completion", "created": 1, "model": body["model"]}
        self._say({**head, "choices": [choice], "usage": usage})

    def do_GET(self) -> None:
        self._say({"object": "list", "data": []})

    def _say(self, told: object) -> None:
        data = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


@contextmanager
def providing() -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Run a provider; give its address and what it was sent."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    seen: list[tuple[str, dict[str, Any]]] = []
    server.seen = seen  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)


def folders(base: Path, url: str) -> dict[str, str]:
    """Return traits: the catalogue's OpenAI at another address, and a key for it."""
    built_in = Path(coursia_genai_lab.catalog.__path__[0]) / "services" / "openai.toml"
    services, secrets = base / "services", base / "secrets"
    for folder in (services, secrets):
        folder.mkdir(mode=0o700)
    text = re.sub(r"(?m)^url = .*$", f'url = "{url}"', built_in.read_text("utf-8"))
    (services / "openai.toml").write_text(text)
    file = secrets / ".env.genai-extension"
    file.touch(mode=0o600)
    file.write_text(f"OPENAI_API_KEY={KEY}\n")
    return {"services_path": str(services), "secrets_path": str(secrets)}


def test_a_script_asks_for_text_once_its_person_has_agreed_and_the_ledger_knows(
    tmp_path: Path,
) -> None:
    with providing() as (url, seen):
        traits = {
            "GenAILab": {
                **folders(tmp_path, url),
                "mode": "cloud",
                "text_models": ["gpt-4o*"],
                "hold_seconds": 0,
            }
        }
        with (
            JupyterProcess.start(tmp_path / "server", traits=traits) as jupyter,
            asking(jupyter) as client,
        ):
            with pytest.raises(openai.APIStatusError) as refused:
                client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
            assert refused.value.code == "cloud_consent_needed"
            assert not seen
            (question,) = jupyter.api("GET", f"{API}/consents")["questions"]
            assert (question["provider"], question["model"]) == ("openai", "gpt-4o-mini")
            assert question["data"]
            agreed = {name: question[name] for name in ("kind", "provider", "digest")}
            jupyter.api("POST", f"{API}/consents", agreed)
            told = client.chat.completions.create(model="gpt-4o-mini", messages=HELLO)
            assert told.choices[0].message.content == "a red fox"
            ((key, body),) = seen
            assert key == f"Bearer {KEY}"
            assert body["max_completion_tokens"] == 1024
            usage = jupyter.api("GET", f"{API}/usage")
            assert usage["cents"] == pytest.approx(0.0021)
            (charge,) = usage["charges"]
            assert (charge["state"], charge["model"]) == ("settled", "gpt-4o-mini")
            assert KEY not in jupyter.log_file.read_text("utf-8")


def asking(jupyter: JupyterProcess) -> openai.OpenAI:
    """Return the SDK of a script that comes through Jupyter."""
    return openai.OpenAI(
        base_url=f"{jupyter.base_url}coursia-genai/openai/v1",
        api_key="unused",
        default_headers={"Authorization": f"token {TOKEN}"},
        max_retries=0,
        timeout=SECONDS,
    )
