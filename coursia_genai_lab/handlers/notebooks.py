"""What notebooks need: one, the live one of the front end, or a whole folder."""

from __future__ import annotations

import asyncio

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import Conflict, InvalidRequest
from .base import LabHandler

LARGEST_BODY_BYTES = 100 * 1024 * 1024
LONGEST_WAIT_SECONDS = 30.0
"""How long a request for a folder is held; a page asks again until the answer is complete."""


class ProfileHandler(LabHandler):
    """GET notebooks/profile?path=, POST notebooks/profile (the notebook's JSON)."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the profile of a saved notebook."""
        api_path = clean_path(self.get_query_argument("path"))
        if self.parts.contents is not None:
            self.answer(await self.parts.contents.get(api_path))
            return
        path = self.parts.root / api_path
        profile = await asyncio.to_thread(self.parts.profiles.get, path, api_path=api_path)
        self.answer(profile)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the profile of the notebook in the body, saved or not."""
        if len(self.request.body) > LARGEST_BODY_BYTES:
            raise InvalidRequest("The notebook is larger than 100 MB.")
        path, root = clean_path(self.get_query_argument("path", "")), self.parts.root
        self.answer(
            await asyncio.to_thread(
                self.parts.detector.profile_bytes,
                self.request.body,
                path=path,
                beside=(root / path).parent if path else None,
                root=root,
            )
        )


class FolderHandler(LabHandler):
    """GET notebooks?folder=&wait=."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the index of a folder: whole, or what is known after `wait` seconds."""
        if self.parts.contents is not None:
            raise Conflict(
                "The notebooks of this server lie on no disk, so its folders are not indexed.",
                "Open a notebook to see what it needs.",
                code="not_on_disk",
            )
        folder = clean_path(self.get_query_argument("folder", ""))
        wait = self.number_argument("wait", LONGEST_WAIT_SECONDS, 0, LONGEST_WAIT_SECONDS)
        self.answer(await self.parts.course.index(folder, wait=wait))


def clean_path(api_path: str) -> str:
    """Return an API path without slashes at its ends.

    Raises:
        InvalidRequest: it may leave the server's root.
    """
    path = api_path.strip("/")
    if any(part == ".." for part in path.split("/")) or "\0" in path or "\\" in path:
        raise InvalidRequest("The path must lie under the server's root.")
    return path
