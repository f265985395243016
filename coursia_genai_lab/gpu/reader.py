"""The child that asks the driver, as its owner holds it: asked, killed when it hangs, collected."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from . import child
from .reading import Reading, from_json

COMMAND = (sys.executable, "-I", child.__file__)
"""Isolated: neither the folder that the server runs in nor a variable decides what is loaded."""
MOST_STUCK = 3
"""Readers that were killed and live on, in a call of the driver that nothing interrupts: with so
many of them another one would only be the next."""
_LONGEST_ANSWER = 4 * 1024 * 1024
_COLLECT_SECONDS = (0.02, 5.0)
_LOOKS_AFTER_THE_END = 10
# What the loader needs to find the driver's library, and to name users; no key, no token.
_KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL", "TZ")

Kill = Callable[["subprocess.Popen[bytes]"], None]


class ReaderHangs(Exception):
    """No answer in time; the reader was killed."""


class ReaderEnded(Exception):
    """The reader ended by itself, could not be started, or said nonsense."""


class Reader:
    """At most one child that answers; used by one caller at a time, on one event loop.

    `kill` ends a process that does not answer; a test may make that fail, as drivers do.
    """

    def __init__(self, command: Sequence[str] = COMMAND, *, kill: Kill | None = None) -> None:
        self._command = list(command)
        self._kill = kill or subprocess.Popen.kill
        self._child: _Child | None = None
        self._dying: list[subprocess.Popen[bytes]] = []
        self._collecting: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int | None:
        """The child's pid; None while there is none."""
        return self._child.process.pid if self._child else None

    @property
    def age(self) -> float:
        """Seconds since the child was started; 0 while there is none."""
        return time.monotonic() - self._child.started if self._child else 0.0

    @property
    def stuck(self) -> int:
        """How many were killed and have not ended yet."""
        self._collect()
        return len(self._dying)

    async def ask(self, seconds: float, first_seconds: float) -> Reading:
        """Return a reading that is taken now; starts a child where there is none.

        The first answer of a child may take longer: a driver that sleeps wakes for it.

        Raises:
            ReaderHangs: no answer in time, or too many readers hang already.
            ReaderEnded: there is no telling what the GPUs do.
        """
        if os.name != "posix":
            raise ReaderEnded("GPUs are read on Linux and WSL 2 only")
        fresh = self._child is None
        if fresh:
            if self.stuck >= MOST_STUCK:
                raise ReaderHangs
            try:
                self._child = _Child(self._command)
            except OSError as error:
                raise ReaderEnded(f"it cannot be started: {error.strerror}") from None
        running = self._child
        assert running is not None
        answer = running.ask()
        try:
            await asyncio.wait([answer], timeout=first_seconds if fresh else seconds)
            if not answer.done():
                raise ReaderHangs
            line = answer.result()
            if line is None:
                raise ReaderEnded(await _how(running.process))
            return from_json(line)
        except ValueError as error:
            running.let_go()
            raise ReaderEnded(str(error)) from None
        finally:
            # Also when the caller was cancelled: an answer that comes later is nobody's.
            if not running.idle:
                self.end()

    def end(self) -> None:
        """End the child, if there is one; never waits for it."""
        if self._child is None:
            return
        gone, self._child = self._child, None
        gone.let_go()
        with contextlib.suppress(OSError):
            self._kill(gone.process)
        self._dying.append(gone.process)
        self._collect_later(_COLLECT_SECONDS[0])

    async def close(self, seconds: float = 1.0) -> None:
        """End the child and wait so long for it; what hangs in the system is left to it."""
        self.end()
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self.stuck and loop.time() < until:  # noqa: ASYNC110 -- a process tells no event
            await asyncio.sleep(_COLLECT_SECONDS[0])
        if self._collecting is not None:
            self._collecting.cancel()
            self._collecting = None

    def _collect(self) -> None:
        self._dying = [process for process in self._dying if process.poll() is None]

    def _collect_later(self, seconds: float) -> None:
        if self._collecting is not None:
            self._collecting.cancel()
        loop = asyncio.get_running_loop()
        self._collecting = loop.call_later(seconds, self._collect_again, seconds)

    def _collect_again(self, seconds: float) -> None:
        self._collecting = None
        if self.stuck:
            self._collect_later(min(_COLLECT_SECONDS[1], 2 * seconds))


class _Child:
    """One process and its two pipes."""

    def __init__(self, command: Sequence[str]) -> None:
        # Here and in no thread: the signal that ends it with its parent comes when the thread that
        # started it ends. It takes about a millisecond.
        self.process = subprocess.Popen(  # noqa: S603 -- the operator's command, or ours
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={name: os.environ[name] for name in _KEPT if name in os.environ},
            cwd=Path(sys.executable).anchor,
            bufsize=0,
            start_new_session=True,
        )
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self._questions, self._answers = self.process.stdin, self.process.stdout
        self.started = time.monotonic()
        self._loop = asyncio.get_running_loop()
        self._line = bytearray()
        self._answer: asyncio.Future[bytes | None] | None = None
        os.set_blocking(self._answers.fileno(), False)
        self._loop.add_reader(self._answers.fileno(), self._read)

    @property
    def idle(self) -> bool:
        """Whether it runs and owes no answer."""
        return self._answer is None and not self._answers.closed

    def ask(self) -> asyncio.Future[bytes | None]:
        """Send the question; the future becomes one line, or None when none will come."""
        answer = self._answer = self._loop.create_future()
        try:
            self._questions.write(b"\n")
        except OSError:
            self.let_go()
        return answer

    def let_go(self) -> None:
        """Close the pipes; who waits for an answer is told that there will be none."""
        if not self._answers.closed:
            self._loop.remove_reader(self._answers.fileno())
            self._answers.close()
            self._questions.close()
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(None)

    def _read(self) -> None:
        try:
            found = os.read(self._answers.fileno(), 65536)
        except BlockingIOError:
            return
        except OSError:
            found = b""
        if not found or len(self._line) > _LONGEST_ANSWER:
            self.let_go()
            return
        self._line += found
        if self._line.endswith(b"\n"):
            line, self._line = bytes(self._line), bytearray()
            answer, self._answer = self._answer, None
            if answer is not None and not answer.done():
                answer.set_result(line)


async def _how(process: subprocess.Popen[bytes]) -> str:
    # Its pipe is closed a moment before it is seen to have ended.
    for _ in range(_LOOKS_AFTER_THE_END):
        code = process.poll()
        if code is not None:
            ended = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
            return f"the process that asks it {ended}"
        await asyncio.sleep(_COLLECT_SECONDS[0])
    return "the process that asks it says nothing"
