"""The doors: one loopback address a service, one for the OpenAI API, opened when first needed."""

from __future__ import annotations

import asyncio
import importlib
import logging
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..engines.registered import WorkflowFolder
from ..errors import NotFound
from ..lab.charge import Charges, NoCharges
from ..lab.cloud_questions import CloudQuestions
from ..wire.problems import Problem
from .admission import Admission
from .dialects import RAW_DIALECTS
from .door_ports import HOST, take_port
from .needs import LabView
from .openai_registered import RegisteredModels
from .queue import FairQueue
from .record import Record
from .tokens import Tokens

if TYPE_CHECKING:
    from .building import Building

log = logging.getLogger(__name__)

OPENAI = "openai door"
CLOSE_SECONDS = 0.9


class Doors:
    """Open doors and know their addresses. Cheap to make; aiohttp is loaded with the first door.

    `usual` tells the seconds of a job of a service by the past; None where there is none.
    `record` is told of every job that ended; None: nothing is recorded. `workflows` holds the
    registered ones; None: there are none. `charges` keeps the account; None: nobody does, and
    nothing that costs money is let through. `questions` asks people before a provider is; `salt`
    is what hides their names from providers, one a store.
    """

    def __init__(
        self,
        lab: LabView,
        tokens: Tokens,
        *,
        usual: Callable[[str], float | None] = lambda service: None,
        record: Record | None = None,
        workflows: WorkflowFolder | None = None,
        charges: Charges | None = None,
        questions: CloudQuestions | None = None,
        salt: Callable[[], str] = lambda: "",
    ) -> None:
        self._lab = lab
        self._workflows = RegisteredModels(workflows)
        self._record = record or Record()
        self._charges = charges or NoCharges()
        self._questions, self._salt = questions, salt
        self.queue = FairQueue(slots=lambda service: lab.catalog[service].concurrency, usual=usual)
        """The jobs of all doors that wait for their turn, or have it."""
        open_to = frozenset(lab.catalog) if lab.settings.open_doors else None
        self._admission = Admission(
            tokens,
            open_to=open_to,
            mode=lab.policy.effective,
            own_keys=lab.settings.allow_own_keys,
        )
        self._building: Building | None = None
        self._opening: dict[str, asyncio.Task[str]] = {}
        self._addresses: dict[str, str] = {}
        self._moved: dict[str, Problem] = {}
        self._closed = False

    async def open(self, service: str) -> str:
        """Return the address of a service's door, `http://127.0.0.1:PORT`, opening it if needed.

        Services that speak the OpenAI API, clouds and the demo engine, share the OpenAI door.

        Raises:
            NotFound: there is no such service, or the doors are closed.
        """
        spec = self._lab.catalog.get(service)
        if spec is None:
            raise NotFound(f"There is no service {service!r}.")
        return await self._once(service if spec.dialect in RAW_DIALECTS else OPENAI)

    async def open_openai(self) -> str:
        """Return the address of the OpenAI door, `http://127.0.0.1:PORT/v1`."""
        return f"{await self._once(OPENAI)}/v1"

    def openai_address(self) -> str | None:
        """Return the address of the OpenAI door as `address` does."""
        known = self._addresses.get(OPENAI)
        return None if known is None else f"{known}/v1"

    def address(self, service: str) -> str | None:
        """Return the address of a door that is open, or opens: its callers wait. Else None."""
        spec = self._lab.catalog.get(service)
        if spec is None:
            return None
        return self._addresses.get(service if spec.dialect in RAW_DIALECTS else OPENAI)

    def notes(self) -> list[Problem]:
        """Return what a person should know: doors on another port, bad workflows."""
        return [*self._moved.values(), *self._workflows.problems]

    async def close(self) -> None:
        """Close every door within a second, whatever is held or open. Idempotent."""
        self._closed = True
        opening, self._opening = list(self._opening.values()), {}
        for task in opening:
            task.cancel()
        await asyncio.gather(*opening, return_exceptions=True)
        self._addresses.clear()
        await self._workflows.close()
        building, self._building = self._building, None
        if building is not None:
            try:
                await asyncio.wait_for(building.close(), CLOSE_SECONDS)
            except asyncio.TimeoutError:
                log.warning("gateway: some connections did not close in time")

    async def _once(self, name: str) -> str:
        if self._closed:
            raise NotFound("The doors are closed.", "Start the server again.")
        task = self._opening.get(name)
        if task is None:
            known = self._addresses.get(name)
            if known is not None:
                return known
            task = asyncio.create_task(self._open(name), name=f"genai-door-{name}")
            self._opening[name] = task
            task.add_done_callback(lambda _: self._opening.pop(name, None))
        return await asyncio.shield(task)

    async def _open(self, name: str) -> str:
        preferred = None if name == OPENAI else self._lab.catalog[name].door_port
        # Taken first: on a busy machine the library comes late, and a kernel needs the address.
        taken = take_port(preferred)
        port = taken.getsockname()[1]
        address = self._addresses[name] = f"http://{HOST}:{port}"
        try:
            await self._serve(name, taken)
        except BaseException:
            taken.close()
            self._addresses.pop(name, None)
            raise
        if preferred not in (None, port):
            self._note_moved(name, preferred, port)
        return address

    async def _serve(self, name: str, taken: socket.socket) -> None:
        # Loading aiohttp takes a tenth of a second: in a thread, kernels and pages go on.
        await asyncio.to_thread(importlib.import_module, f"{__package__}.building")
        from .building import Building

        await self._workflows.refresh()
        if self._building is None:
            self._building = Building(
                self._lab,
                self._admission,
                self.queue,
                self._record,
                self._workflows,
                self._charges,
                self._questions,
                self._salt,
            )
        await self._building.add(None if name == OPENAI else name, taken)

    def _note_moved(self, name: str, preferred: int | None, port: int) -> None:
        log.info("%s: port %s is taken, its door is on %d", name, preferred, port)
        self._moved[name] = Problem(
            code="door_moved",
            message=f"Port {preferred} is taken, so the door of {name} is on port {port}.",
            remedy="Kernels get the right address by themselves; only an address that is written "
            "into a notebook must be changed.",
        )
