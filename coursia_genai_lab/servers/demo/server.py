"""The HTTP server: all routes, one list."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import RequestHandler

from . import (
    a1111_extras,
    a1111_http,
    a1111_progress,
    a1111_settings,
    comfy_files,
    comfy_http,
    comfy_jobs,
    comfy_socket,
    openai_http,
)
from .a1111_models import LISTS
from .engine import Engine
from .lost import Lost
from .settings import Settings
from .web import Health, application

log = logging.getLogger(__name__)

MAX_BODY = 64 * 2**20
CUT_SECONDS = 0.3
RELOADS = (
    "unload-checkpoint", "reload-checkpoint", "refresh-checkpoints", "refresh-vae",
    "refresh-embeddings",
)  # fmt: skip

_COMFY: list[tuple[str, type[RequestHandler]]] = [
    ("/system_stats", comfy_http.SystemStats),
    ("/object_info", comfy_http.ObjectInfo),
    ("/object_info/([^/]+)", comfy_http.ObjectInfo),
    ("/models", comfy_http.Models),
    ("/models/([^/]+)", comfy_http.Models),
    ("/features", comfy_http.Features),
    ("/prompt", comfy_http.Prompt),
    ("/queue", comfy_http.Queue),
    ("/history", comfy_http.History),
    ("/history/([^/]+)", comfy_http.History),
    ("/interrupt", comfy_http.Interrupt),
    ("/free", comfy_http.Free),
    ("/view", comfy_files.View),
    ("/upload/(image|mask)", comfy_files.Upload),
    ("/ws", comfy_socket.Socket),
]

ROUTES: list[tuple[str, type[RequestHandler]]] = [
    ("/health", Health),
    *((f"(?:/api)?{path}", handler) for path, handler in _COMFY),
    ("/api/jobs", comfy_jobs.JobList),
    ("/api/jobs/([^/]+)", comfy_jobs.JobDetail),
    ("/api/jobs/([^/]+)/cancel", comfy_jobs.JobCancel),
    ("/v1/models", openai_http.ModelList),
    ("/v1/models/(.+)", openai_http.ModelDetail),
    ("/v1/coursia/engine", openai_http.About),
    ("/v1/images/generations", openai_http.Generations),
    ("/v1/images/edits", openai_http.Edits),
    ("/sdapi/v1/txt2img", a1111_http.Text2Image),
    ("/sdapi/v1/img2img", a1111_http.Image2Image),
    ("/sdapi/v1/progress", a1111_progress.Progress),
    ("/sdapi/v1/interrupt", a1111_progress.Interrupt),
    ("/sdapi/v1/skip", a1111_progress.Skip),
    ("/sdapi/v1/options", a1111_settings.Options),
    ("/sdapi/v1/memory", a1111_settings.Memory),
    (f"/sdapi/v1/({'|'.join(RELOADS)})", a1111_settings.Reload),
    (f"/sdapi/v1/({'|'.join(['sd-models', *LISTS])})", a1111_settings.Lists),
    ("/sdapi/v1/extra-single-image", a1111_extras.Extras),
    ("/sdapi/v1/extra-batch-images", a1111_extras.BatchExtras),
    ("/sdapi/v1/png-info", a1111_extras.PNGInfo),
    ("/sdapi/v1/interrogate", a1111_extras.Interrogate),
    ("/internal/progress", a1111_progress.TaskProgress),
    ("/internal/pending-tasks", a1111_progress.PendingTasks),
    ("/internal/ping", a1111_settings.Ping),
]


class DemoServer:
    """One engine behind one listening port; `open` and `close` are idempotent.

    `die` is what a crash on purpose does; by default all connections are cut and nobody listens
    any more.
    """

    def __init__(self, settings: Settings, die: Callable[[], None] | None = None) -> None:
        self.engine = Engine(settings, die or self._cut)
        self._http: HTTPServer | None = None
        self._cutting: asyncio.Future[None] | None = None
        self.port = 0

    async def open(self) -> int:
        """Listen and return the port. Raises OSError when the port is taken."""
        if self._http is None:
            settings = self.engine.settings
            sockets = bind_sockets(settings.port, settings.host)
            self.engine.open()
            self._http = HTTPServer(
                application(self.engine, ROUTES, Lost),
                max_body_size=MAX_BODY,
                max_buffer_size=MAX_BODY + 2**20,
                idle_connection_timeout=600,
            )
            self._http.add_sockets(sockets)
            self.port = _port(sockets[0])
        return self.port

    def _cut(self) -> None:
        if self._http is not None:
            self._http.stop()
            self._cutting = asyncio.ensure_future(self._http.close_all_connections())

    async def close(self) -> None:
        """Stop listening, end the work and cut the connections; waits for nothing slow."""
        http, self._http = self._http, None
        if http is not None:
            http.stop()
        await self.engine.close()
        if self._cutting is not None:
            await asyncio.wait([self._cutting], timeout=CUT_SECONDS)
        if http is not None:
            try:
                await asyncio.wait_for(http.close_all_connections(), CUT_SECONDS)
            except asyncio.TimeoutError:
                log.debug("some connections did not close in time")


def _port(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])
