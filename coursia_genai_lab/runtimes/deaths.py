"""The sentence about a service that ended while it was starting."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import ServiceDied
from .base import Exit, StartOrder
from .credentials import redact

KEPT_LINES = 200
"""What is kept of the output of a start whose files are then removed."""
_LONGEST_LINE = 200


def died_while_starting(order: StartOrder, exit_: Exit, lines: Iterable[str]) -> ServiceDied:
    """Return the error with the last line that says anything, the credential removed.

    All the lines come with it, as its `output`.
    """
    output = redact(lines, order.credential)
    said = [line.strip() for line in output if line.strip()]
    words = f" Its last line: {said[-1][:_LONGEST_LINE]}" if said else ""
    error = ServiceDied(f"{order.spec.title} ended while it was starting: {exit_.reason}.{words}")
    error.output = output
    return error
