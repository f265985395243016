"""The timeline read from its store without a running Lab; nothing is made or changed."""

from __future__ import annotations

from ..errors import NotFound
from ..wire.timeline import TimelineView
from .store.place import Place


def read_timeline(
    place: Place, *, service: str | None = None, before: int | None = None, limit: int = 100
) -> TimelineView:
    """Return a page of the timeline, newest first, with all names. Blocks on the disk.

    Raises:
        NotFound: no Lab has kept a record there yet.
        StoreError: it cannot be read.
    """
    from .store.database import Database
    from .store.timeline_rows import newest

    if place.path is not None and not place.path.exists():
        raise NotFound(
            f"There is no record at {place.shown}.",
            "It begins with the first Lab. A Lab that keeps it elsewhere is meant with --store.",
        )
    database = Database(place, "durable")
    try:
        database.look()
        with database.reading() as connection:
            found = newest(connection, "", service=service, before=before, limit=limit + 1).entries
    finally:
        database.close()
    return TimelineView(
        entries=[entry.view(None) for entry in found[:limit]], more=len(found) > limit
    )
