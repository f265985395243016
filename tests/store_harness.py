"""A store with a timeline, opened as a server opens it, but looked at more often."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from coursia_genai_lab.lab.store.place import Place
from coursia_genai_lab.lab.store.store import Store
from coursia_genai_lab.lab.timeline import Timeline
from coursia_genai_lab.lab.timeline_note import TimelineNote


@asynccontextmanager
async def opened(
    place: Place | Callable[[], Place], *, busy_seconds: float | None = None
) -> AsyncIterator[tuple[Store, Timeline]]:
    """Open a store, wait until it has tried, and close it."""
    locate = place if callable(place) else lambda: place
    store = Store(locate, "durable", busy_seconds=busy_seconds, check_seconds=0.1)
    timeline = Timeline(store)
    store.open()
    assert await store.settled(20)
    try:
        yield store, timeline
    finally:
        await store.close(10)


def note(service: str = "comfyui", event: str = "started", **more: Any) -> TimelineNote:
    """Return a note as the Lab makes it."""
    return TimelineNote(service, event, **more)  # type: ignore[arg-type]


async def services(timeline: Timeline, **query: Any) -> list[str]:
    """Return the services of a page's entries, newest first."""
    page = await timeline.page(person=None, **query)
    return [entry.service for entry in page.entries]


def codes(store: Store) -> list[str]:
    """Return the codes of what the store has to tell."""
    return [problem.code for problem in store.notes()]
