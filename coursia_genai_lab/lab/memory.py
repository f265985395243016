"""What the Lab remembers: timeline, generations, past starts and jobs, consents, pins, counts."""

from __future__ import annotations

import logging
import posixpath
import socket
from collections.abc import Callable
from pathlib import Path

from ..runtimes.fingerprint import fingerprint
from ..wire.problems import Problem
from ..wire.services import LabEvent
from .estimates import Bytes, Estimates
from .generations import DAYS, Generations
from .job_history import JobHistory
from .kept_consents import KeptConsents
from .kept_pins import KeptPins
from .lab import Lab
from .leases import Lease
from .metrics import LabMetrics
from .recent import RecentTimeline
from .start_history import StartHistory
from .store.place import file_place, find_place, host_folder
from .store.store import Store
from .thumbnails import MOST_MIB, Thumbnails
from .timeline import Timeline
from .timeline_note import TimelineNote

log = logging.getLogger(__name__)


class Memory:
    """Join the stores to one Lab. Nothing here stops a service or waits for a disk.

    Built before the Lab, which is given `emit`, `record` and `expected`; `attend` then says which
    Lab it is. `publish` hears every event. `host_path` is the operator's folder for what concerns
    this host alone; empty: the usual one.
    """

    def __init__(
        self,
        *,
        store_url: str,
        data_folder: str | Path,
        host_path: str,
        publish: Callable[[LabEvent], None],
        record_prompts: bool = False,
        record_days: float = DAYS,
        thumbnails: bool = True,
        thumbnails_mib: int = MOST_MIB,
    ) -> None:
        folder = host_folder(host_path)
        self.store = Store(
            lambda: find_place(store_url, data_folder), "durable", changed=self._changed
        )
        self.host_store = Store(
            lambda: file_place(folder / "starts.sqlite3"), "host", changed=self._changed
        )
        self.timeline = Timeline(self.store, whose=self._whose)
        self.recent = RecentTimeline(self.timeline)
        self.generations = Generations(self.store, prompts=record_prompts, days=record_days)
        self.thumbnails = Thumbnails(
            self.store, wanted=thumbnails, days=record_days, most_bytes=thumbnails_mib * 2**20
        )
        self.consents = KeptConsents(self.store)
        self.pins = KeptPins(self.store, f"{socket.gethostname()}:{folder}")
        self.history = StartHistory(self.host_store)
        self.estimates = Estimates(
            self.history, fingerprint=self._fingerprint, fetched=self._fetched
        )
        self.jobs = JobHistory(self.host_store, fingerprint=self._fingerprint)
        self.metrics = LabMetrics()
        self._publish = publish
        self._lab: Lab | None = None

    def attend(self, lab: Lab) -> None:
        """Serve this Lab."""
        self._lab = lab
        lab.leases.hear_finished(self._job_finished)
        self.pins.attend(lab.leases, lab.pins, known=lambda service: service in lab.catalog)

    def open(self) -> None:
        """Begin to open the stores, each in its thread; the Lab must be open. Idempotent."""
        self.store.open()
        self.host_store.open()
        self.thumbnails.open()
        lab = self._lab
        if lab is not None:
            self.metrics.begin((name, lab.service(name).state) for name in lab.catalog)

    async def close(self) -> None:
        """Write what waits, bounded, and let go. Idempotent."""
        self.jobs.flush()
        await self.thumbnails.close()
        await self.store.close()
        await self.host_store.close()
        self.metrics.close()

    def notes(self) -> list[Problem]:
        """Return what a person should know about the stores, once a code."""
        both = [*self.store.notes(), *self.host_store.notes()]
        return list({problem.code: problem for problem in reversed(both)}.values())

    # -- what the Lab tells --------------------------------------------------------------------

    def emit(self, event: LabEvent) -> None:
        """Hear a change, and pass it on."""
        self.metrics.see(event)
        self.estimates.see(event)
        if event.kind == "launch" and self._lab is not None:
            self.pins.compare()
            leases = self._lab.leases
            self.metrics.count_leases(
                (lease.kind, leases.strength(lease)) for lease in leases.standing()
            )
        self._publish(event)

    def record(self, note: TimelineNote) -> None:
        """Hear what was done."""
        log.debug("%s: %s", note.service, note.event)
        self.metrics.note(note)
        self.timeline.record(note)

    # -- what the parts ask --------------------------------------------------------------------

    def _changed(self) -> None:
        if self._lab is not None:
            self._lab.announce("warning")

    def _job_finished(self, lease: Lease, began: float, ended: float) -> None:
        if lease.kind == "job":
            for service in lease.services:
                self.jobs.ended(service, began, ended)

    def _whose(self, cause: str) -> str:
        """Return whose name or notebook a cause is; where nobody is known, the cause itself."""
        if self._lab is None or cause in self._lab.catalog:
            return ""
        labels = (cause, posixpath.basename(cause))
        people = {one.person for one in self._lab.leases.standing() if one.label in labels}
        return people.pop() if len(people) == 1 else cause

    def _fingerprint(self, service: str) -> str:
        known = self._lab is not None and service in self._lab.catalog
        return fingerprint(self._lab.catalog[service]) if known and self._lab else ""

    def _fetched(self, service: str) -> Bytes:
        if self._lab is None:
            return (None, None)
        cell = self._lab.service(service)
        return (cell.done_bytes, cell.total_bytes)
