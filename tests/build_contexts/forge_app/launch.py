"""A stand-in for Forge's launcher: one guarded route, and one of an extension without a guard."""

from __future__ import annotations

import json
import sys

import uvicorn
from modules.shared_cmd_options import cmd_opts


def main() -> None:
    print(f"Launching with arguments: {sys.argv[1:]}", flush=True)
    print(f"a careless extension prints {cmd_opts.api_auth}", flush=True)

    async def app(scope, receive, send) -> None:
        body = json.dumps({"argv": sys.argv, "api_auth": cmd_opts.api_auth}).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})

    if cmd_opts.api_auth:
        uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[sys.argv.index("--port") + 1]))
