"""One entry of the timeline as it is kept: with who wrote it, and whose doing it was."""

from __future__ import annotations

from dataclasses import dataclass

from ..wire.timeline import TimelineEntry, TimelineEvent

SOMEBODY = "another person"


@dataclass(frozen=True)
class KeptEntry:
    """An entry; `writer` and `seq` name it before the store has given it an id."""

    writer: str
    """Id of one life of one Lab."""
    seq: int
    at: float
    service: str
    event: TimelineEvent
    cause: str
    person: str
    """Whose doing it was; empty: nobody's."""
    reason: str
    code: str | None
    seconds: float | None
    id: int = 0

    def view(self, person: str | None) -> TimelineEntry:
        """Return the entry as `person` may see it; None sees all names."""
        shown = person is None or not self.person or self.person == person
        # Whoever held a service is named in the reason for letting it go.
        names_holders = self.event == "released" and person is not None
        return TimelineEntry(
            id=self.id,
            at=self.at,
            service=self.service,
            event=self.event,
            by=self.cause if shown else SOMEBODY,
            reason="" if names_holders else self.reason,
            code=self.code,
            seconds=self.seconds,
        )


@dataclass(frozen=True)
class Stored:
    """What a store holds of a page, newest first, and how far one writer's entries reached it."""

    entries: list[KeptEntry]
    last_id: int
    """Of any writer; 0: the store is empty."""
    last_seq: int
    """Of the writer that asks; 0: none arrived."""
