"""One account for several processes, on either database, whichever is killed at any line."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ledger_worker
import pytest
from ledger_harness import left, opened, pictures, spending
from postgres_server import PostgresServer

from coursia_genai_lab.errors import StoreError
from coursia_genai_lab.lab.charge import Amount, Limit
from coursia_genai_lab.lab.ledger import Ledger
from coursia_genai_lab.lab.store.place import find_place

ROOM = 10
COURSE = Limit("course", "", "course", pictures=ROOM)
SECONDS = 120
_LOCK_OF_THE_LEDGER = 0x6C6564676572


class Worker:
    """A ledger in a process of its own."""

    def __init__(self, url: str, room: int = ROOM) -> None:
        self._process = subprocess.Popen(
            [sys.executable, ledger_worker.__file__, url, str(room)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._read() == "open"

    def tell(self, *words: object) -> None:
        """Give it something to do."""
        assert self._process.stdin is not None
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()

    def do(self, *words: object) -> str:
        """Have something done and return what came of it."""
        self.tell(*words)
        return self._read()

    def answer(self) -> str:
        """Return what came of the last thing."""
        return self._read()

    def kill(self) -> None:
        """End it at once."""
        self._process.kill()
        self._process.communicate(timeout=SECONDS)

    def _read(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite3'}"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
def worker(url: str) -> Iterator[Callable[[], Worker]]:
    """Begin workers on the store, which end with the test."""
    begun: list[Worker] = []

    def begin() -> Worker:
        begun.append(Worker(url))
        return begun[-1]

    yield begin
    for one in begun:
        one.kill()


@contextlib.contextmanager
def nobody_writes(url: str) -> Iterator[None]:
    """Keep the ledger locked, as another Lab in the middle of a transaction does."""
    if url.startswith("sqlite"):
        database = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
        database.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            database.close()
        return
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK_OF_THE_LEDGER,))
        yield


async def states(ledger: Ledger) -> dict[str, int]:
    """Return how many charges there are in each state, and look after the dead first."""
    found: dict[str, int] = {}
    for state in ("reserved", "sent", "settled", "refunded", "unknown"):
        count = len(await ledger.charges(None, state=state))
        if count:
            found[state] = count
    return found


def place(url: str) -> Any:
    return find_place(url, "/nonexistent")


def test_two_processes_at_once_get_the_ten_that_there_is_room_for(
    worker: Callable[[], Worker],
) -> None:
    labs = [worker(), worker()]
    for lab in labs:
        lab.tell("race", 50)
    granted = [int(lab.answer()) for lab in labs]
    assert sum(granted) == ROOM


async def test_fifty_at_once_in_one_process_get_the_ten_that_there_is_room_for(
    url: str, worker: Callable[[], Worker]
) -> None:
    lab = worker()
    assert lab.do("race", 50) == str(ROOM)
    assert lab.do("race", 50) == "0"
    async with opened(place(url), COURSE) as ledger:
        assert await states(ledger) == {"reserved": ROOM}
        lab.kill()
        assert await ledger.look_after() == ROOM
        assert await left(ledger) == ROOM


async def test_a_lab_killed_before_its_reservation_is_kept_leaves_nothing(
    url: str, worker: Callable[[], Worker]
) -> None:
    lab = worker()
    with nobody_writes(url):
        assert lab.do("begin", "reserve", 3, 1) == "begun"
        lab.kill()
    async with opened(place(url), COURSE) as ledger:
        assert await ledger.look_after() == 0
        assert (await states(ledger), await left(ledger)) == ({}, ROOM)


async def test_what_a_killed_lab_had_only_set_aside_is_refunded(
    url: str, worker: Callable[[], Worker]
) -> None:
    lab = worker()
    lab.do("reserve", 3, 1)
    async with opened(place(url), COURSE) as ledger:
        assert await ledger.look_after() == 0
        assert await left(ledger) == ROOM - 3
        lab.kill()
        assert await ledger.look_after() == 3
        assert (await states(ledger), await left(ledger)) == ({"refunded": 3}, ROOM)
        assert await ledger.look_after() == 0


async def test_what_a_killed_lab_had_sent_is_unknown_and_counts(
    url: str, worker: Callable[[], Worker]
) -> None:
    lab = worker()
    lab.do("reserve", 2, 5)
    assert lab.do("sent", 0) == "done"
    lab.kill()
    async with opened(place(url), COURSE) as ledger:
        assert await ledger.look_after() == 2
        assert await states(ledger) == {"refunded": 1, "unknown": 1}
        assert await left(ledger) == ROOM - 1
        account = await ledger.account(None, 0)
        assert (account.cents, account.unknown) == (5, 1)
        await ledger.resolve(account.charges[0].id, 2)
        account = await ledger.account(None, 0)
        assert (account.cents, account.unknown) == (2, 0)


async def test_a_lab_killed_before_its_settlement_is_kept_leaves_the_charge_unknown(
    url: str, worker: Callable[[], Worker]
) -> None:
    lab = worker()
    lab.do("reserve", 1, 5)
    lab.do("sent", 0)
    with nobody_writes(url):
        assert lab.do("settle", 0) == "done"
        lab.kill()
    async with opened(place(url), COURSE) as ledger:
        assert await ledger.look_after() == 1
        assert await states(ledger) == {"unknown": 1}


async def test_a_lab_killed_in_the_middle_of_a_batch_leaves_each_charge_where_it_was(
    url: str, worker: Callable[[], Worker]
) -> None:
    lab = worker()
    lab.do("reserve", 4, 5)
    for number in (0, 1, 2):
        lab.do("sent", number)
    lab.do("settle", 0)
    lab.do("settle", 1)
    lab.do("flush")
    lab.kill()
    async with opened(place(url), COURSE) as ledger:
        assert await ledger.look_after() == 2
        assert await states(ledger) == {"settled": 2, "unknown": 1, "refunded": 1}
        assert await left(ledger) == ROOM - 3
        assert (await ledger.account(None, 0)).cents == 2 + 5


async def test_whoever_finds_no_room_looks_whether_a_dead_lab_holds_it(
    url: str, worker: Callable[[], Worker]
) -> None:
    lab = worker()
    assert lab.do("race", ROOM) == str(ROOM)
    lab.kill()
    async with opened(place(url), COURSE, pictures(100)) as ledger:
        await ledger.reserve([spending(pictures=ROOM)])
        assert await left(ledger) == 0


async def test_a_database_that_goes_and_comes_back_sells_nothing_and_counts_what_was_free(
    postgres: PostgresServer,
) -> None:
    limit = Limit("person", "*", "course", pictures=100)
    async with opened(place(postgres.new_database()), limit) as ledger:
        (sent,) = await ledger.reserve([spending(cents=5)])
        await sent.sent()
        postgres.stop()
        with pytest.raises(StoreError, match="Nothing is bought"):
            await ledger.reserve([spending(cents=5)])
        (free,) = await ledger.reserve([spending(pictures=4)])
        free.settle(Amount(pictures=4))
        sent.settle(Amount(pictures=1, microusd=30_000))
        postgres.start()
        for _ in range(600):
            account = await ledger.account(None, 0)
            if await left(ledger) == 95 and account.cents == 3:
                return
            await asyncio.sleep(0.1)
        pytest.fail(f"{account}, {await left(ledger)} left")
