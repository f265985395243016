"""The small pictures of one's own history."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import NotFound
from ..wire.usage import ThumbnailList
from .base import LabHandler

KEPT_SECONDS = 300
"""How long a browser may show it without asking again: it never changes, but it can be erased."""


class ThumbnailsHandler(LabHandler):
    """GET usage/thumbnails."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer which of the caller's own generations have one; there is no asking for others'."""
        thumbnails = self.parts.memory.thumbnails
        ids = await thumbnails.ids(self.person) if thumbnails.wanted else []
        self.answer(ThumbnailList(kept=thumbnails.wanted, ids=ids))


class ThumbnailHandler(LabHandler):
    """GET usage/thumbnails/{generation id}."""

    @web.authenticated
    @authorized
    async def get(self, generation_id: str) -> None:
        """Answer with WebP for whoever had the picture made; for everybody else there is none,
        whatever their role.
        """
        thumbnails = self.parts.memory.thumbnails
        found = await thumbnails.of(self.person, generation_id) if thumbnails.wanted else None
        if found is None:
            raise NotFound(
                "The record has no small picture of this generation.",
                "It was never made, is too old, or was erased.",
                code="generation_unknown",
            )
        self.set_header("Cache-Control", f"private, max-age={KEPT_SECONDS}")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.finish(found, set_content_type="image/webp")
