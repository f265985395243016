"""Questions to one engine over HTTP: bounded in time and size, its credential never told."""

from __future__ import annotations

import asyncio
import base64
import binascii
import io
import json
import uuid
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import GenerationError, ServiceDied, ServiceError

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession, ClientWebSocketResponse

ANSWER_SECONDS = 5.0
MOST_BYTES = 64 * 2**20
"""Of an answer: queues hold whole graphs, and pictures are megabytes."""
_PIECE = 2**16
SHORTEST_SECRET = 6
"""What is shorter is a user's name or nothing, and would be struck out of ordinary words."""


@dataclass(frozen=True)
class Answer:
    """Status and body."""

    status: int
    body: bytes = field(repr=False)

    @property
    def table(self) -> dict[str, Any]:
        """The body's JSON object; an empty one for anything else."""
        value = self.value
        return value if isinstance(value, dict) else {}

    @property
    def value(self) -> Any:
        """The body's JSON value; None for no JSON."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None


class Reply:
    """An answer whose body is still to come; it breaks off as `Calls.sent` says."""

    def __init__(self, answer: ClientResponse, secrets: tuple[str, ...]) -> None:
        self.status = answer.status
        self.kind = answer.content_type
        self.request_id = answer.headers.get("x-request-id")
        self.retry_after = answer.headers.get("retry-after")
        self._content = answer.content
        self._secrets = secrets

    def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes."""
        return self._content.iter_any().__aiter__()

    async def whole(self, most: int = MOST_BYTES) -> Answer:
        """Return the answer; in words of refusal the credential is struck out.

        Raises GenerationError when it is larger than `most` bytes.
        """
        body = await _read(self._content, most)
        return Answer(self.status, body if self.status < 300 else self.redacted(body))

    def redacted(self, text: bytes) -> bytes:
        """Return what a server says without the credential that it was sent."""
        for secret in self._secrets:
            text = text.replace(secret.encode(), "…".encode())
        return text


class Calls:
    """Ask one address with one credential; `session` may be shared and keep no type of its own."""

    def __init__(self, url: str, headers: Mapping[str, str], session: ClientSession) -> None:
        self._url = url.rstrip("/")
        self._headers = dict(headers)
        self.session = session
        self._secrets = tuple(secrets_of(self._headers.values()))

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        seconds: float | None = ANSWER_SECONDS,
        most: int = MOST_BYTES,
    ) -> Answer:
        """Send `body` as JSON, None as nothing, and return the answer, whatever its status.

        Raises:
            ServiceDied: nothing listens at the address.
            ServiceError: no answer in `seconds` (None waits for ever), or it broke off; code
                `no_answer`.
            GenerationError: the credential is refused, or the answer is larger than `most`.
        """
        if body is None:
            return await self._send(method, path, None, None, seconds, most)
        data = json.dumps(body).encode()
        return await self._send(method, path, data, "application/json", seconds, most)

    async def upload(
        self, path: str, name: str, data: bytes, fields: Mapping[str, str], *, seconds: float
    ) -> Answer:
        """Send a file as the part `image` of a form; raises as `ask` does."""
        edge = uuid.uuid4().hex
        parts = [
            f'--{edge}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
            for key, value in fields.items()
        ]
        head = f'--{edge}\r\nContent-Disposition: form-data; name="image"; filename="{name}"\r\n'
        parts += [head.encode(), b"Content-Type: application/octet-stream\r\n\r\n", data]
        parts.append(f"\r\n--{edge}--\r\n".encode())
        kind = f"multipart/form-data; boundary={edge}"
        return await self._send("POST", path, b"".join(parts), kind, seconds, MOST_BYTES)

    async def socket(self, path: str, *, seconds: float) -> ClientWebSocketResponse[bool]:
        """Open a WebSocket that pings by itself, so that no box on the way cuts it.

        Raises ServiceError.
        """
        from aiohttp import ClientError

        async def opened() -> ClientWebSocketResponse[bool]:
            return await self.session.ws_connect(
                self._url + path,
                headers=self._headers,
                heartbeat=25.0,
                max_msg_size=MOST_BYTES,
            )

        try:
            return await asyncio.wait_for(opened(), seconds)
        except (ClientError, asyncio.TimeoutError, OSError, ValueError) as error:
            raise _no_answer(path) from error

    @asynccontextmanager
    async def sent(
        self,
        method: str,
        path: str,
        data: bytes | None = None,
        kind: str | None = None,
        *,
        seconds: float | None = None,
    ) -> AsyncIterator[Reply]:
        """Send bytes of a content type and give the answer as soon as its head is here.

        Raises as `ask` does, also while the body is read; redirects are not followed.
        """
        from aiohttp import ClientConnectorError, ClientError, ClientTimeout
        from yarl import URL

        try:
            async with self.session.request(
                method,
                URL(self._url + path, encoded=True),
                # Handed over as a file: large ones go out in pieces, and the loop turns between.
                data=io.BytesIO(data) if data is not None else None,
                headers={**self._headers, **({"Content-Type": kind} if kind else {})},
                allow_redirects=False,
                timeout=ClientTimeout(total=seconds, sock_connect=ANSWER_SECONDS),
            ) as answer:
                if answer.status == 401:
                    raise GenerationError(
                        "The engine does not accept the Lab's credential.",
                        "Restart the service, so that it gets a new one.",
                        code="credential_refused",
                    )
                yield Reply(answer, self._secrets)
        except ClientConnectorError as error:
            raise ServiceDied("The engine does not answer any more.") from error
        except (ClientError, asyncio.TimeoutError, OSError) as error:
            raise _no_answer(path) from error

    async def _send(
        self,
        method: str,
        path: str,
        data: bytes | None,
        kind: str | None,
        seconds: float | None,
        most: int,
    ) -> Answer:
        async with self.sent(method, path, data, kind, seconds=seconds) as reply:
            return await reply.whole(most)


def secrets_of(values: Iterable[str]) -> Iterator[str]:
    """Give every form in which headers hold a credential."""
    for value in values:
        scheme, _, rest = value.partition(" ")
        found = [value, rest]
        if scheme.lower() == "basic":
            with suppress(binascii.Error, UnicodeDecodeError):
                found.append(base64.b64decode(rest).decode().partition(":")[2])
        yield from (one for one in found if len(one) >= SHORTEST_SECRET)


async def _read(content: Any, most: int) -> bytes:
    data = bytearray()
    async for piece in content.iter_chunked(_PIECE):
        data += piece
        if len(data) > most:
            raise GenerationError(
                f"The engine answered with more than {most / 2**20:g} MiB.",
                "Ask for a smaller picture.",
                code="answer_too_large",
            )
    return bytes(data)


def _no_answer(path: str) -> ServiceError:
    return ServiceError(
        f"The engine gave no answer to {path.partition('?')[0]}.",
        "Read its log; then send the request again.",
        code="no_answer",
    )
