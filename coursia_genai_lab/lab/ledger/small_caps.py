"""How much free work goes on while the ledger cannot be written."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from ...errors import StoreError
from ..charge import Spending

PICTURES_AN_HOUR = 30
"""A person's, in each Lab: enough for a lesson, too little for a night of bulk work."""
WINDOW_SECONDS = 3600.0
MOST_PEOPLE = 10_000


class SmallCaps:
    """Count the pictures of each person in memory, over the last hour."""

    def __init__(self, monotonic: Callable[[], float], most: int = PICTURES_AN_HOUR) -> None:
        self._monotonic = monotonic
        self._most = most
        self._taken: dict[str, deque[float]] = {}

    def take(self, spending: Sequence[Spending]) -> None:
        """Count the pictures of a call.

        Raises:
            StoreError: that would be too many for a person.
        """
        for person in {one.person for one in spending}:
            wanted = sum(one.worst.pictures for one in spending if one.person == person)
            if wanted > self.left(person):
                raise StoreError(
                    "The Lab's record cannot be written now, and so "
                    f"{self._most} pictures an hour are made for one person at most.",
                    "Ask again later, or tell whoever administers this server: the other "
                    "warnings say what is wrong with the record.",
                    code="ledger_away",
                )
        now = self._monotonic()
        for one in spending:
            self._taken.setdefault(one.person, deque()).extend([now] * one.worst.pictures)
        while len(self._taken) > MOST_PEOPLE:
            del self._taken[next(iter(self._taken))]

    def left(self, person: str) -> int:
        """Return how many pictures a person may still have made."""
        taken = self._taken.get(person)
        if taken is None:
            return self._most
        while taken and self._monotonic() - taken[0] > WINDOW_SECONDS:
            taken.popleft()
        return self._most - len(taken)


def nothing_bought(error: StoreError) -> StoreError:
    """Return the words for whoever would spend money while the store is away."""
    return StoreError(
        f"Nothing is bought while the Lab's record cannot be written. {error.message}",
        error.remedy,
        code="ledger_away",
    )
