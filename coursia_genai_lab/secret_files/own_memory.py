"""Shuts the memory of this process to others of the same user, where Linux allows."""

from __future__ import annotations

import sys

_PR_GET_DUMPABLE, _PR_SET_DUMPABLE = 3, 4
"""prctl(2), include/uapi/linux/prctl.h."""


def shut_own_memory() -> bool:
    """Mark this process as non-dumpable; return whether it is.

    Others of the same user, kernels too, then cannot open its memory or its environment in /proc,
    nor attach a debugger; root still can. It writes no core dump. A program that it starts is
    ordinary again.
    """
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    try:
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        return bool(libc.prctl(_PR_GET_DUMPABLE, 0, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False  # a libc without prctl
