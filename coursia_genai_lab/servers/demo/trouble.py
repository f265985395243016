"""Trouble on purpose: what goes wrong on a real engine, one kind a switch.

Some kinds spoil the answer to the call that brings a job, the others the job itself; each dialect
words them as its real server does.
"""

from __future__ import annotations

from .jobs import JobFailedError
from .settings import TROUBLES, Settings

HEADER = "X-Demo-Trouble"
ANSWERS = ("no-answer", "silence", "trickle", "garbage")
"""Kinds that spoil an answer; no job comes of the call."""
GARBAGE = b'{"images": [\x00\xff<html>'
OUT_OF_MEMORY = (
    "CUDA out of memory. Tried to allocate 2.25 GiB. GPU 0 has a total capacity of 23.99 GiB of "
    "which 812.00 MiB is free."
)
REFUSAL = "The request was rejected: content moderation does not allow it."


class UnknownTroubleError(ValueError):
    """A call asks for a kind of trouble that there is not; the message says which there are."""


class OutOfMemoryError(JobFailedError):
    """What torch raises where the GPU's memory does not suffice."""

    reported_as = "torch.OutOfMemoryError"

    def __init__(self) -> None:
        super().__init__(OUT_OF_MEMORY)


class RefusedError(JobFailedError):
    """What a node raises whose provider does not want the picture made."""

    reported_as = "Exception"

    def __init__(self) -> None:
        super().__init__(REFUSAL)


class Troubles:
    """Says of each job whether it gets into trouble; counts those that came."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # Whoever has no credential to show must not be able to spoil anything.
        self._asked_for = settings.trouble_header and settings.token is not None
        self._jobs = 0

    def of_next_job(self, asked: str | None) -> str | None:
        """Return the kind of trouble for the job at hand, None for none.

        `asked` is what the call itself asks for; it counts only where the engine lets calls ask.
        Raises UnknownTroubleError.
        """
        if asked is not None and self._asked_for:
            if asked not in TROUBLES:
                raise UnknownTroubleError(f"{HEADER} must be one of {', '.join(TROUBLES)}.")
            return asked
        self._jobs += 1
        number = self._jobs - self._settings.trouble_after
        times = self._settings.trouble_times
        if number < 1 or (times is not None and number > times):
            return None
        return self._settings.trouble
