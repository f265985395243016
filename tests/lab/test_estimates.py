"""Estimates: what past starts of the same thing on this host say about the next one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from coursia_genai_lab.lab.estimates import Bytes, Estimates
from coursia_genai_lab.lab.start_history import StartHistory
from coursia_genai_lab.lab.store.place import Place, file_place
from coursia_genai_lab.lab.store.store import Store
from coursia_genai_lab.wire.services import LabEvent, ServiceState

MIB = 1024 * 1024


class Host:
    """A host with a clock of its own, on which services start."""

    def __init__(self, store: Store, boot: str = "first boot") -> None:
        self.now = 1000.0
        self.fingerprint = "spec-1"
        self.fetched: Bytes = (None, None)
        self.history = StartHistory(store, boot=boot)
        self.estimates = Estimates(
            self.history,
            fingerprint=lambda service: self.fingerprint,
            fetched=lambda service: self.fetched,
            clock=lambda: self.now,
        )

    def see(self, state: ServiceState, after: float = 0.0, service: str = "flux") -> None:
        """Let time pass, then change the service's state."""
        self.now += after
        self.estimates.see(
            LabEvent(instance="i", revision=1, kind="service", service=service, state=state)
        )

    def start(self, seconds: float, service: str = "flux") -> None:
        """Start a service, which takes so long."""
        self.see("starting", service=service)
        self.see("ready", after=seconds, service=service)
        self.see("stopped", after=100, service=service)

    @property
    def expected(self) -> float | None:
        """What a start of the service is expected to take."""
        return self.estimates.expected("flux")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return file_place(tmp_path / "starts.sqlite3")


@pytest.fixture
def host(place: Place) -> Host:
    return Host(Store(lambda: place, "host"))


@asynccontextmanager
async def server(place: Place, boot: str = "first boot") -> AsyncIterator[Host]:
    store = Store(lambda: place, "host", check_seconds=0.1)
    host = Host(store, boot)
    store.open()
    assert await store.settled(20)
    yield host
    assert store.notes() == []
    await store.close(10)


def test_nothing_is_expected_of_what_never_started(host: Host) -> None:
    assert host.expected is None
    host.see("starting")
    host.see("failed", after=60)
    assert host.expected is None


def test_the_median_of_past_starts_is_expected(host: Host) -> None:
    for seconds in (50.0, 10.0, 12.0, 11.0, 300.0):
        host.start(seconds)
    # The first of this boot was cold and proves nothing for a warm one.
    assert host.expected == pytest.approx(11.5)


def test_old_starts_are_forgotten(host: Host) -> None:
    for _ in range(20):
        host.start(100.0)
    for _ in range(7):
        host.start(10.0)
    assert host.expected == pytest.approx(10.0)


def test_another_image_or_another_service_proves_nothing(host: Host) -> None:
    host.start(10.0)
    host.start(90.0, service="sd35")
    assert host.expected == pytest.approx(10.0)
    host.fingerprint = "spec-2"
    assert host.expected is None


def test_the_progress_of_a_phase_is_no_new_start(host: Host) -> None:
    host.start(10.0)
    host.see("starting")
    host.see("starting", after=4)
    host.see("starting", after=4)
    host.see("ready", after=4)
    assert host.expected == pytest.approx(12.0)


def test_a_pull_is_expected_by_its_bytes_and_its_speed(host: Host) -> None:
    host.start(10.0)
    host.see("starting")
    host.see("pulling")
    assert host.expected is None
    host.fetched = (100 * MIB, 1000 * MIB)
    host.see("pulling", after=10)
    # 10 s are spent, 90 s of pulling at 10 MiB/s are left, then it boots.
    assert host.expected == pytest.approx(10 + 90 + 10)
    host.fetched = (1000 * MIB, 1000 * MIB)
    host.see("pulling", after=90)
    host.see("starting")
    assert host.expected == pytest.approx(100 + 10)
    host.see("ready", after=10)


def test_the_speed_of_past_pulls_tells_at_once_how_long_another_takes(host: Host) -> None:
    host.fetched = (0, 600 * MIB)
    host.see("pulling", service="sd35")
    host.fetched = (600 * MIB, 600 * MIB)
    host.see("pulling", after=60, service="sd35")
    host.see("starting", service="sd35")
    host.see("ready", after=5, service="sd35")
    host.fetched = (0, 1200 * MIB)
    host.see("pulling")
    assert host.expected == pytest.approx(120)


def test_a_build_is_expected_by_past_builds(host: Host) -> None:
    host.see("building")
    host.see("starting", after=300)
    host.see("ready", after=20)
    host.see("building")
    host.see("building", after=100)
    assert host.expected == pytest.approx(320)
    host.see("building", after=400)
    assert host.expected == pytest.approx(520)


def test_a_start_that_was_called_off_or_failed_teaches_nothing(host: Host) -> None:
    host.start(10.0)
    host.see("starting")
    host.see("stopped", after=500)
    host.see("starting")
    host.see("failed", after=500)
    assert host.expected == pytest.approx(10.0)


def test_an_adopted_service_teaches_nothing(host: Host) -> None:
    host.see("ready", after=500)
    assert host.expected is None


async def test_the_next_server_of_this_host_knows_it_already(place: Place) -> None:
    async with server(place) as host:
        host.start(40.0)
        host.start(10.0)
    async with server(place) as host:
        assert host.expected == pytest.approx(10.0)


async def test_the_first_start_after_a_boot_is_expected_to_be_as_slow_as_former_first_ones(
    place: Place,
) -> None:
    async with server(place, "monday") as host:
        host.start(40.0)
        host.start(10.0)
        host.start(10.0)
    async with server(place, "tuesday") as host:
        assert host.expected == pytest.approx(40.0)
        host.start(44.0)
        assert host.expected == pytest.approx(10.0)
