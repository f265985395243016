"""What a service wrote before it ended by itself, for its files are then removed."""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import GenAIError, ServiceDied
from ..runtimes.base import Instance, Runtime

KEPT_LINES = 200


async def lines_of(runtime: Runtime, instance: Instance) -> list[str]:
    """Return the last lines of an instance's output; none where they cannot be read."""
    try:
        return await runtime.logs(instance, KEPT_LINES)
    except (GenAIError, OSError):
        # A disk that fails must not hide the end that is to be told.
        return []


def lines_in(error: BaseException) -> list[str]:
    """Return the output that came with the news of an end before there was an instance."""
    return list(error.output) if isinstance(error, ServiceDied) else []


def sentence(lines: Sequence[str]) -> str:
    """Return the last line as a sentence to add, with a space before it; or an empty text."""
    last = lines[-1].strip()[:200] if lines else ""
    return f" Its last line: {last}" if last else ""
