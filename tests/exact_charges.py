"""An account in memory that is exact, for doors that reserve; and what became of each charge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from coursia_genai_lab.errors import QuotaExceeded
from coursia_genai_lab.lab.charge import Amount, Charge, Spending
from coursia_genai_lab.wire.usage import Allowance


@dataclass(eq=False)
class KeptCharge:
    """One charge and its words in their order."""

    spending: Spending
    words: list[str] = field(default_factory=list)
    spent: Amount | None = None

    async def sent(self) -> None:
        """Note it."""
        self.words.append("sent")

    def settle(self, spent: Amount) -> None:
        """Note it."""
        self._ended("settled")
        self.spent = spent

    def refund(self) -> None:
        """Note it."""
        self._ended("refunded")

    def unknown(self) -> None:
        """Note it."""
        self._ended("unknown")

    @property
    def state(self) -> str:
        """The last word; reserved before any."""
        return self.words[-1] if self.words else "reserved"

    def _ended(self, word: str) -> None:
        assert self.state in ("reserved", "sent"), f"{word} after {self.state}"
        self.words.append(word)


class ExactCharges:
    """Let each person have so many pictures, and so many microusd in all."""

    def __init__(self, pictures: int | None = None, microusd: int | None = None) -> None:
        self.pictures = pictures
        self.microusd = microusd
        self.kept: list[KeptCharge] = []

    async def reserve(self, spending: Sequence[Spending]) -> list[Charge]:
        """Take all or none."""
        for person in {one.person for one in spending}:
            mine = [one for one in spending if one.person == person]
            pictures = sum(one.worst.pictures for one in mine)
            if self.pictures is not None and self.used(person)[0] + pictures > self.pictures:
                raise QuotaExceeded("Your pictures of today are used up.")
            paid = sum(one.worst.microusd for one in mine)
            if self.microusd is not None and self.used(person)[1] + paid > self.microusd:
                raise QuotaExceeded("The money of today is used up.")
        made = [KeptCharge(one) for one in spending]
        self.kept += made
        return [*made]

    async def left(self, person: str) -> list[Allowance]:
        """Say what is left of the pictures."""
        if self.pictures is None:
            return []
        left = self.pictures - self.used(person)[0]
        return [
            Allowance(
                scope="person",
                name=person,
                window="day",
                pictures=self.pictures,
                pictures_left=left,
            )
        ]

    def used(self, person: str) -> tuple[int, int]:
        """Return the pictures and microusd that a person has used or reserved."""
        mine = [
            one.spent or one.spending.worst
            for one in self.kept
            if one.spending.person == person and one.state != "refunded"
        ]
        return sum(one.pictures for one in mine), sum(one.microusd for one in mine)

    def states(self) -> list[str]:
        """Return the state of every charge, in order."""
        return [one.state for one in self.kept]
