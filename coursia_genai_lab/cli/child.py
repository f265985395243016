"""Run a command as a child: it has our input and output, hears our signals, and says our status."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from types import TracebackType

PASSED_ON = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
NOT_FOUND = 127
NOT_EXECUTABLE = 126
BY_SIGNAL = 128
"""Added to a signal's number, as shells do."""


class CannotRun(Exception):
    """The command is no program that can be run; `status` is what shells say of it."""

    def __init__(self, command: str, status: int) -> None:
        words = "not found" if status == NOT_FOUND else "cannot be executed"
        super().__init__(f"{command}: {words}")
        self.status = status


class Signals:
    """While it stands, signals go to the child; before there is one, they cancel the task.

    `early` is the signal that did.
    """

    def __init__(self) -> None:
        self.early: int | None = None
        self._loop = asyncio.get_running_loop()
        self._task = asyncio.current_task()
        self._child: asyncio.subprocess.Process | None = None
        self._installed: list[int] = []

    def __enter__(self) -> Signals:
        for number in PASSED_ON:
            # What whoever called us ignores, as nohup does, we and the child ignore, too.
            if signal.getsignal(number) is signal.SIG_IGN:
                continue
            # Where there are no handlers, a console tells child and parent alike.
            with contextlib.suppress(NotImplementedError):
                self._loop.add_signal_handler(number, self._heard, number)
                self._installed.append(number)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number in self._installed:
            self._loop.remove_signal_handler(number)

    async def run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run a command to its end and return its status.

        Raises:
            CannotRun: it is none.
        """
        try:
            self._child = await asyncio.create_subprocess_exec(*command, env=dict(environment))
        except FileNotFoundError:
            raise CannotRun(command[0], NOT_FOUND) from None
        except OSError:
            raise CannotRun(command[0], NOT_EXECUTABLE) from None
        status = await self._child.wait()
        return status if status >= 0 else BY_SIGNAL - status

    def _heard(self, number: int) -> None:
        if self._child is None:
            if self.early is None and self._task is not None:
                self.early = number
                self._task.cancel()
        elif self._child.returncode is None and not _terminal_told(number):
            # It may have ended a moment ago.
            with contextlib.suppress(ProcessLookupError):
                self._child.send_signal(number)


def _terminal_told(number: int) -> bool:
    """Say whether a Ctrl-C came from the terminal, which has told the child as well."""
    if number != signal.SIGINT or not hasattr(os, "tcgetpgrp"):
        return False
    try:
        terminal = os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
