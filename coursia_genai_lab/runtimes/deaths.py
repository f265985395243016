"""The sentence about a service that ended while it was starting."""

from __future__ import annotations

from collections.abc import Iterable

from ..errors import ServiceDied
from .base import Exit, StartOrder
from .credentials import redact

_LONGEST_LINE = 200


def died_while_starting(order: StartOrder, exit_: Exit, lines: Iterable[str]) -> ServiceDied:
    """Return the error with the last line that says anything, the credential removed."""
    said = [line.strip() for line in redact(lines, order.credential) if line.strip()]
    words = f" Its last line: {said[-1][:_LONGEST_LINE]}" if said else ""
    return ServiceDied(f"{order.spec.title} ended while it was starting: {exit_.reason}.{words}")
