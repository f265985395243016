"""Profiles are kept while a file stays the same, and no longer."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest

from coursia_genai_lab.detection import Detector, ProfileCache

CLASSIC = "print(1)"
GENAI = "import openai\nopenai.images.generate(prompt='x')"


def write(path: Path, code: str) -> Path:
    made = path.with_suffix(".new")
    made.write_text(json.dumps({"cells": [{"cell_type": "code", "source": code}]}))
    made.replace(path)
    return path


@pytest.fixture
def cache(detector: Detector, tmp_path: Path) -> ProfileCache:
    return ProfileCache(detector, root=tmp_path, size=3)


def test_a_profile_is_known_after_it_was_got(cache: ProfileCache, tmp_path: Path):
    path = write(tmp_path / "a.ipynb", GENAI)
    assert cache.peek(path) is None
    first = cache.get(path)
    assert first.services == ["openai"]
    assert cache.peek(path) is first
    assert cache.get(path) is first


def test_a_changed_file_is_read_again(cache: ProfileCache, tmp_path: Path):
    path = write(tmp_path / "a.ipynb", GENAI)
    cache.get(path)
    write(path, CLASSIC)
    assert cache.peek(path) is None
    assert cache.get(path).type == "CLASSIC"


def test_a_file_replaced_by_one_of_equal_size_and_time_is_read_again(
    cache: ProfileCache, tmp_path: Path
):
    path = write(tmp_path / "a.ipynb", GENAI)
    before = path.stat()
    cache.get(path)
    write(path, CLASSIC + " " * (len(GENAI) + GENAI.count("\n") - len(CLASSIC)))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert path.stat().st_size == before.st_size
    assert cache.get(path).type == "CLASSIC"


def test_a_file_that_has_gone_is_no_longer_known(cache: ProfileCache, tmp_path: Path):
    path = write(tmp_path / "a.ipynb", GENAI)
    cache.get(path)
    path.unlink()
    assert cache.peek(path) is None
    assert cache.get(path).note


def test_the_api_path_of_each_asker_is_used(cache: ProfileCache, tmp_path: Path):
    path = write(tmp_path / "a.ipynb", GENAI)
    assert cache.get(path, api_path="x/a.ipynb").path == "x/a.ipynb"
    assert cache.get(path, api_path="y/a.ipynb").path == "y/a.ipynb"


def test_only_so_many_are_kept_the_least_used_leaving_first(cache: ProfileCache, tmp_path: Path):
    paths = [write(tmp_path / f"{name}.ipynb", GENAI) for name in "abcd"]
    for path in paths[:3]:
        cache.get(path)
    cache.get(paths[0])
    cache.get(paths[3])
    assert [cache.peek(path) is not None for path in paths] == [True, False, True, True]


def test_many_threads_may_ask_at_once(detector: Detector, tmp_path: Path):
    cache = ProfileCache(detector, root=tmp_path, size=4)
    paths = [write(tmp_path / f"{number}.ipynb", GENAI) for number in range(8)]
    found: list[list[str]] = []

    def ask() -> None:
        found.extend(cache.get(path).services for _ in range(5) for path in paths)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(found) == 4 * 5 * 8
    assert all(services == ["openai"] for services in found)
