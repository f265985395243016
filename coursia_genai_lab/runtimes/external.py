"""Use a server that the operator runs: watched, never started, never stopped."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import ClassVar
from urllib.parse import urlsplit

import aiohttp

from ..catalog.spec import ServiceSpec
from ..errors import ConfigurationError
from ..wire.services import Problem, RuntimeName
from .base import Exit, Instance, Progress, Report, Runtime, Secret, StartOrder
from .readiness import speaks

_SILENCES_THAT_MEAN_GONE = 3


class ExternalRuntime(Runtime):
    """Stand for servers at the addresses of specs.

    `watch_seconds` is the pause between two looks at a server in use; three silent looks in a
    row mean that it is gone, so that one restart of theirs does not fail the service.
    """

    name: ClassVar[RuntimeName] = "external"

    def __init__(self, *, watch_seconds: float = 5.0, look_seconds: float = 2.5) -> None:
        self._watch_seconds = watch_seconds
        self._look_seconds = look_seconds
        self._session: aiohttp.ClientSession | None = None

    def fits(self, spec: ServiceSpec) -> bool:
        """Say whether the spec has an address."""
        return spec.kind == "local" and spec.address is not None

    async def check(self, spec: ServiceSpec) -> Problem | None:
        """Say whether a server of the right dialect answers there."""
        place = urlsplit(spec.address or "").netloc.rpartition("@")[2]
        answer = await speaks(
            spec.address or "",
            spec.dialect,
            session=self._http(),
            timeout_seconds=self._look_seconds,
        )
        if answer == "silent":
            return Problem(
                code="external_unreachable",
                message=f"{spec.title} should answer at {place}, but nothing does.",
                remedy="Start that server, or correct the address in the service file.",
            )
        if answer == "other":
            return Problem(
                code="external_wrong_dialect",
                message=f"What answers at {place} is not a server of the kind {spec.dialect}.",
                remedy="Correct the address in the service file, or its dialect.",
            )
        return None

    async def start(self, order: StartOrder, report: Report) -> Instance:
        """Return the server as an instance; nothing is started.

        Raises:
            ConfigurationError: the spec has no address.
        """
        if order.spec.address is None:
            raise ConfigurationError(f"{order.spec.title} has no address.")
        report(Progress("looking at the operator's server"))
        address = order.spec.address.rstrip("/").removesuffix("/v1")
        return Instance(
            service=order.spec.name,
            runtime=self.name,
            identifier=address,
            url=address,
            # Ours opens nothing there, and the operator's own is not known to the Lab.
            credential=Secret(""),
            started_at=time.time(),
            adopted=True,
            external_owner="operator",
            detail={"dialect": order.spec.dialect},
        )

    async def wait(self, instance: Instance) -> Exit:
        """Return when nothing has answered there for three looks in a row."""
        silences = 0
        while silences < _SILENCES_THAT_MEAN_GONE:
            await asyncio.sleep(self._watch_seconds)
            silences = 0 if await self._listens(instance.url) else silences + 1
        return Exit(None, "the operator's server does not answer any more")

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        """Do nothing: it is not ours."""

    async def logs(self, instance: Instance, tail: int) -> list[str]:
        """Say where the log is."""
        place = urlsplit(instance.url).netloc.rpartition("@")[2]
        return [f"The server at {place} belongs to the operator, who has its log."][:tail]

    async def find(
        self, specs: Sequence[ServiceSpec], owner: str, namespace: str, state_folder: str
    ) -> list[Instance]:
        """Return nothing: what is not ours leaves no remains."""
        return []

    async def close(self) -> None:
        """Close the HTTP session."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def _listens(self, url: str) -> bool:
        # Any answer will do: a busy server must not count as gone because of its status.
        patience = aiohttp.ClientTimeout(total=self._look_seconds)
        try:
            async with self._http().get(url, allow_redirects=False, timeout=patience):
                return True
        except asyncio.TimeoutError:
            return True  # it took the connection and is busy
        except (aiohttp.ClientError, OSError):
            return False
