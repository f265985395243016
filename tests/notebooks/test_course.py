"""The index of a course, while it is being read and afterwards."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from launch_bench import Bench

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.detection.cache import ProfileCache
from coursia_genai_lab.detection.folders import Bounds
from coursia_genai_lab.detection.profile import Detector
from coursia_genai_lab.errors import NotFound, RuntimeUnavailable, ServiceError, TooManyRequests
from coursia_genai_lab.notebooks.course import CourseIndex
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.wire.notebooks import Profile
from coursia_genai_lab.wire.problems import Problem

Opened = Callable[..., AbstractAsyncContextManager[Bench]]
BOUND = 60.0
NEEDS: dict[str, dict[str, Any]] = {
    "comfy": {"services": ["comfyui"]},
    "maybe": {"services": ["comfyui"], "optional": ["comfyui"]},
    "hosted": {"services": ["comfyui"], "remote_services": ["comfyui"]},
    "both": {"services": ["forge-turbo", "comfyui"], "optional": ["comfyui"]},
}


class Named:
    """Profiles by the notebook's name; waits at a gate, where there is one."""

    def __init__(self, gate: threading.Event | None = None) -> None:
        self.gate = gate
        self.asked: list[str] = []
        self.reached = threading.Event()

    def get(self, path: Path, *, api_path: str = "") -> Profile:
        self.asked.append(api_path)
        self.reached.set()
        if self.gate is not None:
            assert self.gate.wait(BOUND)
        needs = NEEDS.get(path.stem)
        if needs is None:
            return Profile(path=api_path)
        return Profile(path=api_path, type="GENAI_BASIC", needs_image_service=True, **needs)


class NoComfy(FakeRuntime):
    """A machine that runs everything but ComfyUI."""

    async def check(self, spec: ServiceSpec) -> Problem | None:
        if spec.name == "comfyui":
            return Problem(code="image_missing", message="No image.", remedy="Pull it.")
        return await super().check(spec)


def make(root: Path, *names: str) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("{}", encoding="utf-8")


