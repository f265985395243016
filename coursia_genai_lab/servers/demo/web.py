"""What every request handler of the engine shares: the gate, quiet logs, plain headers."""

from __future__ import annotations

import asyncio
import json
import logging
from http.client import responses
from types import TracebackType
from typing import Any

from tornado.web import Application, HTTPError, RequestHandler

from .engine import Engine
from .trouble import ANSWERS, GARBAGE, HEADER, UnknownTroubleError

log = logging.getLogger(__name__)


class Guarded(RequestHandler):
    """A handler behind the gate. Subclasses say in `refused` how their dialect words a refusal."""

    engine: Engine
    trouble: str | None = None
    """What the job of this call gets into, once `spoiled` has been asked."""

    def initialize(self, engine: Engine) -> None:
        """Take the engine that the handler speaks for."""
        self.engine = engine
        self.gone = asyncio.Event()

    def set_default_headers(self) -> None:
        """Say as little as possible about the server, and let no browser guess at content."""
        self.clear_header("Server")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Security-Policy", "sandbox; default-src 'none'")
        self.set_header("Cache-Control", "no-store")

    def prepare(self) -> None:
        """Answer at once whatever may not pass."""
        refusal = self.engine.gate.refuse(self.request)
        if refusal is not None:
            self.set_status(refusal.status)
            self.refused(refusal.status, refusal.sentence)

    def on_connection_close(self) -> None:
        """Note that nobody waits for the answer any more."""
        super().on_connection_close()
        self.gone.set()

    async def spoiled(self) -> bool:
        """Say whether the call that brings a job has had its answer, which was a bad one.

        It is where the engine is told to get into trouble; trouble of the job itself is left in
        `trouble`.
        """
        try:
            kind = self.engine.troubles.of_next_job(self.request.headers.get(HEADER))
        except UnknownTroubleError as error:
            self.set_status(400)
            self.went_wrong(400, str(error))
            return True
        if kind not in ANSWERS:
            self.trouble = kind
            return False
        if kind != "no-answer":
            self.set_header("Content-Type", "application/json")
        if kind == "garbage":
            self.finish(GARBAGE)
            return True
        if kind != "no-answer":
            await self.flush()
        while kind == "trickle" and not self.gone.is_set():
            self.write(b" ")
            await asyncio.wait([self.flush()], timeout=1.0)
            await _heard(self.gone, self.engine.settings.trickle_seconds)
        await self.gone.wait()
        return True

    def refused(self, status: int, sentence: str) -> None:
        """Write a refusal as ComfyUI and its login node do: JSON for 401, nothing for 403."""
        self.finish({"error": sentence} if status == 401 else b"")

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer an error that tornado found or that nobody foresaw, in the dialect."""
        self.went_wrong(status_code, responses.get(status_code, "Error"))

    def went_wrong(self, status: int, sentence: str) -> None:
        """Write an error as ComfyUI's web framework does: plain text."""
        self.set_status(status)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        more = "\n\nServer got itself in trouble" if status == 500 else ""
        self.finish(f"{status}: {sentence}{more}")

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log what broke without the query, which may hold a credential."""
        if isinstance(value, HTTPError):
            return
        where = (self.request.method, self.request.path)
        log.error("%s %s failed", *where, exc_info=(typ, value, tb) if typ and value else None)

    def write_json(self, value: object, status: int = 200) -> None:
        """Answer `value` as JSON."""
        self.set_status(status)
        self.set_header("Content-Type", "application/json; charset=utf-8")
        self.finish(json.dumps(value))

    def json_body(self) -> dict[str, Any]:
        """Return the JSON object that was sent; raises ValueError for anything else."""
        value = json.loads(self.request.body)
        if not isinstance(value, dict):
            raise ValueError("The body is not a JSON object.")
        return value


async def _heard(event: asyncio.Event, seconds: float) -> None:
    waiting = asyncio.ensure_future(event.wait())
    await asyncio.wait([waiting], timeout=seconds)
    waiting.cancel()


class Health(Guarded):
    """Liveness, without credentials."""

    def get(self) -> None:
        """Say that the engine is up."""
        self.write_json({"status": "ok"})


def log_request(handler: RequestHandler) -> None:
    """Log one request by method, path and status; never its query."""
    level = logging.WARNING if handler.get_status() >= 500 else logging.DEBUG
    request = handler.request
    log.log(level, "%s %s %d", request.method, request.path, handler.get_status())


def application(
    engine: Engine, routes: list[tuple[str, type[RequestHandler]]], otherwise: type[RequestHandler]
) -> Application:
    """Return the web application of `routes` for one engine; `otherwise` answers elsewhere."""
    shared = {"engine": engine}
    rules: list[Any] = [(pattern, handler, shared) for pattern, handler in routes]
    return Application(
        rules,
        default_handler_class=otherwise,
        default_handler_args=shared,
        log_function=log_request,
        websocket_max_message_size=2**20,
    )
