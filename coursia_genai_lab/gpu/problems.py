"""What is wrong with the GPUs, in a sentence with a remedy; and one command where there is one."""

from __future__ import annotations

from ..wire.problems import Problem
from .reading import Fault, FaultCode

SMI = "nvidia-smi"
_WITHOUT = "Nothing to do where no GPU is meant to be: the demo engine and clouds need none."

_WORDS: dict[FaultCode, tuple[str, str, str | None]] = {
    "no_driver": (
        "No NVIDIA driver is installed here.",
        f"{_WITHOUT} Else install the driver (on WSL 2: in Windows), then start Jupyter again.",
        None,
    ),
    "driver_not_loaded": (
        "The NVIDIA driver is installed but not loaded.",
        "Load it; after an update of the kernel or of the driver, start the machine again.",
        "sudo modprobe nvidia",
    ),
    "driver_mismatch": (
        "The NVIDIA driver was updated while the old one is still loaded.",
        "Start the machine again.",
        None,
    ),
    "no_permission": (
        "The NVIDIA driver does not let this user in.",
        (
            "Look who may use /dev/nvidia*: often the groups `video` and `render`. Log in again "
            "after a change."
        ),
        "ls -l /dev/nvidiactl /dev/nvidia0",
    ),
    "driver_hangs": (
        "The NVIDIA driver does not answer.",
        (
            "A GPU may have fallen off its bus: the kernel's log says so with a line `NVRM: Xid`. "
            "Start the machine again when it does not come back."
        ),
        "sudo dmesg | grep -i xid",
    ),
    "driver_failed": (
        "The NVIDIA driver cannot be asked.",
        "See what it says to its own tool.",
        SMI,
    ),
    "no_gpu": (
        "The NVIDIA driver finds no GPU.",
        f"{_WITHOUT} Else look whether the card is seated and powered, or given to this machine.",
        "lspci | grep -i nvidia",
    ),
    "gpu_lost": (
        "A GPU does not answer any more.",
        (
            "Stop what uses it, then reset it, or start the machine again; heat and power are the "
            "usual causes."
        ),
        "sudo nvidia-smi --gpu-reset",
    ),
}
_WITH_DETAIL = ("driver_failed", "gpu_lost", "driver_hangs")


def problem_of(fault: Fault) -> Problem:
    """Return a fault as a person is told it."""
    message, remedy, command = _WORDS[fault.code]
    if fault.detail and fault.code in _WITH_DETAIL:
        message = f"{message[:-1]}: {fault.detail}."
    return Problem(code=fault.code, message=message, remedy=remedy, command=command)
