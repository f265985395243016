"""When the engine ends: a signal, or the end of the process that started it."""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import sys
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
POLL_SECONDS = 0.25
SYNCHRONIZE = 0x00100000


def stop_on_signals(stop: Callable[[], None]) -> None:
    """Call `stop` in the running loop at SIGTERM and SIGINT."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        if sys.platform == "win32":
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop))
        else:
            loop.add_signal_handler(number, stop)


def is_alive(pid: int) -> bool:
    """Return whether there is a process `pid`; a dead child of somebody else counts as alive."""
    if sys.platform == "win32":
        # Signal 0 would end the process there.
        handle = ctypes.windll.kernel32.OpenProcess(SYNCHRONIZE, False, pid)
        if not handle:
            return False
        try:
            return bool(ctypes.windll.kernel32.WaitForSingleObject(handle, 0))
        finally:
            ctypes.windll.kernel32.CloseHandle(handle)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def stop_with_parent(pid: int, stop: Callable[[], None]) -> None:
    """Call `stop` once process `pid` is gone; never returns before that.

    On Linux the kernel wakes us when the parent's starting thread ends; whether the parent itself
    is gone is then looked up, because a thread may end long before its process.
    """
    wake = asyncio.Event()
    is_parent = os.getppid() == pid
    if sys.platform == "linux" and is_parent:
        asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, wake.set)
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGUSR1)
    while os.getppid() == pid if is_parent else is_alive(pid):
        wake.clear()
        try:
            await asyncio.wait_for(wake.wait(), POLL_SECONDS)
        except asyncio.TimeoutError:
            continue
    stop()
