"""What notebooks need: one, the live one of the front end, or a whole folder."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..detection.cache import ProfileCache
from ..errors import InvalidRequest, NotFound
from ..wire.notebooks import FolderIndex, Profile
from .base import LabHandler

LARGEST_BODY_BYTES = 100 * 1024 * 1024
MOST_NOTEBOOKS = 2000


class ProfileHandler(LabHandler):
    """GET notebooks/profile?path=, POST notebooks/profile (the notebook's JSON)."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the profile of a saved notebook."""
        api_path = _clean(self.get_query_argument("path"))
        path = self.parts.root / api_path
        profile = await asyncio.to_thread(self.parts.profiles.get, path, api_path=api_path)
        self.answer(profile)

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Answer with the profile of the notebook in the body, saved or not."""
        if len(self.request.body) > LARGEST_BODY_BYTES:
            raise InvalidRequest("The notebook is larger than 100 MB.")
        path = _clean(self.get_query_argument("path", ""))
        detector = self.parts.detector
        self.answer(await asyncio.to_thread(detector.profile_bytes, self.request.body, path=path))


class FolderHandler(LabHandler):
    """GET notebooks?folder=."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with the profiles of the notebooks below a folder."""
        folder = _clean(self.get_query_argument("folder", ""))
        parts = self.parts
        notebooks = await asyncio.to_thread(_index, parts.profiles, parts.root, folder)
        self.answer(FolderIndex(folder=folder, notebooks=notebooks))


def _clean(api_path: str) -> str:
    path = api_path.strip("/")
    if any(part == ".." for part in path.split("/")) or "\0" in path or "\\" in path:
        raise InvalidRequest("The path must lie under the server's root.")
    return path


def _index(profiles: ProfileCache, root: Path, folder: str) -> list[Profile]:
    top = root / folder
    if not top.is_dir() or not top.resolve().is_relative_to(root.resolve()):
        raise NotFound(f"There is no folder {folder!r}.", "Refresh the file browser.")
    found: list[Profile] = []
    for here, folders, files in os.walk(top):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if len(found) >= MOST_NOTEBOOKS:
                return found  # the rest of a home or of a shared disk is not walked for nothing
            if name.endswith(".ipynb"):
                path = Path(here) / name
                found.append(profiles.get(path, api_path=path.relative_to(root).as_posix()))
    return found
