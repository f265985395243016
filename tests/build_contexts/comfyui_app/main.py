"""A stand-in for ComfyUI that loads custom nodes as the real one does, a broken one included."""

from __future__ import annotations

import argparse
import importlib.util
import logging
import sys
from pathlib import Path

from aiohttp import web
from server import PromptServer

HERE = Path(__file__).resolve().parent


async def hello(request: web.Request) -> web.Response:
    return web.json_response({"path": request.path})


parser = argparse.ArgumentParser()
parser.add_argument("--listen")
parser.add_argument("--port", type=int)
arguments, _ = parser.parse_known_args()
logging.basicConfig(level=logging.INFO)
server = PromptServer.instance
for folder in sorted((HERE / "custom_nodes").iterdir()):
    try:
        spec = importlib.util.spec_from_file_location(
            folder.name.replace("-", "_"),
            folder / "__init__.py",
            submodule_search_locations=[str(folder)],
        )
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[spec.name] = module
        spec.loader.exec_module(module)
    except Exception as error:  # as ComfyUI: a node that fails is left out, and it goes on
        print(f"cannot import {folder.name}: {error!r}", flush=True)
server.app.add_routes(server.routes)
server.app.router.add_route("*", "/{path:.*}", hello)
web.run_app(server.app, host=arguments.listen, port=arguments.port, print=None, access_log=None)
