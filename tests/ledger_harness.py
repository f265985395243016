"""A ledger on a store of its own, opened as a server opens it, but looked after when told."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from coursia_genai_lab.lab.charge import Amount, Limit, Spending
from coursia_genai_lab.lab.ledger import Ledger
from coursia_genai_lab.lab.store.place import Place
from coursia_genai_lab.lab.store.store import Store

PERSON = "ada"
CENT = 10_000


@asynccontextmanager
async def opened_store(place: Place) -> AsyncIterator[Store]:
    """Open a store, and close it when all is written."""
    store = Store(lambda: place, "durable", check_seconds=0.1)
    store.open()
    assert await store.settled(60)
    try:
        yield store
    finally:
        await store.close(60)


@asynccontextmanager
async def opened(
    place: Place, *limits: Limit, groups: Sequence[str] = (), **options: Any
) -> AsyncIterator[Ledger]:
    """Open a ledger with these limits for everybody."""
    async with opened_store(place) as store:
        ledger = Ledger(store, limits=of(*limits), groups=lambda person: groups, **options)
        try:
            yield ledger
        finally:
            await ledger.close()


def of(*limits: Limit) -> Any:
    """Return the limits as a policy does: those of providers where one is paid."""

    def concerning(person: str, provider: str) -> list[Limit]:
        return [one for one in limits if one.scope != "provider" or one.name == provider]

    return concerning


def pictures(most: int, **more: Any) -> Limit:
    """Return a person's limit of pictures, or another; of the course, for midnight may come."""
    return Limit(**{"scope": "person", "name": "*", "window": "course", "pictures": most, **more})


def spending(
    person: str = PERSON,
    *,
    pictures: int = 1,
    cents: float = 0.0,
    seconds: float = 0.0,
    **more: Any,
) -> Spending:
    """Return a job; one that costs cents is paid to `acme`."""
    values: dict[str, Any] = {
        "id": str(uuid.uuid4()),
        "person": person,
        "service": "acme" if cents else "comfyui",
        "model": "flux",
        "worst": Amount(pictures, seconds, round(cents * CENT)),
        "provider": "acme" if cents else "",
    }
    return Spending(**{**values, **more})


async def left(ledger: Ledger, person: str = PERSON) -> int | None:
    """Return the pictures that the tightest limit leaves."""
    found = await ledger.left(person)
    return found[0].pictures_left
