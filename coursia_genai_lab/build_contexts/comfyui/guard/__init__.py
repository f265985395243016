"""Let nobody in without the credential of this start, on whatever path.

A custom node of ComfyUI without nodes. The login node behind it lets every path through that
ends like a script or a style sheet, user files among them.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from aiohttp import web
from server import PromptServer

_EXPECTED = b"Bearer " + Path(os.environ["GENAI_TOKEN_FILE"]).read_bytes().strip()

NODE_CLASS_MAPPINGS: dict[str, object] = {}


@web.middleware
async def guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answer 401 unless the request bears the credential."""
    given = request.headers.get("Authorization", "").encode("utf-8", "replace")
    if hmac.compare_digest(given, _EXPECTED):
        return await handler(request)
    return web.json_response({"error": "Authentication required."}, status=401)


# First of all: nothing may answer before it.
PromptServer.instance.app.middlewares.insert(0, guard)
