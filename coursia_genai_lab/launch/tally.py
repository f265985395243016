"""How many kernels began, by what their notebooks need: integers, as old as this server."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from ..wire.notebooks import NotebookType

Start = Literal["classic", "genai", "hybrid", "fallback"]
_KINDS: dict[NotebookType, Start] = {"CLASSIC": "classic", "HYBRID": "hybrid"}
MOST_PEOPLE = 10_000
"""People who are counted by name; who comes after them counts for the whole server only."""


@dataclass(frozen=True)
class Starts:
    """Starts of kernels, restarts among them; `fallback` ones are counted by their kind as well."""

    classic: int = 0
    genai: int = 0
    hybrid: int = 0
    fallback: int = 0


class StartTally:
    """Count starts of kernels for the whole server and for each person; forgotten at its end."""

    def __init__(self) -> None:
        self.missed = 0
        """Kernels that began without GenAI because we failed, or took longer than we may."""
        self._all: Counter[Start] = Counter()
        self._by_person: dict[str, Counter[Start]] = {}

    def began(self, person: str, kind: NotebookType) -> None:
        """Count a kernel that begins."""
        self._count(person, _KINDS.get(kind, "genai"))

    def fell_back(self, person: str) -> None:
        """Count a kernel that is served by something else than its notebook asks for."""
        self._count(person, "fallback")

    def of(self, person: str | None) -> Starts:
        """Return a person's starts; None: everybody's."""
        counts = self._all if person is None else self._by_person.get(person, Counter())
        return Starts(
            classic=counts["classic"],
            genai=counts["genai"],
            hybrid=counts["hybrid"],
            fallback=counts["fallback"],
        )

    def _count(self, person: str, start: Start) -> None:
        self._all[start] += 1
        if person in self._by_person or len(self._by_person) < MOST_PEOPLE:
            self._by_person.setdefault(person, Counter())[start] += 1
