"""The OpenAI door for those who come through Jupyter: one request there, its answer back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import ServiceDied
from .doors import Doors
from .person_tokens import PersonTokens

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

PASSED_ON = frozenset({"accept", "content-type"})
"""What of a caller's headers concerns the door. Jupyter's own token and cookies never do."""


@dataclass(frozen=True)
class Passage:
    """A request as it came to Jupyter."""

    person: str
    method: str
    target: str
    """Path from `/v1` on, and query, as they were sent."""
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class PassedBack:
    """The door's answer: status, the headers that a caller may see, and its body as it comes."""

    status: int
    headers: Mapping[str, str]
    pieces: AsyncIterator[bytes]


class JupyterRoad:
    """Speak to the OpenAI door of this process in the name of a person whom Jupyter knows."""

    def __init__(self, doors: Doors, tokens: PersonTokens) -> None:
        self._doors = doors
        self._tokens = tokens
        self._session: ClientSession | None = None

    @asynccontextmanager
    async def sent(self, passage: Passage) -> AsyncIterator[PassedBack]:
        """Send a request and give the answer; leaving the block early cancels its job.

        Raises:
            NotFound: the doors are closed.
            ServiceDied: the door broke off.
        """
        address = (await self._doors.open_openai()).removesuffix("/v1")
        import aiohttp
        from yarl import URL

        from .headers import COST, response_headers

        headers = {
            name: text for name, text in passage.headers.items() if name.lower() in PASSED_ON
        }
        with self._tokens.lent(passage.person) as token:
            headers["Authorization"] = f"Bearer {token.reveal()}"
            try:
                async with self._client().request(
                    passage.method,
                    URL(address + passage.target, encoded=True),
                    headers=headers,
                    data=passage.body or None,
                    allow_redirects=False,
                ) as answer:
                    passed = response_headers(answer.headers.items())
                    # The door's own word; what a service says of prices is not passed on.
                    if COST in answer.headers:
                        passed[COST] = answer.headers[COST]
                    yield PassedBack(answer.status, passed, _pieces(answer))
            except aiohttp.ClientError:
                raise ServiceDied(
                    "The OpenAI door of this server broke off.", "Send the request again."
                ) from None

    async def close(self) -> None:
        """Hang up. Idempotent."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _client(self) -> ClientSession:
        if self._session is None:
            from .proxy import open_session

            self._session = open_session()
        return self._session


async def _pieces(answer: ClientResponse) -> AsyncIterator[bytes]:
    async for piece in answer.content.iter_any():
        yield piece
