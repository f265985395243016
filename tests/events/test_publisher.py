"""Changes on the event bus."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from jupyter_events import EventLogger

from coursia_genai_lab.events.publisher import SCHEMA_ID, Publisher
from coursia_genai_lab.wire import LabEvent


def event(revision: int, *, state: Any = "starting", percent: float | None = None) -> LabEvent:
    return LabEvent(
        instance="i",
        revision=revision,
        kind="service",
        service="comfyui",
        state=state,
        percent=percent,
    )


@pytest.fixture
def heard(logger: EventLogger) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []

    async def listen(logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:
        told.append(data)

    logger.add_listener(schema_id=SCHEMA_ID, listener=listen)
    return told


@pytest.fixture
def logger() -> EventLogger:
    found = EventLogger()
    Publisher(found).register()
    return found


async def until_heard(heard: list[dict[str, Any]], number: int) -> None:
    async def look() -> None:
        while len(heard) < number:
            await asyncio.sleep(0.005)

    await asyncio.wait_for(look(), 60)


async def test_a_change_of_state_is_told_at_once(
    logger: EventLogger, heard: list[dict[str, Any]]
) -> None:
    publisher = Publisher(logger, quiet_seconds=60)
    publisher.publish(event(1, state="starting"))
    publisher.publish(event(2, state="ready"))
    await until_heard(heard, 2)
    assert [data["state"] for data in heard] == ["starting", "ready"]
    publisher.close()


async def test_progress_is_told_no_more_than_twice_a_second_and_ends_with_the_newest(
    logger: EventLogger, heard: list[dict[str, Any]]
) -> None:
    publisher = Publisher(logger, quiet_seconds=0.05)
    for number in range(1, 101):
        publisher.publish(event(number, percent=float(number)))
    await until_heard(heard, 2)
    assert [data["percent"] for data in heard] == [1.0, 100.0]
    publisher.close()


async def test_what_is_not_about_a_service_is_never_held_back(
    logger: EventLogger, heard: list[dict[str, Any]]
) -> None:
    publisher = Publisher(logger, quiet_seconds=60)
    for revision in (1, 2, 3):
        publisher.publish(LabEvent(instance="i", revision=revision, kind="mode"))
    await until_heard(heard, 3)
    assert [data["revision"] for data in heard] == [1, 2, 3]
    publisher.close()


async def test_registering_twice_is_harmless(logger: EventLogger) -> None:
    Publisher(logger).register()
