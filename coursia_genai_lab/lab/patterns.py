"""Names with `*` for anything, as policies write them; upper and lower case are one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Say whether a name is one of those meant."""
    folded = name.casefold()
    return any(_matches(folded, pattern.casefold()) for pattern in patterns)


def in_both(upper: Sequence[str], lower: Sequence[str]) -> tuple[str, ...]:
    """Return patterns of what both sequences mean.

    Of two that only overlap, `gpt-*` and `*-mini`, nothing is taken: it is never too much.
    """
    found = [one for one in lower if matches(one, upper)]
    found += [one for one in upper if matches(one, lower)]
    return tuple(dict.fromkeys(found))


def _matches(name: str, pattern: str) -> bool:
    first, *rest = pattern.split("*")
    if not rest:
        return name == pattern
    *middle, last = rest
    if not name.startswith(first) or not name.endswith(last):
        return False
    at, end = len(first), len(name) - len(last)
    for part in middle:
        found = name.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return at <= end
