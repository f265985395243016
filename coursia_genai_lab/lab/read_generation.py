"""One generation read from the store without a running Lab; nothing is made or changed."""

from __future__ import annotations

from ..wire.generations import GenerationView
from .store.place import Place


def read_generation(place: Place, generation_id: str) -> GenerationView | None:
    """Return a generation with its prompt, if that was kept; None: the record has none such.

    Blocks on the disk.

    Raises:
        StoreError: the record cannot be read.
    """
    from .store.database import Database
    from .store.generation_rows import by_id

    if place.path is not None and not place.path.exists():
        return None
    database = Database(place, "durable")
    try:
        database.look()
        with database.reading() as connection:
            row = by_id(connection, generation_id)
    finally:
        database.close()
    return None if row is None else row.view(with_prompt=True)
