"""Crashes, crowds, full disks, and every order of cuts."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from liar_server import Liar, Mood, liar_server
from model_fetching import QUICK, Bringer

from coursia_genai_lab.errors import ModelFilesError
from coursia_genai_lab.weights.inventory import find_file
from coursia_genai_lab.weights.sources import Sources
from coursia_genai_lab.weights.terms import Terms

DATA = hashlib.shake_256(b"luck").digest(4_000_000)
GOOD = hashlib.sha256(DATA).hexdigest()
PROCESS = Path(__file__).with_name("fetching_process.py")


@pytest.fixture(autouse=True)
def _offer(liar: Liar) -> None:
    liar.offer("/model", DATA)


def fetching(bringer: Bringer) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(PROCESS), str(bringer.root), f"{bringer.liar.address}/model", GOOD],
        stdout=subprocess.PIPE,
        text=True,
    )


def until_it_says(process: subprocess.Popen[str], start: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(start):
            return line
    raise AssertionError(f"it never said {start!r}")


async def test_a_killed_process_leaves_a_part_that_the_next_one_goes_on_with(
    bringer: Bringer,
) -> None:
    bringer.liar.moods = [Mood(stall_after=3_000_000)]
    with fetching(bringer) as process:
        until_it_says(process, "fetching")
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
    assert not bringer.place.target.exists()
    kept = find_file(bringer.spec(sha256=GOOD), [bringer.root])
    assert kept.state == "partial"
    await bringer.fetch(sha256=GOOD)
    assert bringer.liar.gets()[-1].start == kept.done_bytes > 0
    assert bringer.place.target.read_bytes() == DATA


async def test_a_second_process_follows_the_first_and_takes_over_when_that_dies(
    bringer: Bringer,
) -> None:
    bringer.liar.moods = [Mood(stall_after=3_000_000)]
    with fetching(bringer) as first:
        until_it_says(first, "fetching")
        with fetching(bringer) as second:
            line = until_it_says(second, "waiting for process")
            assert f"process {first.pid} " in line
            os.kill(first.pid, signal.SIGKILL)
            first.communicate()
            second.communicate(timeout=120)
            assert second.returncode == 0
    assert bringer.place.target.read_bytes() == DATA
    assert len(bringer.liar.gets()) == 2


async def test_a_disk_that_takes_no_more_is_told_and_the_rest_comes_later(
    bringer: Bringer,
) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        # The write itself fails, as on a full disk, whatever was free a moment before.
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_500_000, before[1]))
        with pytest.raises(ModelFilesError) as caught:
            await bringer.fetch(sha256=GOOD)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)
    assert caught.value.error_code == "model_disk_full"
    assert find_file(bringer.spec(), [bringer.root]).done_bytes == 2_500_000
    await bringer.fetch(sha256=GOOD)
    assert bringer.liar.gets()[-1].start == 2_500_000
    assert bringer.place.target.read_bytes() == DATA


async def test_a_folder_on_another_disk_gets_whole_files_too(bringer: Bringer) -> None:
    if not Path("/dev/shm").is_dir():
        pytest.skip("this machine has no second file system at /dev/shm")
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        if Path(folder).stat().st_dev == bringer.root.stat().st_dev:
            pytest.skip("/dev/shm is no file system of its own here")
        bringer.place.target.parent.symlink_to(folder)
        await bringer.fetch(sha256=GOOD)
        assert bringer.place.target.read_bytes() == DATA
        assert [path.name for path in Path(folder).iterdir()] == ["model.safetensors"]
        found = find_file(bringer.spec(sha256=GOOD), [bringer.root])
        assert (found.verified, found.fetched) == (True, True)
        assert not bringer.place.part.exists()


async def test_a_part_that_was_tampered_with_never_becomes_the_file(bringer: Bringer) -> None:
    bringer.liar.moods = [Mood(cut_after=3_000_000)]
    bringer.liar.always = Mood(cut_after=0)
    with pytest.raises(ModelFilesError):
        await bringer.fetch(sha256=GOOD)
    with bringer.place.part.open("r+b") as part:
        part.write(b"something else")
    bringer.liar.always = None
    await bringer.fetch(sha256=GOOD)
    assert bringer.place.target.read_bytes() == DATA


SMALL = hashlib.shake_256(b"small").digest(20_000)
moods = st.builds(
    Mood,
    cut_after=st.none() | st.integers(0, len(SMALL)),
    no_ranges=st.booleans(),
    shifted=st.sampled_from([0, 0, 0, 7]),
    lie=st.booleans(),
    chunked=st.booleans(),
    status=st.sampled_from([None, None, None, 416, 429, 503]),
)


@pytest.fixture(scope="module")
def crowd() -> Iterator[Liar]:
    """One server for every example: each sets what it offers and how it behaves."""
    with liar_server() as server:
        yield server


@given(luck=st.lists(moods, max_size=8), etags=st.booleans(), restart_often=st.booleans())
def test_any_order_of_cuts_and_lies_ends_in_the_right_bytes(
    crowd: Liar, luck: list[Mood], etags: bool, restart_often: bool
) -> None:
    async def story(bringer: Bringer) -> None:
        size = None if not etags else len(SMALL)
        for _ in range(2 * len(luck) + 2):
            with contextlib.suppress(ModelFilesError):
                await bringer.fetch(sha256=hashlib.sha256(SMALL).hexdigest(), size_bytes=size)
                break
            assert not bringer.place.target.exists()
        assert bringer.place.target.read_bytes() == SMALL

    liar = crowd
    with tempfile.TemporaryDirectory() as folder:
        liar.offer("/model", SMALL)
        liar.moods, liar.etags = list(luck), etags
        patience = replace(QUICK, attempts=1 if restart_often else 4)
        sources = Sources(hub_url=liar.address)
        bringer = Bringer(Path(folder), liar, Terms(sources, reserve_bytes=0, patience=patience))
        asyncio.run(story(bringer))
