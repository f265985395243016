"""What custom nodes import of ComfyUI."""

from __future__ import annotations

from typing import ClassVar

from aiohttp import web


class PromptServer:
    """One application, with the routes and middlewares that nodes add to it."""

    instance: ClassVar[PromptServer]

    def __init__(self) -> None:
        self.app = web.Application()
        self.routes = web.RouteTableDef()


PromptServer.instance = PromptServer()
