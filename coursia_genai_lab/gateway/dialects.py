"""What each raw door opens, and how it words a refusal so that its clients understand it.

The routes are those of ComfyUI's `server.py` and of the WebUI's `api.py` that make and fetch
pictures. Whatever is not listed is refused, so a new route of a new server stays shut until
somebody has looked at it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from ..errors import GenAIError, NotAllowed, QuotaExceeded
from ..wire.services import Dialect

Kind = Literal["probe", "front", "read", "write", "own", "job", "socket"]
"""probe: asks whether the service is up. front: `/`, answered by the door. job: makes pictures.
own: answered with the caller's own jobs, or read before it goes on."""
Limit = Literal["interrupt", "delete", "cancel"]
"""How a route that touches others is limited; see comfyui_door."""


@dataclass(frozen=True)
class Route:
    """One open (method, path); `{}` in a path is one segment."""

    method: str
    path: str
    kind: Kind = "read"
    limit: Limit | None = None


@dataclass(frozen=True)
class RawDialect:
    """The open routes of one API, and its shape of an error."""

    title: str
    routes: tuple[Route, ...]
    body: Callable[[GenAIError], dict[str, Any]]

    def match(self, method: str, path: str) -> Route:
        """Return the route that a decoded path names; HEAD goes where GET goes.

        Raises:
            NotAllowed: the door does not open it.
        """
        method = "GET" if method == "HEAD" else method
        exact = self._exact.get((method, path))
        if exact is not None:
            return exact
        for route, pattern in self._patterns:
            if route.method == method and pattern.fullmatch(path):
                return route
        raise NotAllowed(
            f"This door does not open {method} {path[:120]}.",
            f"It opens the {self.title} calls that make and fetch pictures; settings, logs and "
            "what belongs to others stay shut.",
            code="route_refused",
        )

    @cached_property
    def _exact(self) -> dict[tuple[str, str], Route]:
        return {(route.method, route.path): route for route in self.routes if "{" not in route.path}

    @cached_property
    def _patterns(self) -> list[tuple[Route, re.Pattern[str]]]:
        return [
            (route, re.compile("[^/]+".join(map(re.escape, route.path.split("{}")))))
            for route in self.routes
            if "{}" in route.path
        ]


def _short_and_long(*routes: Route) -> tuple[Route, ...]:
    """Add to each route its twin under `/api`, as ComfyUI does."""
    twins = (Route(r.method, f"/api{r.path}", r.kind, r.limit) for r in routes)
    return (*routes, *twins)


COMFYUI_ROUTES = (
    Route("GET", "/", "front"),
    *_short_and_long(
        Route("GET", "/system_stats", "probe"),
        Route("GET", "/ws", "socket"),
        Route("POST", "/prompt", "job"),
        Route("GET", "/prompt"),
        Route("GET", "/queue"),
        Route("GET", "/history"),
        Route("GET", "/history/{}"),
        Route("GET", "/view"),
        Route("GET", "/object_info"),
        Route("GET", "/object_info/{}"),
        Route("GET", "/models"),
        Route("GET", "/models/{}"),
        Route("GET", "/embeddings"),
        Route("GET", "/features"),
        Route("POST", "/upload/image", "write"),
        Route("POST", "/upload/mask", "write"),
        Route("POST", "/free", "write"),
        Route("POST", "/interrupt", "write", "interrupt"),
        Route("POST", "/queue", "write", "delete"),
        Route("POST", "/history", "write", "delete"),
    ),
    Route("GET", "/api/jobs"),
    Route("GET", "/api/jobs/{}"),
    Route("POST", "/api/jobs/{}/cancel", "write", "cancel"),
)

A1111_READS = (
    *("sd-models", "sd-modules", "sd-vae", "samplers", "schedulers", "upscalers"),
    *("latent-upscale-modes", "loras", "embeddings", "face-restorers", "prompt-styles"),
    *("scripts", "script-info", "memory"),
)
"""Not `cmd-flags`: it tells the server's own password."""

A1111_ROUTES = (
    Route("GET", "/", "front"),
    Route("GET", "/internal/ping"),
    Route("POST", "/internal/progress", "own"),
    *(Route("GET", f"/sdapi/v1/{name}") for name in A1111_READS),
    Route("POST", "/sdapi/v1/txt2img", "job"),
    Route("POST", "/sdapi/v1/img2img", "job"),
    Route("POST", "/sdapi/v1/extra-single-image", "job"),
    Route("POST", "/sdapi/v1/png-info", "own"),
    Route("POST", "/sdapi/v1/interrogate", "job"),
    Route("POST", "/sdapi/v1/refresh-checkpoints", "own"),
    Route("POST", "/sdapi/v1/unload-checkpoint", "own"),
    Route("POST", "/sdapi/v1/reload-checkpoint", "own"),
    Route("GET", "/sdapi/v1/progress", "own"),
    Route("GET", "/sdapi/v1/options", "own"),
    Route("POST", "/sdapi/v1/options", "own"),
    Route("POST", "/sdapi/v1/interrupt", "own"),
    Route("POST", "/sdapi/v1/skip", "own"),
)


def comfyui_error(error: GenAIError) -> dict[str, Any]:
    """Return an error as ComfyUI words what it refuses (400 of POST /prompt)."""
    return {
        "error": {
            "type": error.error_code,
            "message": error.message,
            "details": error.remedy,
            "extra_info": {},
        },
        "node_errors": {},
        "coursia": _in_full(error),
    }


def a1111_error(error: GenAIError) -> dict[str, Any]:
    """Return an error as the WebUI's API words it: error, detail, body, errors."""
    return {
        "error": error.error_code,
        "detail": str(error),
        "body": "",
        "errors": error.remedy,
        "coursia": _in_full(error),
    }


def openai_error(error: GenAIError) -> dict[str, Any]:
    """Return an error as the OpenAI API words it."""
    kind = "invalid_request_error" if error.status < 500 else "server_error"
    return {
        "error": {
            "message": str(error),
            "type": "authentication_error" if error.status == 401 else kind,
            "param": error.param,
            "code": error.error_code,
            "remedy": error.remedy,
            **_left(error),
        }
    }


def _in_full(error: GenAIError) -> dict[str, Any]:
    return {**error.to_dict(), **_left(error)}


def _left(error: GenAIError) -> dict[str, Any]:
    """Return what a caller's quotas still give, where one of them is the reason."""
    return {"left": list(error.left)} if isinstance(error, QuotaExceeded) and error.left else {}


RAW_DIALECTS: Mapping[Dialect, RawDialect] = {
    "comfyui": RawDialect("ComfyUI", COMFYUI_ROUTES, comfyui_error),
    "a1111": RawDialect("Stable Diffusion WebUI", A1111_ROUTES, a1111_error),
}
