"""A token for one command: from the Lab that runs, or from one of its own."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from ..catalog.load import Catalog
from ..client import AsyncLabClient
from ..composition import compose, shuts_memory
from ..config import LabSettings
from ..errors import GenAIError
from ..launch.person import people_of_server, unix_user
from ..secret_files.own_memory import shut_own_memory
from ..wire.tokens import TokenGiven, TokenRequest
from .find import FoundLab
from .settings import host_path

log = logging.getLogger(__name__)

LIFETIME_SECONDS = 120.0
"""So long after our end, should we be killed, the Lab lets go of what we claimed."""
RENEWAL_SECONDS = 30.0
END_SECONDS = 20.0
"""How long giving back may take; what is left then ends by itself, or with the next Lab."""
SURVEY_SECONDS = 30.0


@asynccontextmanager
async def attached(found: FoundLab, request: TokenRequest) -> AsyncIterator[TokenGiven]:
    """Borrow from a Lab that runs, for as long as the block does.

    Raises:
        GenAIError: it does not answer, or refuses.
    """
    async with AsyncLabClient(found.address.url, found.address.token) as lab:
        given = await lab.give_token(request)

        async def renew() -> None:
            await lab.renew_token(given.id, LIFETIME_SECONDS)

        async def end() -> None:
            await lab.end_token(given.id)

        async with _kept(renew, end):
            yield given


@asynccontextmanager
async def hosted(
    settings: LabSettings, catalog: Catalog, request: TokenRequest
) -> AsyncIterator[TokenGiven]:
    """Run a Lab with its doors in this process, for as long as the block runs.

    Raises:
        GenAIError: it cannot give what is asked for.
    """
    people = people_of_server(os.environ, None, teachers=settings.teachers, admins=settings.admins)
    core = compose(settings, catalog, host_path=host_path(), people=people)
    person = people.owner or unix_user()
    if shuts_memory(settings, core.secrets):
        shut_own_memory()
    try:
        await core.open()
        await core.lab.opened(SURVEY_SECONDS)
        given = await core.job_tokens.give(request, person)

        async def renew() -> None:
            core.job_tokens.renew(given.id, person, LIFETIME_SECONDS)

        async def end() -> None:
            await core.job_tokens.end(given.id, person)

        async with _kept(renew, end):
            yield given
    finally:
        await _within_reason(core.close())


@asynccontextmanager
async def _kept(
    renew: Callable[[], Awaitable[None]], end: Callable[[], Awaitable[None]]
) -> AsyncIterator[None]:
    renewing = asyncio.create_task(_renewed(renew))
    try:
        yield
    finally:
        renewing.cancel()
        await asyncio.wait({renewing})
        await _within_reason(end())


async def _renewed(renew: Callable[[], Awaitable[None]]) -> None:
    told = False
    while True:
        await asyncio.sleep(RENEWAL_SECONDS)
        try:
            await renew()
            told = False
        except GenAIError as error:
            if not told:
                log.warning("The Lab does not renew the token: %s", error)
            told = True


async def _within_reason(step: Awaitable[None]) -> None:
    """Take a last step, bounded; what goes wrong in it is only told."""
    task = asyncio.ensure_future(step)
    await asyncio.wait({task}, timeout=END_SECONDS)
    if not task.done():
        task.cancel()
        log.warning("Giving back what was claimed took too long; it ends by itself.")
        with contextlib.suppress(asyncio.CancelledError):
            await task
    elif isinstance(error := task.exception(), GenAIError):
        log.warning("What was claimed could not be given back, it ends by itself: %s", error)
    elif error is not None:
        raise error
