"""A record with thumbnails, opened as a server opens it, but in no hurry to wait."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from coursia_genai_lab.lab.generation import Generation
from coursia_genai_lab.lab.generations import Generations
from coursia_genai_lab.lab.ledger import Ledger
from coursia_genai_lab.lab.store.place import Place
from coursia_genai_lab.lab.store.store import Store
from coursia_genai_lab.lab.thumbnails import Thumbnails
from coursia_genai_lab.lab.usage import Usage


class Record:
    """What a server remembers of pictures, and how it forgets."""

    def __init__(self, place: Place, **options: Any) -> None:
        self.store = Store(lambda: place, "durable", check_seconds=0.1)
        self.generations = Generations(self.store)
        self.thumbnails = Thumbnails(self.store, **{"after_seconds": 0.0, **options})
        ledger = Ledger(self.store)
        self.usage = Usage(self.store, self.generations, ledger)

    def had(self, person: str = "ada", **changed: Any) -> str:
        """Note that a person had something made; return its id."""
        known: dict[str, Any] = {"kind": "openai", "service": "demo", "model": "demo"}
        one = Generation(id=str(uuid.uuid4()), person=person, **{**known, **changed})
        self.generations.note(one)
        return one.id

    async def keeps(self, one: str, person: str = "ada") -> bytes:
        """Return a thumbnail once it is there."""
        for _ in range(6000):
            found = await self.thumbnails.of(person, one)
            if found is not None:
                return found
            await asyncio.sleep(0.01)
        raise AssertionError("it was never kept")


@asynccontextmanager
async def opened(place: Place, **options: Any) -> AsyncIterator[Record]:
    """Open a record as a server does."""
    record = Record(place, **options)
    record.store.open()
    record.thumbnails.open()
    assert await record.store.settled(60)
    try:
        yield record
    finally:
        await record.thumbnails.close()
        await record.store.close(60)
