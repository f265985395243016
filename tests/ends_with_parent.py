"""Become another program that ends when the process that started it ends.

    python -I -S ends_with_parent.py PARENT_PID FOLDER COMMAND…

A program between fork and exec would have to run in the parent's address space, which is not
safe with threads; this one is its own process. Linux only; elsewhere it just becomes COMMAND.
prctl(2): the signal comes when the *thread* that started us ends, and survives exec.
"""

from __future__ import annotations

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
CANNOT_RUN = 127


def main(arguments: list[str]) -> None:
    parent, folder, *command = arguments
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != int(parent):  # it ended before the signal was ordered
            sys.exit(CANNOT_RUN)
    os.chdir(folder)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.exit(f"{command[0]} cannot be run: {error.strerror}")


if __name__ == "__main__":
    main(sys.argv[1:])
