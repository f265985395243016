"""Run Forge in this process with a credential that no command line and no environment shows.

Forge takes its API's password from the command line only, where every process could read it; so
its parsed arguments get it here. That covers Forge's own routes; the guard before the whole
application covers those of extensions and the documentation pages, too.
"""

from __future__ import annotations

import base64
import functools
import hmac
import importlib
import os
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from service_start import read_token

USER_NAME = "genai"
REFUSAL = (
    b'{"error":"HTTPException","detail":"Incorrect username or password","body":"","errors":""}'
)

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Guard:
    """Answer 401 to every request without the credential, whatever its path."""

    def __init__(self, app: Callable[..., Awaitable[None]], user: str, token: str) -> None:
        self._app = app
        self._expected = b"Basic " + base64.b64encode(f"{user}:{token}".encode())

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Hand on what bears the credential."""
        if scope["type"] == "lifespan" or self._knows(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = [(b"content-type", b"application/json")]
            await send({"type": "http.response.start", "status": 401, "headers": headers})
            await send({"type": "http.response.body", "body": REFUSAL})

    def _knows(self, scope: Message) -> bool:
        given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        return len(given) == 1 and hmac.compare_digest(given[0], self._expected)


def main() -> None:
    """Run Forge until it ends."""
    app = os.environ.get("GENAI_APP_FOLDER", "/opt/forge")
    token = read_token()
    sys.path.insert(0, app)
    sys.argv[0] = os.path.join(app, "launch.py")  # noqa: PTH118 -- what Forge itself would see
    uvicorn: Any = importlib.import_module("uvicorn")
    serve = uvicorn.run

    @functools.wraps(serve)
    def guarded(served: Any, *arguments: Any, **keywords: Any) -> Any:
        return serve(Guard(served, USER_NAME, token), *arguments, **keywords)

    uvicorn.run = guarded
    launch: Any = importlib.import_module("launch")
    options: Any = importlib.import_module("modules.shared_cmd_options")
    options.cmd_opts.api_auth = f"{USER_NAME}:{token}"
    launch.main()


if __name__ == "__main__":
    main()
