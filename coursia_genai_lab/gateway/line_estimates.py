"""How long a job still waits for its turn, by how long those before it took."""

from __future__ import annotations

from collections.abc import Callable, Iterable

OVERDUE = 1.25
"""A job that has worked for so long is thought to be four fifths done, if it is not done yet."""

UntilTurn = Callable[[int], "float | None"]
"""Place -> seconds until its turn; None where nobody knows."""


def until_turn(usual: float | None, slots: int, worked: Iterable[float]) -> UntilTurn:
    """Return the estimates of a line.

    `usual` is the seconds of a job, None where none has been seen; `worked` how long each of those
    that have their turn has had it.
    """
    if usual is None:
        return _unknown
    longest = sorted(worked, reverse=True)
    if longest and longest[0] > usual / OVERDUE:
        # What takes longer than others did will go on for a while, and so may what follows.
        usual = longest[0] * OVERDUE
    each = usual

    def seconds(position: int) -> float | None:
        if position < 1:
            return None
        # The slot of this job comes free after the rest of its present job and some whole ones.
        rounds, slot = divmod(position - 1, slots)
        left = max(0.0, each - longest[slot]) if slot < len(longest) else 0.0
        return round(left + rounds * each, 1)

    return seconds


def _unknown(position: int) -> None:
    return None
