"""The one reading for everybody: real children over a simulated driver."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulated_gpus import SimulatedGPUs
from waiting import until

from coursia_genai_lab.gpu.history import History
from coursia_genai_lab.gpu.reader import MOST_STUCK, Kill
from coursia_genai_lab.gpu.reading import NOTHING_YET, Device, Reading
from coursia_genai_lab.gpu.sampler import Pace, Sampler

TESTS = Path(__file__).resolve().parents[1]
PATIENT = Pace(answer=60, first_answer=60, look=60)
"""For a machine that is slow: nothing here hangs unless it is told to."""
HASTY = replace(PATIENT, answer=0.3, first_answer=0.3, pauses=(0.0,))
"""Where the driver hangs: whoever asks it is soon given up."""

PID_PROGRAM = (
    "import json, os, sys\n"
    "said = dict(at=1.0, driver=str(os.getpid()), cuda=None, devices=[], fault=None)\n"
    "for _ in sys.stdin: print(json.dumps(said), flush=True)"
)
TELLS_ITS_PID = [sys.executable, "-c", PID_PROGRAM]


@pytest.fixture
def gpus(tmp_path: Path) -> SimulatedGPUs:
    return SimulatedGPUs(tmp_path)


@asynccontextmanager
async def sampling(
    gpus: SimulatedGPUs | Sequence[str], pace: Pace = PATIENT, kill: Kill | None = None
) -> AsyncIterator[Sampler]:
    command = gpus.command if isinstance(gpus, SimulatedGPUs) else list(gpus)
    sampler = Sampler(command, pace=pace, kill=kill)
    try:
        yield sampler
    finally:
        await sampler.close()


def lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def code(sampler: Sampler) -> str | None:
    return sampler.problem.code if sampler.problem else None


async def eventually(
    look: Callable[[], Awaitable[Reading]], wanted: Callable[[Reading], bool]
) -> Reading:
    """Return the first reading that is as wanted; fail after about a minute."""
    for _ in range(6000):
        if wanted(found := await look()):
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("there was no such reading")


# -- who looks, and when ------------------------------------------------------------------------


async def test_nothing_runs_before_somebody_looks_and_while_nobody_does() -> None:
    async with sampling(TELLS_ITS_PID, replace(PATIENT, idle=0.2)) as sampler:
        assert sampler.reader_pid is None
        pid = int((await sampler.fresh()).driver or 0)
        await until(lambda: sampler.reader_pid is None and not lives(pid))


async def test_many_who_look_share_one_reading(gpus: SimulatedGPUs) -> None:
    gpus.add()
    async with sampling(gpus, replace(PATIENT, interval=3600)) as sampler:
        found = await asyncio.gather(*(sampler.latest() for _ in range(30)))
        assert found[0].readable
        assert all(reading is found[0] for reading in found)
        assert await sampler.latest() is found[0]


async def test_readings_go_on_while_somebody_looks(gpus: SimulatedGPUs) -> None:
    card = gpus.add()
    async with sampling(gpus, replace(PATIENT, interval=0.01)) as sampler:
        before = await sampler.latest()
        gpus.use(card, 5_000, pid=1)
        after = await eventually(sampler.latest, lambda found: found.devices[0].used_mib == 5_000)
        assert (after.at or 0) > (before.at or 0)
        assert sampler.stale_since is None


async def test_who_looks_again_later_gets_no_old_reading(gpus: SimulatedGPUs) -> None:
    card = gpus.add()
    async with sampling(gpus, replace(PATIENT, idle=0.05, interval=0.05)) as sampler:
        await sampler.latest()
        await until(lambda: sampler.reader_pid is None)
        gpus.use(card, 7_000, pid=1)
        assert (await sampler.latest()).devices[0].used_mib == 7_000


async def test_a_fresh_reading_is_begun_after_it_was_asked_for(gpus: SimulatedGPUs) -> None:
    card = gpus.add()
    async with sampling(gpus, replace(PATIENT, interval=3600)) as sampler:
        await sampler.latest()
        for mib in range(1_000, 6_000, 1_000):
            gpus.use(card, mib, pid=1)
            found = await asyncio.gather(*(sampler.fresh() for _ in range(10)))
            assert found[0].devices[0].used_mib == mib
            assert all(reading is found[0] for reading in found)


async def test_a_reading_that_was_under_way_is_not_taken_for_a_fresh_one(
    gpus: SimulatedGPUs,
) -> None:
    gpus.add()
    async with sampling(gpus, replace(PATIENT, interval=3600, look=0.0)) as sampler:
        await sampler.fresh()
        gpus.hang()
        first = asyncio.create_task(sampler.fresh())
        await until(lambda: sampler.stale_since is not None)
        later = [asyncio.create_task(sampler.fresh()) for _ in range(5)]
        await asyncio.sleep(0)
        gpus.stop_hanging()
        earlier = await first
        readings = await asyncio.gather(*later)
        assert all(reading is readings[0] for reading in readings)
        assert readings[0] is not earlier


async def test_whoever_asks_at_whatever_moment_sees_what_was_so_before(
    gpus: SimulatedGPUs,
) -> None:
    card = gpus.add(total_mib=100_000)
    gpus.use(card, 1, pid=1)
    told = itertools.count(2)

    async def ask(turns: int) -> None:
        for turn in range(6):
            mib = next(told)
            gpus.use(card, mib, pid=1)
            found = await sampler.fresh()
            assert found.fault is None
            assert (found.devices[0].used_mib or 0) >= mib
            for _ in range((turns * turn) % 7):
                await asyncio.sleep(0)
            assert (await sampler.latest()).readable

    # Without a pause between two readings, each call falls into another moment of one.
    async with sampling(gpus, replace(PATIENT, interval=0.0)) as sampler:
        await asyncio.gather(*(ask(turns) for turns in range(12)))
        assert sampler.problem is None


def test_the_history_is_that_of_the_readings_and_short() -> None:
    device = Device("GPU-1", 0, "a card", used_mib=5, busy_percent=2.0)
    history = History(seconds=300, step=2)
    for second in range(10_000):
        history.add(Reading(at=1_000.0 + second, devices=(device,)))
    points = history.points("GPU-1")
    assert len(points) == 150
    assert (points[0].at, points[-1].at) == (10_700.0, 10_998.0)
    assert (points[-1].used_mib, points[-1].busy_percent) == (5, 2.0)
    # A clock that was set back leaves no points of the future, and a device that went none at all.
    history.add(Reading(at=500.0, devices=(device,)))
    assert [point.at for point in history.points("GPU-1")] == [500.0]
    history.add(Reading(at=5_000.0))
    assert history.points("GPU-1") == []


# -- no driver, no GPU --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("library_not_found", "no_driver"),
        ("driver_not_loaded", "driver_not_loaded"),
        ("lib_rm_version_mismatch", "driver_mismatch"),
        ("no_permission", "no_permission"),
        (None, "no_gpu"),
    ],
)
async def test_without_gpus_the_reason_and_a_remedy_are_told_and_no_child_lives_on(
    gpus: SimulatedGPUs, said: str | None, told: str
) -> None:
    gpus.driver_says(said)
    async with sampling(gpus) as sampler:
        found = await sampler.latest()
        assert not found.readable
        assert code(sampler) == told
        assert sampler.problem is not None
        assert sampler.problem.remedy
        assert sampler.stale_since is None
        assert sampler.reader_pid is None


async def test_a_driver_that_was_loaded_meanwhile_is_found(gpus: SimulatedGPUs) -> None:
    gpus.add()
    gpus.driver_says("driver_not_loaded")
    async with sampling(gpus) as sampler:
        assert not (await sampler.fresh()).readable
        gpus.driver_says(None)
        assert (await sampler.fresh()).readable
        assert sampler.problem is None


# -- a driver that hangs ------------------------------------------------------------------------


async def test_a_hanging_driver_is_told_and_the_last_reading_stays(gpus: SimulatedGPUs) -> None:
    card = gpus.add()
    async with sampling(gpus, replace(PATIENT, answer=0.3, pauses=(0.0,))) as sampler:
        before = await sampler.latest()
        pid = sampler.reader_pid
        assert pid is not None
        gpus.hang()
        unreadable = await sampler.fresh()
        assert not unreadable.readable
        assert unreadable.devices == ()
        assert code(sampler) == "driver_hangs"
        assert sampler.stale_since is not None
        assert (await sampler.latest()).devices == before.devices
        await until(lambda: not lives(pid))
        gpus.stop_hanging()
        gpus.use(card, 3_000, pid=1)
        found = await eventually(sampler.fresh, lambda found: found.readable)
        assert found.devices[0].used_mib == 3_000
        assert sampler.problem is None
        assert sampler.stale_since is None


async def test_after_a_hang_comes_a_pause_in_which_nobody_asks(gpus: SimulatedGPUs) -> None:
    gpus.add()
    gpus.hang("nvmlInit")
    async with sampling(gpus, replace(HASTY, pauses=(3600.0,))) as sampler:
        assert not (await sampler.fresh()).readable
        gpus.stop_hanging()
        for _ in range(5):
            found = await sampler.fresh()
            assert found.fault is not None
            assert found.fault.code == "driver_hangs"
            assert sampler.reader_pid is None


async def test_who_only_looks_waits_a_bounded_time_for_a_driver_that_hangs_at_once(
    gpus: SimulatedGPUs,
) -> None:
    gpus.add()
    gpus.hang("nvmlInit")
    async with sampling(gpus, replace(PATIENT, look=0.1)) as sampler:
        assert await sampler.latest() == NOTHING_YET
        assert sampler.reader_pid is not None
        await until(lambda: sampler.stale_since is not None)


async def test_readers_that_cannot_be_killed_are_few(gpus: SimulatedGPUs) -> None:
    gpus.add()
    gpus.hang("nvmlInit")
    left: list[subprocess.Popen[bytes]] = []
    try:
        async with sampling(gpus, HASTY, kill=left.append) as sampler:
            for _ in range(MOST_STUCK + 4):
                assert not (await sampler.fresh()).readable
            assert code(sampler) == "driver_hangs"
            assert len(left) == MOST_STUCK
            assert all(lives(process.pid) for process in left)
            # One that ends at last makes room for another.
            left[0].kill()
            left[0].wait(60)
            await sampler.fresh()
            assert len(left) == MOST_STUCK + 1
    finally:
        for process in left:
            process.kill()
            process.wait(60)


# -- a child that fails -------------------------------------------------------------------------


async def test_a_child_that_was_killed_is_replaced(gpus: SimulatedGPUs) -> None:
    gpus.add()
    async with sampling(gpus, replace(PATIENT, interval=3600, pauses=(0.0,))) as sampler:
        await sampler.latest()
        assert sampler.reader_pid is not None
        os.kill(sampler.reader_pid, signal.SIGKILL)
        found = await sampler.fresh()
        if not found.readable:
            assert found.fault is not None
            assert found.fault.code == "driver_failed"
        assert (await sampler.fresh()).readable


@pytest.mark.parametrize(
    "command",
    [
        [sys.executable, "-c", "raise SystemExit(3)"],
        [sys.executable, "-c", "print('Segmentation fault (core dumped)')"],
        [sys.executable, "-c", "import os; input(); os.abort()"],
        [sys.executable, "-c", "input(); print('{}', flush=True); input()"],
        [sys.executable, "-c", "import sys\nwhile True: sys.stdout.write('x' * 65536)"],
        ["/nowhere/reader"],
    ],
    ids=["ends", "prints", "crashes", "says another thing", "never stops", "is not there"],
)
async def test_a_reader_that_is_none_is_told_and_harms_nobody(command: list[str]) -> None:
    async with sampling(command) as sampler:
        found = await sampler.fresh()
        assert not found.readable
        assert code(sampler) == "driver_failed"
        assert sampler.reader_pid is None


async def test_the_child_gets_no_secret_of_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("LD_LIBRARY_PATH", "/opt/driver")
    program = (
        "import json, os, sys\n"
        "said = dict(os.environ) | {'cwd': os.getcwd()}\n"
        "for _ in sys.stdin: print(json.dumps(dict(at=1.0, driver=json.dumps(said), cuda=None,"
        " devices=[], fault=None)), flush=True)"
    )
    async with sampling([sys.executable, "-c", program]) as sampler:
        told: dict[str, Any] = json.loads((await sampler.fresh()).driver or "{}")
    assert told["LD_LIBRARY_PATH"] == "/opt/driver"
    assert told["cwd"] == "/"
    known = {"PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "cwd"}
    assert set(told) <= known


# -- a GPU that is lost -------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["named", "nameless", "vanished"])
async def test_a_gpu_that_was_there_is_told_as_lost_by_its_name(
    gpus: SimulatedGPUs, how: str
) -> None:
    first, second = gpus.add("card A", 10_000), gpus.add("card B", 20_000)
    async with sampling(gpus) as sampler:
        await sampler.fresh()
        if how == "vanished":
            gpus.vanish(first)
        else:
            gpus.lose(first, nameless=how == "nameless")
        found = await sampler.fresh()
        assert found.readable
        lost, working = found.device(first), found.device(second)
        assert lost is not None
        assert working is not None
        assert (lost.state, lost.name, lost.total_mib) == ("lost", "card A", 10_000)
        assert lost.used_mib is None
        assert (working.state, working.total_mib) == ("ok", 20_000)
        assert code(sampler) == "gpu_lost"
        assert sampler.problem is not None
        assert "card A" in sampler.problem.message


async def test_the_only_gpu_that_vanishes_is_lost_and_not_absent(gpus: SimulatedGPUs) -> None:
    card = gpus.add()
    async with sampling(gpus) as sampler:
        await sampler.fresh()
        gpus.vanish(card)
        found = await sampler.fresh()
        assert [(device.uuid, device.state) for device in found.devices] == [(card, "lost")]
        assert code(sampler) == "gpu_lost"


async def test_a_gpu_that_was_reset_works_again(gpus: SimulatedGPUs) -> None:
    card = gpus.add()
    async with sampling(gpus, replace(PATIENT, lost=0.0)) as sampler:
        await sampler.fresh()
        gpus.lose(card)
        assert (await sampler.fresh()).devices[0].state == "lost"
        # Only who opens the driver anew sees what came back.
        assert sampler.reader_pid is None
        gpus.bring_back(card)
        assert (await sampler.fresh()).devices[0].state == "ok"
        assert sampler.problem is None


async def test_an_instance_that_was_unmade_is_no_loss(gpus: SimulatedGPUs) -> None:
    card = gpus.add()
    gpus.split(card, 10_000, 10_000)
    async with sampling(gpus) as sampler:
        await sampler.fresh()
        gpus.split(card, 20_000)
        found = await sampler.fresh()
        assert [device.state for device in found.devices] == ["ok", "ok"]
        assert found.fault is None


# -- the end ------------------------------------------------------------------------------------


async def test_closing_answers_who_waits_and_ends_a_child_that_hangs(gpus: SimulatedGPUs) -> None:
    gpus.add()
    async with sampling(gpus) as sampler:
        await sampler.fresh()
        pid = sampler.reader_pid
        assert pid is not None
        gpus.hang()
        waiting = [asyncio.create_task(sampler.fresh()) for _ in range(3)]
        await asyncio.sleep(0)
        await sampler.close()
        for found in await asyncio.gather(*waiting):
            assert not found.readable
        assert not lives(pid)
        assert not (await sampler.fresh()).readable
        await sampler.latest()
        assert sampler.reader_pid is None


@pytest.mark.parametrize("hangs", [False, True], ids=["idle", "hanging"])
def test_the_child_ends_with_a_server_that_is_killed(gpus: SimulatedGPUs, hangs: bool) -> None:
    gpus.add()
    program = (
        "import asyncio, sys\n"
        "from pathlib import Path\n"
        f"sys.path.insert(0, {str(TESTS)!r})\n"
        "from simulated_gpus import SimulatedGPUs\n"
        "from coursia_genai_lab.gpu.sampler import Sampler\n"
        "async def main():\n"
        f"    gpus = SimulatedGPUs(Path({str(gpus.file.parent)!r}))\n"
        "    sampler = Sampler(gpus.command)\n"
        "    await sampler.fresh()\n"
        f"    gpus.hang() if {hangs} else None\n"
        "    task = asyncio.ensure_future(sampler.fresh())\n"
        "    await asyncio.sleep(0.1)\n"
        "    print(sampler.reader_pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        pid = int(server.stdout.readline())
        assert lives(pid)
        server.kill()
    asyncio.run(until(lambda: not lives(pid)))
