"""Run a command as long as somebody answers for it: the Lab that started it, or a lease.

    python -I -S warden.py LIFE FOLDER LEASE OWNER COMMAND…

LIFE is a descriptor that reads to its end when the Lab's process ends, however it ends. Then the
command is ended too, unless the file LEASE holds a Unix time that is still to come, or a Lab
holds a lock on the file OWNER: so a service that is pinned outlives a restart of the server,
and the next Lab adopts it. The warden leads the group, ends as its command ends, and imports
nothing of ours, for it is one process more for each service.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from pathlib import Path

CANNOT_RUN = 127
_PR_SET_PDEATHSIG = 1
LOOK_SECONDS = 1.0
GRACE_SECONDS = 5.0
_FOR_THE_COMMAND = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def main(arguments: Sequence[str]) -> None:
    """Run the command and end as it ends."""
    life, folder, lease, owner, *command = arguments
    # Before the command is there, so that neither its end nor an order to end it is missed.
    signal.pthread_sigmask(signal.SIG_BLOCK, [*_FOR_THE_COMMAND, signal.SIGCHLD])
    child = os.fork()
    if child == 0:
        _become(command, folder, int(life))
    awake, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    for number in (*_FOR_THE_COMMAND, signal.SIGCHLD):
        signal.signal(number, _nothing)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [*_FOR_THE_COMMAND, signal.SIGCHLD])
    _until_the_lab_ends(child, int(life), awake)
    while is_claimed(lease, owner):
        _look(child, [awake], LOOK_SECONDS, alone=True)
    _end(child, awake)


def is_claimed(lease: str, owner: str) -> bool:
    """Say whether the lease still runs, or a Lab that lives has taken the owner's file."""
    from pathlib import Path  # by the first look only: most wardens never have one

    try:
        if float(Path(lease).read_text(encoding="ascii")) > time.time():
            return True
    except (OSError, ValueError):
        pass
    return _is_locked(Path(owner))


def _is_locked(path: Path) -> bool:
    # Trying the lock would hinder a Lab that tries it at this moment; proc(5) only tells.
    try:
        file = path.stat()
        locks = type(path)("/proc/locks").read_text(encoding="ascii").splitlines()
        held = [line.split() for line in locks if " FLOCK " in line and "->" not in line]
        pids = [lock[4] for lock in held if lock[5].rpartition(":")[2] == str(file.st_ino)]
    except (OSError, IndexError):
        return False
    return any(_is_among(type(path)("/proc", pid, "fd"), file) for pid in pids)


def _is_among(opened: Path, file: os.stat_result) -> bool:
    # Two file systems have files of one number, and the device that proc(5) tells of a lock is
    # not always that of stat(2).
    try:
        links = list(opened.iterdir())
    except PermissionError:
        return True  # it hides what it has open: rather believed than robbed of its service
    except OSError:
        return False
    for link in links:
        try:
            if os.path.samestat(link.stat(), file):
                return True
        except OSError:
            continue  # closed at this moment
    return False


def _until_the_lab_ends(child: int, life: int, awake: int) -> None:
    while life not in _look(child, [life, awake], None, alone=False):
        pass


def _look(child: int, watched: list[int], seconds: float | None, *, alone: bool) -> list[int]:
    """Return what can be read after a while; end as the command does, once it has."""
    ready = select.select(watched, [], [], seconds)[0]
    for descriptor in ready:
        if descriptor == watched[-1]:
            os.read(descriptor, 4096)
    ended, status = os.waitpid(child, os.WNOHANG)
    if ended:
        if alone:  # nobody else ends what the command has left in the group
            os.killpg(0, signal.SIGKILL)
        _end_like(os.waitstatus_to_exitcode(status))
    return ready


def _end(child: int, awake: int) -> None:
    os.killpg(0, signal.SIGTERM)
    until = time.monotonic() + GRACE_SECONDS
    while (left := until - time.monotonic()) > 0:
        _look(child, [awake], left, alone=True)
    os.killpg(0, signal.SIGKILL)


def _end_like(code: int) -> NoReturn:
    if code < 0:
        # The Lab reads the signal from our own end: `killed by SIGKILL` is often the memory.
        signal.signal(-code, signal.SIG_DFL) if -code not in (9, 19) else None
        os.kill(os.getpid(), -code)
    sys.exit(code)


def _become(command: list[str], folder: str, life: int) -> NoReturn:
    try:
        os.close(life)
        _end_with_the_warden()
        for number in (*_FOR_THE_COMMAND, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, [])
        os.chdir(folder)
        os.execvp(command[0], command)  # noqa: S606 -- no shell is what we want
    except OSError as error:
        os.write(2, f"{command[0]} cannot be run: {error.strerror}\n".encode())
    os._exit(CANNOT_RUN)


def _end_with_the_warden() -> None:
    # prctl(2): survives exec. Elsewhere a warden that is killed leaves its command to the Lab.
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _nothing(number: int, frame: FrameType | None) -> None:
    """Wake the loop: an order to end is sent to the whole group, and twice would be too often."""


if __name__ == "__main__":
    main(sys.argv[1:])
