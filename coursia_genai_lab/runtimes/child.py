"""One process and its group: spawned, recognised, watched, ended. The POSIX calls stand here."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ServiceError
from . import warden
from .base import Exit

_POLL_SECONDS = 0.1
_KILL_SECONDS = 5.0

_LIFE_DESCRIPTOR = 3
_life_ends: list[int] = []

OpenPidfd = Callable[[int], int]
PIDFD_OPEN: OpenPidfd | None = getattr(os, "pidfd_open", None)


def can_run_children() -> bool:
    """Say whether this system has the calls that the process runtime needs."""
    return hasattr(os, "posix_spawn") and hasattr(os, "killpg")


@dataclass(frozen=True)
class Identity:
    """A process that cannot be taken for another one that got its pid later."""

    pid: int
    start_time: str
    """Clock ticks since boot, and the boot; empty where the system does not tell."""
    parent: int = 0

    def same_process(self, other: Identity | None) -> bool:
        """Say whether both are one process, for certain."""
        return (
            other is not None
            and self.pid == other.pid
            and bool(self.start_time)
            and self.start_time == other.start_time
        )


def identify(pid: int) -> Identity | None:
    """Return who has the pid now; None for nobody, a zombie, or where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    # proc(5): after the name come state (field 3), ppid (4), … starttime (22).
    if fields[0] in "ZXx":
        return None
    return Identity(pid, f"{fields[19]}@{boot[:8]}", int(fields[1]))


def spawn(
    command: Sequence[str],
    environment: Mapping[str, str],
    folder: Path,
    output: Path,
    *,
    lease: Path | None = None,
    owner: Path | None = None,
) -> Identity:
    """Start a command in a session of its own, under a warden that ends with this process.

    `lease` and `owner` are the files that let it outlive us; see `warden`. Standard input is
    empty; output and errors are appended to `output`. The identity is the warden's, who leads
    the group and ends as the command ends.

    Raises:
        OSError: the system refuses another process.
    """
    nowhere = Path(os.devnull) / "none"
    wrapped = [sys.executable, "-I", "-S", warden.__file__, str(_LIFE_DESCRIPTOR), str(folder)]
    append = os.O_WRONLY | os.O_APPEND
    pid = os.posix_spawn(
        sys.executable,
        [*wrapped, str(lease or nowhere), str(owner or nowhere), *command],
        dict(environment),
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(output), append, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
            (os.POSIX_SPAWN_DUP2, _life(), _LIFE_DESCRIPTOR),
        ],
        setsid=True,
        setsigmask=[],
        # Python ignores these, and what is ignored stays so over exec.
        setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
    )
    return identify(pid) or Identity(pid, "", os.getpid())


def _life() -> int:
    """Return a descriptor that reads to its end when this process ends.

    One for all children, never closed: whoever forgets a child must not end it.
    """
    if not _life_ends:
        _life_ends.extend(os.pipe())
        os.register_at_fork(after_in_child=_forget_life)
    return _life_ends[0]


def _forget_life() -> None:
    # A fork that never becomes another program would keep our children alive after us.
    while _life_ends:
        os.close(_life_ends.pop())


class Child:
    """A watched process; knows when it has ended, leaves no zombie and no stray of its group."""

    def __init__(
        self,
        identity: Identity,
        *,
        open_pidfd: OpenPidfd | None = PIDFD_OPEN,
    ) -> None:
        self.identity = identity
        self._ours = identity.parent == os.getpid()
        self._loop = asyncio.get_running_loop()
        self._exited: asyncio.Future[Exit] = self._loop.create_future()
        self._pidfd: int | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._watch(open_pidfd)

    @property
    def exit(self) -> Exit | None:
        """How it ended; None while it runs."""
        return self._exited.result() if self._exited.done() else None

    def family(self) -> list[int]:
        """Return the pids of the warden and of its command, as far as the system tells."""
        pid = self.identity.pid
        try:
            kids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            kids = []
        return [pid, *map(int, kids)]

    async def wait(self) -> Exit:
        """Return when it has ended."""
        return await asyncio.shield(self._exited)

    async def ended_within(self, seconds: float) -> bool:
        """Wait at most so long for its end."""
        await asyncio.wait([self._exited], timeout=seconds)
        return self._exited.done()

    async def end(self, grace_seconds: float) -> None:
        """Ask the group to end, and kill what has not after `grace_seconds`.

        Raises:
            ServiceError: the system does not let it die.
        """
        if not self._exited.done():
            self._signal(signal.SIGTERM)
            if not await self.ended_within(grace_seconds):
                self._signal(signal.SIGKILL)
                if not await self.ended_within(_KILL_SECONDS):
                    raise ServiceError(
                        f"Process {self.identity.pid} does not end, although it was killed.",
                        "It hangs in the system, often in a driver; see `dmesg`.",
                        code="process_hangs",
                    )

    def let_go(self) -> None:
        """Stop watching; the process goes on."""
        if self._timer is not None:
            self._timer.cancel()
        if self._pidfd is not None:
            self._loop.remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._pidfd = None

    def _watch(self, open_pidfd: OpenPidfd | None) -> None:
        if open_pidfd is not None:
            try:
                self._pidfd = open_pidfd(self.identity.pid)
            except ProcessLookupError:
                self._ended()
                return
            except OSError:
                pass  # an old kernel or a sandbox: look now and then instead
            else:
                self._loop.add_reader(self._pidfd, self._ended)
                return
        self._poll()

    def _poll(self) -> None:
        if self._still_there():
            self._timer = self._loop.call_later(_POLL_SECONDS, self._poll)
        else:
            self._ended()

    def _still_there(self) -> bool:
        if self._ours:
            try:
                flags = os.WEXITED | os.WNOHANG | os.WNOWAIT
                return os.waitid(os.P_PID, self.identity.pid, flags) is None
            except ChildProcessError:
                return False
        return self.identity.same_process(identify(self.identity.pid))

    def _ended(self) -> None:
        self.let_go()
        if self._exited.done():
            return
        if not self._ours:
            self._exited.set_result(Exit(None, "ended"))
            return
        # As long as the dead leader is not collected nobody else can get its group's number.
        self._signal(signal.SIGKILL)
        try:
            _, status = os.waitpid(self.identity.pid, 0)
        except ChildProcessError:
            self._exited.set_result(Exit(None, "ended"))
            return
        self._exited.set_result(_exit(os.waitstatus_to_exitcode(status)))

    def _signal(self, number: signal.Signals) -> None:
        # macOS says EPERM for a group of which only the dead leader is left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.identity.pid, number)


def _exit(code: int) -> Exit:
    if code >= 0:
        return Exit(code, f"exited with status {code}")
    return Exit(code, f"killed by {signal.Signals(-code).name}")