async def test_a_notebook_whose_path_is_too_long_to_open_spoils_no_index(
    opened_bench: Opened, tmp_path: Path
) -> None:
    make(tmp_path, "plain.ipynb")
    folder = os.open(tmp_path, os.O_RDONLY)
    deep = len(str(tmp_path))
    while deep < 3900:  # The longest path is 4096 bytes; a step at a time leads further.
        name = "x" * min(255, 3950 - deep)
        os.mkdir(name, dir_fd=folder)
        inner = os.open(name, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder, deep = inner, deep + 1 + len(name)
    os.close(os.open("y" * 200 + ".ipynb", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)
    async with opened_bench() as bench:
        profiles = ProfileCache(Detector(load_catalog()), root=tmp_path)
        course = CourseIndex(profiles, bench.lab, root=tmp_path)
        index = await course.index("", wait=BOUND)
        await course.close()
    assert [one.unreadable for one in index.notebooks] == [False, True]
    assert {one.note for one in index.notebooks if len(one.path) > 1000} == {
        "The notebook could not be opened: File name too long."
    }


async def test_only_required_services_that_run_nowhere_block(
    opened_bench: Opened, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    make(root, *(f"{name}.ipynb" for name in NEEDS), "plain.ipynb")
    async with opened_bench(NoComfy()) as bench:
        course = CourseIndex(Named(), bench.lab, root=root)
        seen = await course.index("", wait=BOUND)
        assert {name: one.code for name, one in seen.unavailable.items()} == {
            "comfyui": "image_missing"
        }
        assert seen.totals.needing == 4
        assert seen.totals.blocked == 1
        assert seen.totals.by_service == {"comfyui": 4, "forge-turbo": 1}
        await course.close()


async def test_requests_for_one_folder_share_one_reading_and_see_its_progress(
    opened_bench: Opened, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    make(root, "a/comfy.ipynb", "a/plain.ipynb")
    gate = threading.Event()
    profiles = Named(gate)
    async with opened_bench() as bench:
        course = CourseIndex(profiles, bench.lab, root=root)
        first = await course.index("a", wait=0)
        assert (first.complete, first.notebooks) == (False, [])
        waiting = [asyncio.ensure_future(course.index("a/", wait=BOUND)) for _ in range(5)]
        assert await asyncio.to_thread(profiles.reached.wait, BOUND)
        # The loop goes on while the disk does not answer.
        await asyncio.wait_for(asyncio.sleep(0), BOUND)
        gate.set()
        for answer in await asyncio.gather(*waiting):
            assert (answer.complete, answer.totals.notebooks) == (True, 2)
        assert profiles.asked == ["a/comfy.ipynb", "a/plain.ipynb"]
        await course.close()


async def test_a_folder_that_is_read_no_more_is_read_anew(
    opened_bench: Opened, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    make(root, "plain.ipynb")
    async with opened_bench() as bench:
        course = CourseIndex(Named(), bench.lab, root=root)
        await course.index("", wait=BOUND)
        make(root, "comfy.ipynb")
        assert (await course.index("", wait=BOUND)).totals.notebooks == 2
        await course.close()


async def test_who_asks_again_and_again_sees_the_end_of_the_reading(
    opened_bench: Opened, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    make(root, "plain.ipynb", "comfy.ipynb")
    profiles = Named()
    async with opened_bench() as bench:
        course = CourseIndex(profiles, bench.lab, root=root)

        async def until_complete() -> None:
            while not (await course.index("", wait=0)).complete:
                await asyncio.sleep(0)

        await asyncio.wait_for(until_complete(), BOUND)
        assert len(profiles.asked) == 2
        await course.close()


async def test_too_many_folders_at_a_time_are_refused(opened_bench: Opened, tmp_path: Path) -> None:
    root = tmp_path / "root"
    make(root, *(f"{number}/plain.ipynb" for number in range(20)))
    gate = threading.Event()
    async with opened_bench() as bench:
        course = CourseIndex(Named(gate), bench.lab, root=root)
        asking = [course.index(str(number), wait=0) for number in range(20)]
        answers = await asyncio.gather(*asking, return_exceptions=True)
        refused = [one for one in answers if isinstance(one, TooManyRequests)]
        assert 0 < len(refused) < len(answers)
        assert refused[0].remedy
        gate.set()
        await course.close()


async def test_closing_ends_a_reading(opened_bench: Opened, tmp_path: Path) -> None:
    root = tmp_path / "root"
    make(root, *(f"{number}.ipynb" for number in range(50)))
    gate = threading.Event()
    profiles = Named(gate)
    async with opened_bench() as bench:
        course = CourseIndex(profiles, bench.lab, root=root)
        waiting = asyncio.ensure_future(course.index("", wait=BOUND))
        assert await asyncio.to_thread(profiles.reached.wait, BOUND)
        await course.close()
        gate.set()
        await asyncio.wait_for(waiting, BOUND)
        assert len(profiles.asked) == 1


async def test_a_folder_that_is_not_there_is_not_found(
    opened_bench: Opened, tmp_path: Path
) -> None:
    async with opened_bench() as bench:
        course = CourseIndex(Named(), bench.lab, root=tmp_path)
        for folder in ("nowhere", "nul\0l", "x" * 5000):
            with pytest.raises(NotFound):
                await course.index(folder, wait=BOUND)
        make(tmp_path, "nowhere/plain.ipynb")
        assert (await course.index("nowhere", wait=BOUND)).totals.notebooks == 1
        await course.close()


async def test_bounds_are_told(opened_bench: Opened, tmp_path: Path) -> None:
    root = tmp_path / "root"
    make(root, *(f"{number}.ipynb" for number in range(5)))
    async with opened_bench() as bench:
        course = CourseIndex(Named(), bench.lab, root=root, bounds=Bounds(notebooks=3))
        seen = await course.index("", wait=BOUND)
        assert (seen.totals.notebooks, seen.truncated, seen.complete) == (3, True, True)
        await course.close()


async def test_twelve_hundred_notebooks_and_odd_files_are_indexed_from_disk(
    opened_bench: Opened, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    text = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
    for week in range(12):
        (root / f"week{week}").mkdir(parents=True)
        for number in range(100):
            (root / f"week{week}" / f"{number}.ipynb").write_text(text, encoding="utf-8")
    make(tmp_path, "outside.ipynb")
    (root / "link.ipynb").symlink_to(tmp_path / "outside.ipynb")
    (root / "inside.ipynb").symlink_to(root / "week0" / "0.ipynb")
    (root / "broken.ipynb").write_text("{", encoding="utf-8")
    profiles = ProfileCache(Detector(load_catalog()), root=root)
    async with opened_bench() as bench:
        course = CourseIndex(profiles, bench.lab, root=root)
        seen = await course.index("", wait=BOUND)
        assert seen.complete
        assert seen.totals.notebooks == 1203
        unreadable = [one.path for one in seen.notebooks if one.unreadable]
        assert unreadable == ["broken.ipynb", "link.ipynb"]
        assert seen.totals.unreadable == 2
        await course.close()


async def test_an_engine_that_is_away_is_said_of_every_service_that_needs_it(
    opened_bench: Opened, tmp_path: Path
) -> None:
    class Away(FakeRuntime):
        async def check(self, spec: ServiceSpec) -> Problem | None:
            error: ServiceError = RuntimeUnavailable("No engine.", "Install one.")
            return Problem(**error.to_dict())

    root = tmp_path / "root"
    make(root, "comfy.ipynb", "both.ipynb")
    async with opened_bench(Away(), mode="local") as bench:
        course = CourseIndex(Named(), bench.lab, root=root)
        seen = await course.index("", wait=BOUND)
        assert sorted(seen.unavailable) == ["comfyui", "forge-turbo"]
        assert seen.totals.blocked == 2
        await course.close()
