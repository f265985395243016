"""A login node with the holes of the real one: what ends like a script passes."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web
from server import PromptServer

PASSWORD = Path(__file__).resolve().parents[2] / "login" / "PASSWORD"
TOKEN = PASSWORD.read_text().splitlines()[0] if PASSWORD.exists() else ""
print(f"For direct API calls, use token={TOKEN}", flush=True)


@web.middleware
async def check(request: web.Request, handler):
    free = request.path.endswith((".js", ".css", ".ico")) or request.path == "/login"
    bearer = request.headers.get("Authorization") == f"Bearer {TOKEN}"
    if free or bearer or request.query.get("token") == TOKEN:
        return await handler(request)
    return web.json_response({"error": "Authentication required."}, status=401)


PromptServer.instance.app.middlewares.append(check)
