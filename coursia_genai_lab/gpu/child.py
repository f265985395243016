"""The process that asks the driver: one line of JSON for each line that it is sent.

    python -I child.py

It is alone with NVML, so that a GPU that falls off its bus hangs nobody but it. It ends with the
process that started it, as far as the system lets it end.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from coursia_genai_lab.gpu.nvml import Nvml

_PR_SET_PDEATHSIG = 1
"""prctl(2), include/uapi/linux/prctl.h."""


def main(*, same_pids: bool | None = None) -> None:
    """Answer until standard input ends; `same_pids` as in `ProcessTable`."""
    _end_with_the_parent()
    answers = _take_standard_output()
    # Ctrl-C in the terminal of the server is the server's business.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    driver: Nvml | None = None
    for _ in sys.stdin.buffer:
        driver = driver or _driver(same_pids)
        answers.write(_answer(driver))
        answers.flush()
    if driver is not None:
        driver.close()


def _driver(same_pids: bool | None) -> Nvml | None:
    from coursia_genai_lab.gpu.processes import ProcessTable

    try:
        import pynvml
    except ImportError:
        return None
    from coursia_genai_lab.gpu.nvml import Nvml

    return Nvml(pynvml, ProcessTable(same_pids=same_pids))


def _answer(driver: Nvml | None) -> bytes:
    import time

    from coursia_genai_lab.gpu.reading import Fault, Reading, to_json

    if driver is None:
        absent = Fault("driver_failed", "the Python package nvidia-ml-py is not installed")
        found = Reading(at=time.time(), fault=absent)
    else:
        found = driver.read()
    return to_json(found).encode() + b"\n"


def _take_standard_output() -> BinaryIO:
    # What a library prints must not stand between two answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _end_with_the_parent() -> None:
    # The end of standard input says it as well, but to nobody who hangs in the driver.
    if sys.platform == "linux":
        import ctypes

        parent = os.getppid()
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(1)


if __name__ == "__main__":
    # Run by its path, and not as a module: the folder that the server runs in is full of other
    # people's files, and one of them may be called `json.py`.
    sys.path.append(str(Path(__file__).resolve().parents[2]))
    main()
