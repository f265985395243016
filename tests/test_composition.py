"""The parts of a Lab joined, seen from their end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from ledger_harness import spending
from store_harness import note, services

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.composition import Closes, Core, compose
from coursia_genai_lab.config import LabSettings

PATIENCE = 60.0


class Breaks:
    """A part that cannot be closed."""

    def __init__(self, reason: str = "Input/output error") -> None:
        self.error = OSError(5, reason)

    async def close(self) -> None:
        raise self.error


class Hangs:
    """A part whose close never ends."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def close(self) -> None:
        self.begun.set()
        await asyncio.Event().wait()


class Closed:
    """A part that closes."""

    def __init__(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "data"))
    return tmp_path


async def opened(folder: Path) -> Core:
    state = str(folder / "state")
    core = compose(LabSettings(state_path=state, runtime="fake"), load_catalog(), host_path=state)
    await core.open()
    assert await core.memory.store.settled(PATIENCE)
    return core


@asynccontextmanager
async def opened_again(folder: Path) -> AsyncIterator[Core]:
    core = await opened(folder)
    try:
        yield core
    finally:
        await core.close()


async def work(core: Core) -> None:
    """Start a service, and have a provider work whose answer never comes."""
    await core.lab.opened(PATIENCE)
    await core.lab.endpoint("demo", timeout=PATIENCE)
    (charge,) = await core.ledger.reserve([spending("ada", pictures=3, cents=12)])
    await charge.sent()


async def close(core: Core, *above: Closes) -> asyncio.Task[None]:
    """Close, and have something happen while that is under way."""
    closing = asyncio.create_task(core.close(*above))
    core.memory.record(note("comfyui", "failed", by="the test"))
    return closing


async def expect_written(again: Core) -> None:
    assert "comfyui" in await services(again.memory.timeline)
    (charge,) = (await again.ledger.account("ada", 0)).charges
    assert (charge.cents, charge.state) == (12, "unknown")


async def test_a_part_that_cannot_close_keeps_no_other_part_open(folder: Path) -> None:
    core, other = await opened(folder), Closed()
    await work(core)
    first, second = Breaks("the first"), Breaks("the second")
    closing = await close(core, first, second, other)
    with pytest.raises(OSError, match="the first"):
        await asyncio.wait_for(closing, PATIENCE)
    assert other.closed
    assert core.lab.service("demo").state == "stopped"
    assert not core.memory.store.durable
    async with opened_again(folder) as again:
        await expect_written(again)


async def test_what_happened_is_written_also_when_closing_takes_too_long(folder: Path) -> None:
    core, stuck = await opened(folder), Hangs()
    await work(core)
    closing = await close(core, stuck)
    await asyncio.wait_for(stuck.begun.wait(), PATIENCE)
    closing.cancel()
    await asyncio.wait({closing}, timeout=PATIENCE)
    assert closing.cancelled()
    async with opened_again(folder) as again:
        await expect_written(again)
    await core.close()
