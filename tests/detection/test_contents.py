"""Notebooks that lie on no disk are read through the server's contents manager."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

import nbformat
import pytest
from jupyter_server.services.contents.filemanager import (
    AsyncFileContentsManager,
    FileContentsManager,
)
from jupyter_server.services.contents.manager import AsyncContentsManager, ContentsManager
from tornado import web

from coursia_genai_lab.detection import Detector
from coursia_genai_lab.detection.contents import MOST_AT_ONCE, ContentsProfiles, lies_on_disk

T = TypeVar("T")
GENAI = "import openai\nopenai.images.generate(prompt='x')"


class Shelf:
    """Notebooks in memory, and how often each was asked for with its content."""

    def __init__(self) -> None:
        self.cells: dict[str, str] = {}
        self.times: dict[str, datetime] = {}
        self.read: list[str] = []
        self.threads: set[int] = set()
        self.saved = 0

    def put(self, path: str, code: str) -> None:
        self.saved += 1
        self.cells[path] = code
        self.times[path] = datetime.fromtimestamp(self.saved, timezone.utc)

    def model(self, path: str, *, content: bool) -> dict[str, Any]:
        self.threads.add(threading.get_ident())
        if path not in self.cells:
            raise web.HTTPError(404, "no such notebook")
        made = None
        if content:
            self.read.append(path)
            made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(self.cells[path])])
        return {
            "name": path.rsplit("/", 1)[-1],
            "path": path,
            "type": "notebook",
            "last_modified": self.times[path],
            "content": made,
        }


class InMemory(ContentsManager):  # type: ignore[misc]
    shelf: Shelf

    def get(self, path: str, content: bool = True, **_: Any) -> Any:
        return self.shelf.model(path, content=content)


class AsyncInMemory(AsyncContentsManager):  # type: ignore[misc]
    shelf: Shelf

    async def get(self, path: str, content: bool = True, **_: Any) -> Any:
        return self.shelf.model(path, content=content)


class Hanging(AsyncContentsManager):  # type: ignore[misc]
    async def get(self, path: str, content: bool = True, **_: Any) -> Any:
        await asyncio.Event().wait()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture(params=[InMemory, AsyncInMemory])
def manager(request: pytest.FixtureRequest, shelf: Shelf) -> Any:
    made = request.param()
    made.shelf = shelf
    return made


def run(made: Callable[[], Awaitable[T]]) -> T:
    async def main() -> T:
        return await asyncio.wait_for(made(), 60)

    return asyncio.run(main())


def test_a_notebook_is_examined_and_bears_its_path(manager, shelf, detector: Detector):
    shelf.put("a/été.ipynb", GENAI)
    profile = run(lambda: ContentsProfiles(manager, detector).get("a/été.ipynb"))
    assert (profile.services, profile.path) == (["openai"], "a/été.ipynb")
    assert not profile.unreadable


def test_a_notebook_is_read_once_until_it_changes(manager, shelf, detector: Detector):
    async def ask() -> list[bool]:
        profiles = ContentsProfiles(manager, detector)
        found = []
        shelf.put("a.ipynb", GENAI)
        found.append((await profiles.get("a.ipynb")).needs_image_service)
        found.append((await profiles.get("a.ipynb")).needs_image_service)
        shelf.put("a.ipynb", "print(1)")
        found.append((await profiles.get("a.ipynb")).needs_image_service)
        return found

    assert run(ask) == [True, True, False]
    assert shelf.read == ["a.ipynb"] * 2


def test_only_so_many_are_kept(manager, shelf, detector: Detector):
    async def ask() -> None:
        profiles = ContentsProfiles(manager, detector, size=2)
        for name in ("a.ipynb", "b.ipynb", "c.ipynb", "a.ipynb"):
            shelf.put(name, GENAI) if name not in shelf.cells else None
            await profiles.get(name)

    run(ask)
    assert shelf.read == ["a.ipynb", "b.ipynb", "c.ipynb", "a.ipynb"]


def test_a_notebook_that_is_not_there_is_classic_with_a_note(manager, detector: Detector):
    profile = run(lambda: ContentsProfiles(manager, detector).get("absent.ipynb"))
    assert profile.type == "CLASSIC"
    assert profile.unreadable
    assert "could not" in profile.note


def test_a_manager_that_never_answers_is_given_up(detector: Detector):
    async def ask() -> list[str]:
        profiles = ContentsProfiles(Hanging(), detector, patience_seconds=0.01)
        asked = [profiles.get(f"{number}.ipynb") for number in range(5)]
        return [profile.note for profile in await asyncio.gather(*asked)]

    assert all("too long" in note for note in run(ask))


def test_a_sync_manager_that_hangs_holds_no_more_threads_than_it_may(detector: Detector):
    answering, asked = threading.Event(), []

    class Stuck(ContentsManager):  # type: ignore[misc]
        def get(self, path: str, content: bool = True, **_: Any) -> Any:
            asked.append(path)
            answering.wait(20)
            raise OSError("too late")

    async def ask() -> None:
        profiles = ContentsProfiles(Stuck(), detector, patience_seconds=0.05)
        for number in range(6):
            assert "too long" in (await profiles.get(f"{number}.ipynb")).note
        assert len(asked) == MOST_AT_ONCE
        answering.set()
        # What was given up is over, so that there is a turn again.
        while "could not" not in (await profiles.get("again.ipynb")).note:
            await asyncio.sleep(0)

    try:
        run(ask)
    finally:
        answering.set()


def test_a_sync_manager_is_asked_off_the_event_loop(shelf, detector: Detector):
    manager = InMemory()
    manager.shelf = shelf
    shelf.put("a.ipynb", GENAI)
    run(lambda: ContentsProfiles(manager, detector).get("a.ipynb"))
    assert threading.get_ident() not in shelf.threads


@pytest.mark.parametrize("content", [None, "text", [1], {"cells": 3}, {"cells": [{"source": 1}]}])
def test_content_that_is_no_notebook_is_classic(content, detector: Detector):
    class Odd(AsyncContentsManager):  # type: ignore[misc]
        async def get(self, path: str, content: bool = True, **_: Any) -> Any:
            return {"content": odd}

    odd = content
    profile = run(lambda: ContentsProfiles(Odd(), detector).get("a.ipynb"))
    assert (profile.type, profile.services) == ("CLASSIC", [])


def test_managers_of_files_are_told_from_others(tmp_path: Path):
    assert lies_on_disk(FileContentsManager(root_dir=str(tmp_path)))
    assert lies_on_disk(AsyncFileContentsManager(root_dir=str(tmp_path)))
    assert not lies_on_disk(InMemory())
