"""Calls to a paid provider: nothing is sent twice that could be billed twice."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import GenAIError
from .calls import Answer, Reply, secrets_of
from .cloud_breaker import Breaker
from .cloud_errors import Provider, verdict_of
from .cloud_verdict import (
    Failed,
    Verdict,
    cut_off,
    elsewhere,
    paused,
    timed_out,
    unreachable,
    wrong_answer,
)

if TYPE_CHECKING:
    from aiohttp import ClientSession

PICTURE_SECONDS = 600.0
"""For a whole call: good pictures take minutes, and whoever gives up earlier pays for nothing."""
LIST_SECONDS = 20.0
CONNECT_SECONDS = 15.0
MOST_WAIT_SECONDS = 60.0
"""Who is to be left alone for longer is not waited for."""
OWN_WAIT_SECONDS = 2.0
T = TypeVar("T")
Read = Callable[[Reply], Awaitable[T]]
Wait = Callable[[float], Awaitable[None]]


class Asking:
    """Ask one provider with one key, retry where that is free, and mind its breaker.

    `title` and the like come from `provider`; `wait` sleeps between tries.
    """

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        session: ClientSession,
        provider: Provider,
        *,
        breaker: Breaker | None = None,
        wait: Wait = asyncio.sleep,
        picture_seconds: float = PICTURE_SECONDS,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = dict(headers)
        self._session = session
        self._secrets = tuple(secrets_of(self._headers.values()))
        self.provider = provider
        self.breaker = breaker or Breaker()
        self._wait = wait
        self.picture_seconds = picture_seconds
        self._last: GenAIError | None = None

    async def get(self, path: str, *, seconds: float = LIST_SECONDS) -> dict[str, Any]:
        """Return the JSON object that a route tells; it costs nothing.

        Raises:
            ServiceError, GenerationError, ModelUnknown: as `send`.
        """

        async def read(reply: Reply) -> dict[str, Any]:
            answer = await reply.whole()
            table = await asyncio.to_thread(lambda: answer.table)
            self.refuse_error(table)
            if not table:
                raise Failed(wrong_answer(self.provider.title, "answered with no JSON object"))
            return table

        try:
            return await self.send("GET", path, None, None, read, seconds=seconds)
        except GenAIError as error:
            # Only pictures are charged for.
            error.may_have_billed = False
            raise

    async def send(
        self,
        method: str,
        path: str,
        data: bytes | None,
        kind: str | None,
        read: Read[T],
        *,
        seconds: float,
        hidden: tuple[str, ...] = (),
    ) -> T:
        """Send a request and return what `read` makes of an answer of status 200.

        `hidden` texts are repeated in no error.

        Raises:
            GenAIError: whatever came in the way; `may_have_billed` says whether it may cost.
        """
        tries = 0
        while True:
            verdict = await self._tried(method, path, data, kind, read, seconds, hidden)
            if not isinstance(verdict, Verdict):
                return verdict
            tries += 1
            pause = verdict.after if verdict.after is not None else OWN_WAIT_SECONDS * tries
            if tries > verdict.again or pause > MOST_WAIT_SECONDS:
                raise verdict.error
            await self._wait(pause)

    def refuse_error(self, table: Mapping[str, Any], hidden: tuple[str, ...] = ()) -> None:
        """Raise what an error object in an answer of success means, where there is one."""
        told = table.get("error")
        if told:
            error = told if isinstance(told, Mapping) else {"message": str(told)}
            raise Failed(self.verdict(error, 200, hidden))

    def verdict(
        self,
        error: Mapping[str, Any],
        status: int,
        hidden: tuple[str, ...] = (),
        retry_after: str | None = None,
    ) -> Verdict:
        """Return what an error object means; it repeats neither `hidden` texts nor the key."""
        return verdict_of(self.provider, error, status, retry_after, (*self._secrets, *hidden))

    async def _tried(
        self,
        method: str,
        path: str,
        data: bytes | None,
        kind: str | None,
        read: Read[T],
        seconds: float,
        hidden: tuple[str, ...],
    ) -> T | Verdict:
        if not self.breaker.admit():
            raise paused(self.provider.title, self.breaker.seconds_left, self._last)
        heard = False
        try:
            async with self._opened(method, path, data, kind, seconds) as reply:
                result = await self._read(reply, read, hidden)
            heard = True
            self.breaker.succeeded()
            return result
        except Failed as failed:
            heard = True
            self._note(failed.verdict)
            return failed.verdict
        except GenAIError as error:
            # An answer that is too large, say: it may well have been a picture.
            heard = True
            self.breaker.succeeded()
            error.may_have_billed = True
            raise
        finally:
            if not heard:
                self.breaker.withdrawn()

    def _note(self, verdict: Verdict) -> None:
        self._last = verdict.error
        if verdict.health == "well":
            self.breaker.succeeded()
        elif verdict.health == "ill":
            self.breaker.failed()
        else:
            self.breaker.refused()

    async def _read(self, reply: Reply, read: Read[T], hidden: tuple[str, ...]) -> T:
        if reply.status == 200:
            return await read(reply)
        if reply.status < 400:
            raise Failed(elsewhere(self.provider.title, reply.status))
        answer: Answer = await reply.whole()
        told = answer.table.get("error")
        error = told if isinstance(told, Mapping) else {"message": told or ""}
        raise Failed(self.verdict(error, reply.status, hidden, reply.retry_after))

    @asynccontextmanager
    async def _opened(
        self, method: str, path: str, data: bytes | None, kind: str | None, seconds: float
    ) -> AsyncIterator[Reply]:
        from aiohttp import (
            ClientConnectorError,
            ClientError,
            ClientTimeout,
            ConnectionTimeoutError,
            InvalidURL,
        )
        from yarl import URL

        title = self.provider.title
        try:
            async with self._session.request(
                method,
                URL(self._url + path, encoded=True),
                # Handed over as a file: large ones go out in pieces, and the loop turns between.
                data=io.BytesIO(data) if data is not None else None,
                headers={**self._headers, **({"Content-Type": kind} if kind else {})},
                allow_redirects=False,
                timeout=ClientTimeout(total=seconds, sock_connect=CONNECT_SECONDS),
            ) as answer:
                yield Reply(answer, self._secrets)
        except (ClientConnectorError, ConnectionTimeoutError, InvalidURL) as error:
            raise Failed(unreachable(title)) from error
        except asyncio.TimeoutError as error:
            raise Failed(timed_out(title, seconds)) from error
        except (ClientError, OSError) as error:
            raise Failed(cut_off(title)) from error
