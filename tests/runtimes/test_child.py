"""One process and its group."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from waiting import until

from coursia_genai_lab.runtimes.child import PIDFD_OPEN, Child, Identity, OpenPidfd, identify, spawn

PATIENCE = 60.0


def no_pidfd(pid: int) -> int:
    raise OSError("not on this kernel")


watching = pytest.mark.parametrize(
    "open_pidfd", [PIDFD_OPEN, None, no_pidfd], ids=["pidfd", "looking", "sandbox"]
)


def python(folder: Path, source: str, *arguments: str) -> Identity:
    output = folder / "output"
    output.touch()
    command = [sys.executable, "-c", source, *arguments]
    return spawn(command, {"PATH": os.environ["PATH"]}, folder, output)


def exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def children_of(pid: int) -> list[int]:
    try:
        return [int(kid) for kid in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def said(folder: Path, text: str) -> Callable[[], bool]:
    return lambda: text in (folder / "output").read_text()


@watching
async def test_its_status_is_told_and_no_zombie_stays(
    tmp_path: Path, open_pidfd: OpenPidfd | None
) -> None:
    identity = python(tmp_path, "raise SystemExit(7)")
    child = Child(identity, open_pidfd=open_pidfd)
    ended = await asyncio.wait_for(child.wait(), PATIENCE)
    assert (ended.code, ended.reason) == (7, "exited with status 7")
    assert not exists(identity.pid)


@watching
async def test_a_process_that_ignores_the_polite_signal_is_killed(
    tmp_path: Path, open_pidfd: OpenPidfd | None
) -> None:
    source = "import signal; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True)\n"
    child = Child(python(tmp_path, source + "signal.pause()"), open_pidfd=open_pidfd)
    await until(said(tmp_path, "deaf"))
    await child.end(0.05)
    assert child.exit is not None
    assert child.exit.reason == "killed by SIGKILL"


async def test_a_process_that_takes_the_polite_signal_is_not_killed(tmp_path: Path) -> None:
    source = "import signal; signal.signal(15, lambda *_: exit(0)); print('up', flush=True)\n"
    child = Child(python(tmp_path, source + "signal.pause()"))
    await until(said(tmp_path, "up"))
    await child.end(PATIENCE)
    assert child.exit is not None
    assert child.exit.code == 0
    await child.end(PATIENCE)


FORKS = """
import os, signal, sys
signal.signal(15, lambda *_: sys.exit(4))
if os.fork() == 0:
    signal.signal(15, signal.SIG_IGN)
    print("child", os.getpid(), flush=True)
    signal.pause()
signal.pause()
"""


async def test_no_stray_of_its_group_outlives_it(tmp_path: Path) -> None:
    child = Child(python(tmp_path, FORKS))
    await until(said(tmp_path, "child"))
    stray = int((tmp_path / "output").read_text().split()[1])
    assert identify(stray) is not None
    os.killpg(child.identity.pid, signal.SIGTERM)
    assert (await asyncio.wait_for(child.wait(), PATIENCE)).code == 4
    await until(lambda: identify(stray) is None)


async def test_a_cancelled_wait_does_not_end_the_watch(tmp_path: Path) -> None:
    child = Child(python(tmp_path, "import signal; signal.pause()"))
    wait = asyncio.create_task(child.wait())
    await asyncio.sleep(0)
    wait.cancel()
    await asyncio.wait([wait])
    assert child.exit is None
    await child.end(0)
    assert child.exit is not None


async def test_output_of_both_kinds_goes_to_the_file_and_input_is_empty(tmp_path: Path) -> None:
    source = "import sys, os; print(sys.stdin.read() + 'out', flush=True); os.write(2, b'err')"
    child = Child(python(tmp_path, source))
    await asyncio.wait_for(child.wait(), PATIENCE)
    assert (tmp_path / "output").read_text() == "out\nerr"


async def test_it_runs_in_the_given_folder_with_the_given_environment_only(tmp_path: Path) -> None:
    source = "import os; print(os.getcwd(), *sorted(os.environ))"
    child = Child(python(tmp_path, source))
    await asyncio.wait_for(child.wait(), PATIENCE)
    folder, *names = (tmp_path / "output").read_text().split()
    assert folder == str(tmp_path.resolve())
    assert set(names) <= {"PATH", "LC_CTYPE"}


async def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    (tmp_path / "output").touch()
    child = Child(spawn(["/no/such/program"], {}, tmp_path, tmp_path / "output"))
    assert (await asyncio.wait_for(child.wait(), PATIENCE)).code == 127
    assert "/no/such/program cannot be run" in (tmp_path / "output").read_text()


async def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    source = f"""
import os, pathlib, sys, time
sys.path[:0] = {sys.path!r}
from coursia_genai_lab.runtimes.child import spawn
folder = pathlib.Path({str(tmp_path)!r})
output = folder / "output"
output.touch()
source = "import signal; print('up', flush=True); signal.pause()"
child = spawn([sys.executable, "-c", source], {{}}, folder, output)
print(child.pid, flush=True)
time.sleep(600)
"""
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    pid = int(await asyncio.wait_for(parent.stdout.readline(), PATIENCE))
    await until(said(tmp_path, "up"))
    assert identify(pid) is not None
    parent.kill()
    await asyncio.wait_for(parent.wait(), PATIENCE)
    await until(lambda: identify(pid) is None)


@pytest.mark.skipif(sys.platform != "linux", reason="prctl is Linux's")
async def test_it_ends_when_its_warden_is_killed(tmp_path: Path) -> None:
    source = "import os, signal; print('up', os.getpid(), flush=True); signal.pause()"
    child = Child(python(tmp_path, source))
    await until(said(tmp_path, "up"))
    command = int((tmp_path / "output").read_text().split()[1])
    assert command != child.identity.pid
    os.kill(child.identity.pid, signal.SIGKILL)
    await until(lambda: identify(command) is None)
    await asyncio.wait_for(child.wait(), PATIENCE)


def test_two_processes_with_one_pid_are_told_apart() -> None:
    me = identify(os.getpid())
    assert me is not None
    assert me.same_process(identify(os.getpid()))
    assert not me.same_process(Identity(me.pid, "1@another"))
    assert not me.same_process(None)
    unknown = Identity(me.pid, "")
    assert not unknown.same_process(unknown)


@watching
async def test_the_end_of_somebody_elses_child_is_seen(
    tmp_path: Path, open_pidfd: OpenPidfd | None
) -> None:
    source = "import os, signal\nif os.fork() == 0: signal.pause()\nelse: os.wait()"
    parent = Child(python(tmp_path, source))
    await until(lambda: bool(children_of(parent.identity.pid)))
    identity = identify(children_of(parent.identity.pid)[0])
    assert identity is not None
    grandchild = Child(identity, open_pidfd=open_pidfd)
    os.kill(identity.pid, signal.SIGKILL)
    assert (await asyncio.wait_for(grandchild.wait(), PATIENCE)).code is None
    await asyncio.wait_for(parent.wait(), PATIENCE)


async def test_who_is_gone_already_has_ended(tmp_path: Path) -> None:
    first = Child(python(tmp_path, "pass"))
    await asyncio.wait_for(first.wait(), PATIENCE)
    again = Child(Identity(first.identity.pid, first.identity.start_time, parent=1))
    assert (await asyncio.wait_for(again.wait(), PATIENCE)).code is None
