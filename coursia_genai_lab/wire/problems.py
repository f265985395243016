"""A problem as a person is told it."""

from __future__ import annotations

from .shape import Shape


class Problem(Shape):
    """What went wrong, for a program (code) and for a person (message, remedy)."""

    code: str
    message: str
    remedy: str
    command: str | None = None
    """One command line that mends it, where there is one."""
