"""What the Lab asks of every engine: whether it works, and to give its memory back."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import ServiceError
from ..wire.services import Dialect

if TYPE_CHECKING:
    from aiohttp import ClientSession

ANSWER_SECONDS = 5.0
MOST_BYTES = 2**20


class Engine(ABC):
    """The adapter for one API dialect, at one address.

    `url` has no path; `headers` prove the caller to the service. Every question is bounded to 5
    seconds and raises ServiceError when it gets no proper answer.
    """

    dialect: ClassVar[Dialect]

    def __init__(self, url: str, headers: Mapping[str, str], session: ClientSession) -> None:
        self._url = url.rstrip("/")
        self._headers = dict(headers)
        self._session = session

    @abstractmethod
    async def busy(self) -> bool:
        """Say whether it works on something, or something waits for it."""

    @abstractmethod
    async def free(self) -> None:
        """Unload models and give memory back; the next job loads them again."""

    async def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Return the JSON object that a route answers with; an empty one for no JSON."""
        from aiohttp import ClientError, ClientTimeout

        try:
            async with self._session.request(
                method,
                self._url + path,
                json=body,
                headers=self._headers,
                allow_redirects=False,
                timeout=ClientTimeout(total=ANSWER_SECONDS),
            ) as answer:
                if answer.status >= 300:
                    raise ServiceError(f"The engine answered {path} with {answer.status}.")
                data = await answer.content.read(MOST_BYTES)
        except (ClientError, asyncio.TimeoutError, OSError) as error:
            raise ServiceError(f"The engine gave no answer to {path}.") from error
        try:
            value = json.loads(data)
        except ValueError:
            return {}
        return value if isinstance(value, dict) else {}
