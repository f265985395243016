"""Demo engines in this process, each on a loop of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from servers.demo.harness import TOKEN, Engine, Listener, running

from coursia_genai_lab.servers.demo.settings import Settings


@pytest.fixture
def engine() -> Iterator[Engine]:
    """A quick engine that asks for no credential."""
    with running(Settings(seconds_per_step=0)) as started:
        yield started


@pytest.fixture
def slow_engine() -> Iterator[Engine]:
    """An engine whose first step takes longer than any test."""
    with running(Settings(seconds_per_step=600)) as started:
        yield started


@pytest.fixture
def failing_engine() -> Iterator[Engine]:
    """An engine whose jobs fail at their second step."""
    with running(Settings(seconds_per_step=0, fail_at_step=2)) as started:
        yield started


@pytest.fixture
def locked_engine() -> Iterator[Engine]:
    """An engine that asks for TOKEN."""
    with running(Settings(seconds_per_step=0, token=TOKEN)) as started:
        yield started


@pytest.fixture
def listen(engine: Engine) -> Iterator[Callable[..., Listener]]:
    """Open sockets to the quick engine; all are closed at the end."""
    opened: list[Listener] = []

    def start(client_id: str, *, metadata: bool = True) -> Listener:
        opened.append(Listener(engine, client_id, metadata=metadata))
        return opened[-1]

    yield start
    for listener in opened:
        listener.close()
