"""What is asked of every engine: pictures, whether it works, and to give its memory back."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, ClassVar
from weakref import WeakKeyDictionary

from ..errors import GenAIError, ServiceDied, ServiceError
from ..wire.services import Dialect
from .calls import ANSWER_SECONDS, Calls
from .orders import Order, Picture, Report, unheard

if TYPE_CHECKING:
    from aiohttp import ClientSession

__all__ = ["ANSWER_SECONDS", "Engine", "cut_endings", "ended"]

_ending: WeakKeyDictionary[ClientSession, set[asyncio.Task[Any]]] = WeakKeyDictionary()
"""Held here until they are done, for nobody else waits for them."""


class Engine(ABC):
    """The adapter for one API dialect, at one address.

    `url` has no path; `headers` prove the caller to the service. Every question is bounded to 5
    seconds and raises ServiceError when it gets no proper answer.
    """

    dialect: ClassVar[Dialect]

    def __init__(self, url: str, headers: Mapping[str, str], session: ClientSession) -> None:
        self._calls = Calls(url, headers, session)

    @classmethod
    @abstractmethod
    def check(cls, order: Order) -> None:
        """Return where an engine of this dialect can carry an order out, without asking one.

        Raises:
            InvalidRequest: the model cannot do it.
            ServiceError: nobody has said how this model is asked; code `no_workflow`.
        """

    @abstractmethod
    async def generate(self, order: Order, report: Report = unheard) -> list[Picture]:
        """Make the pictures, one after the other, and return them; `report` hears each, too.

        Cancelling the call ends the job of this call in the engine, and no other.

        Raises:
            InvalidRequest: the model cannot do what is asked for; the sentence says what it can.
            ServiceError: the engine lacks a node or a file, died or gave no answer.
            GenerationError: it refused or failed.
        """

    @abstractmethod
    async def busy(self) -> bool:
        """Say whether it works on something, or something waits for it."""

    @abstractmethod
    async def free(self) -> None:
        """Unload models and give memory back; the next job loads them again."""

    async def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Return the JSON object that a route answers with; an empty one for no JSON."""
        try:
            answer = await self._calls.ask(method, path, body)
        except ServiceError:
            raise
        except GenAIError as error:
            raise ServiceError(error.message, error.remedy, code=error.error_code) from error
        if answer.status >= 300:
            raise ServiceError(f"The engine answered {path} with {answer.status}.")
        return answer.table

    async def _refuse_dead(self, path: str) -> None:
        """Raise ServiceDied where nothing listens any more; for a call that broke off."""
        try:
            await self._calls.ask("GET", path)
        except ServiceDied:
            raise
        except GenAIError:
            return


async def ended(work: Coroutine[Any, Any, None], seconds: float, session: ClientSession) -> None:
    """Wait for the end of a job that nobody wants any more, at most `seconds`; it goes on after.

    A second cancellation of the caller does not cut it short; the end of its `session` does.
    """
    task = asyncio.create_task(work, name="genai-engine-ending")
    going = _ending.setdefault(session, set())
    going.add(task)
    task.add_done_callback(going.discard)
    task.add_done_callback(_untold)
    await asyncio.wait([task], timeout=seconds)


async def cut_endings(session: ClientSession) -> None:
    """Cut what `ended` has left going on by a session that is about to close."""
    going = list(_ending.pop(session, ()))
    for task in going:
        task.cancel()
    await asyncio.gather(*going, return_exceptions=True)


def _untold(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        # That it failed is told to nobody: the engine is away, and the job with it.
        task.exception()
