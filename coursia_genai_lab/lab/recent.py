"""The newest page of the timeline, read again only once something was recorded."""

from __future__ import annotations

import time

from ..wire.timeline import TimelineView
from .timeline import MOST_A_PAGE, Timeline

KEPT_SECONDS = 30.0
"""Another Lab may write to the same store, and a store may come back: neither tells us."""
MOST_PEOPLE = 64


class RecentTimeline:
    """Remember the newest page for each who asks: several pages ask for it every few seconds."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._pages: dict[str | None, tuple[int, float, TimelineView]] = {}

    async def page(self, person: str | None) -> TimelineView:
        """Return the newest 500 entries as `person` may see them; None sees all names."""
        recorded, now = self._timeline.recorded, time.monotonic()
        known = self._pages.get(person)
        if known is not None and known[0] == recorded and now - known[1] < KEPT_SECONDS:
            return known[2]
        page = await self._timeline.page(person=person, limit=MOST_A_PAGE)
        if len(self._pages) >= MOST_PEOPLE:
            self._pages.clear()
        self._pages[person] = (recorded, now, page)
        return page
