"""Everything behind the doors that needs aiohttp, made with the first one."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable

from ..engines.base import cut_endings
from ..lab.charge import Charges, NoCharges
from ..lab.cloud_questions import CloudQuestions
from .admission import Admission
from .comfyui_door import ComfyUIDoor
from .dialects import RAW_DIALECTS
from .holding import Holding
from .job_watch import JobWatch
from .listener import Listener, Newcomers
from .needs import LabView
from .openai_api import OpenAIDoor
from .openai_registered import RegisteredModels
from .proxy import Proxy, open_session
from .queue import FairQueue
from .raw_door import RawDoor
from .record import Record
from .webui_jobs import WebUIJobs


class Building:
    """The listeners and the one client session that they share."""

    def __init__(
        self,
        lab: LabView,
        admission: Admission,
        queue: FairQueue,
        record: Record,
        workflows: RegisteredModels | None = None,
        charges: Charges | None = None,
        questions: CloudQuestions | None = None,
        salt: Callable[[], str] = lambda: "",
    ) -> None:
        self._lab = lab
        self._record = record
        self._charges = charges or NoCharges()
        self._questions, self._salt = questions, salt
        self._workflows = workflows
        self._admission = admission
        self._queue = queue
        self._holding = Holding(lab)
        self._session = open_session()
        self._proxy = Proxy(self._session)
        self._watch = JobWatch(self._session, lab.leases, lab.touch)
        self._newcomers = Newcomers()
        self._listeners: list[Listener] = []
        self._raw_doors: list[RawDoor] = []
        self._openai_doors: list[OpenAIDoor] = []

    async def add(self, service: str | None, taken: socket.socket) -> None:
        """Open a service's door on a socket that listens; None opens the OpenAI door."""
        door = self._openai() if service is None else self._raw(service)
        listener = Listener(door, self._newcomers)
        await listener.open(taken)
        self._listeners.append(listener)

    async def close(self) -> None:
        """End what is held, then close the listeners side by side, then the session."""
        self._holding.closing.set()
        try:
            await asyncio.gather(
                *(listener.close() for listener in self._listeners),
                *(door.close() for door in self._raw_doors),
            )
        finally:
            await asyncio.gather(*(door.close() for door in self._openai_doors))
            await self._watch.close()
            await cut_endings(self._session)
            await self._session.close()

    def _raw(self, service: str) -> RawDoor:
        dialect = self._lab.catalog[service].dialect
        door = RawDoor(
            service,
            RAW_DIALECTS[dialect],
            lab=self._lab,
            admission=self._admission,
            holding=self._holding,
            proxy=self._proxy,
            comfyui=self._comfyui(service) if dialect == "comfyui" else None,
            webui=self._webui(service) if dialect == "a1111" else None,
        )
        self._raw_doors.append(door)
        return door

    def _comfyui(self, service: str) -> ComfyUIDoor:
        return ComfyUIDoor(
            service,
            lab=self._lab,
            queue=self._queue,
            admission=self._admission,
            holding=self._holding,
            proxy=self._proxy,
            session=self._session,
            record=self._record,
            charges=self._charges,
        )

    def _webui(self, service: str) -> WebUIJobs:
        return WebUIJobs(
            service,
            lab=self._lab,
            queue=self._queue,
            proxy=self._proxy,
            watch=self._watch,
            holding=self._holding,
            session=self._session,
            record=self._record,
            charges=self._charges,
        )

    def _openai(self) -> OpenAIDoor:
        door = OpenAIDoor(
            lab=self._lab,
            admission=self._admission,
            holding=self._holding,
            queue=self._queue,
            session=self._session,
            record=self._record,
            workflows=self._workflows,
            charges=self._charges,
            questions=self._questions,
            salt=self._salt,
        )
        self._openai_doors.append(door)
        return door
