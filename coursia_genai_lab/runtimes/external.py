"""Use a server that somebody else runs: the operator's by its address, or one found here.

It is watched and used, never stopped; a stopped container with a known name is started only if
the operator allows it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import ClassVar
from urllib.parse import urlsplit

import aiohttp

from ..catalog.spec import ServiceSpec
from ..errors import ConfigurationError, ServiceError
from ..wire.problems import Problem
from ..wire.services import RuntimeName
from .base import NO_NEIGHBOUR, Exit, Instance, Progress, Report, Runtime, Secret, StartOrder
from .credentials import credential_headers
from .neighbours import (
    Containers,
    Neighbour,
    asked,
    find_neighbour,
    listening_users,
    may_have_neighbours,
    strangers,
    token_refused,
)

_SILENCES_THAT_MEAN_GONE = 3
_AFTER_SILENCE_SECONDS = 0.5
_WAKE_SECONDS = 10.0
_WAKE_LOOK_SECONDS = 0.2
_NEIGHBOUR_SECONDS = 0.7


Credentials = Callable[[str], "Secret | None"]
"""Name of a secret -> what the operator has for it now. May block; raises ConfigurationError."""


class RenewedSecret(Secret):
    """A credential that its owner may change while it is in use."""

    __slots__ = ()

    def renew(self, now: Secret) -> None:
        """Hold another text from now on."""
        self._text = now.reveal()


class ExternalRuntime(Runtime):
    """Stand for servers at the addresses of specs, and for those that already answer here.

    `containers` None looks for no containers of others; `may_wake` starts a stopped one with a
    known name. `watch_seconds` is the pause between two looks at a server in use; three silent
    looks in a row, the last two soon after the first, mean that it is gone. `credentials` tells
    the operator's secret for a server that is locked; it is asked again with each look.
    """

    name: ClassVar[RuntimeName] = "external"

    def __init__(
        self,
        *,
        containers: Containers | None = None,
        may_wake: bool = False,
        watch_seconds: float = 3.0,
        look_seconds: float = 2.5,
        credentials: Credentials = lambda name: None,
    ) -> None:
        self._containers = containers
        self._may_wake = may_wake
        self._watch_seconds = watch_seconds
        self._look_seconds = look_seconds
        self._session: aiohttp.ClientSession | None = None
        self._users: dict[str, frozenset[int]] = {}
        self._credentials = credentials
        self._secret_names: dict[str, str] = {}

    def fits(self, spec: ServiceSpec) -> bool:
        """Say whether the spec has an address, or is one that somebody may already run."""
        return spec.kind == "local" and (spec.address is not None or may_have_neighbours(spec))

    async def check(self, spec: ServiceSpec) -> Problem | None:
        """Say whether a server of the right dialect answers: at the address, or found here."""
        if spec.address is None:
            found = await self._find(spec)
            return found if isinstance(found, Problem) else None
        place = urlsplit(spec.address).netloc.rpartition("@")[2]
        try:
            headers = await self._headers(spec)
        except ConfigurationError as error:
            return Problem(**error.to_dict())
        answer = await asked(spec.address, spec.dialect, self._http(), self._look_seconds, headers)
        if answer == "locked" and headers:
            return token_refused(spec, f"the operator at {place}")
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
        """Return the server as an instance; nothing is started but a container that may be woken.

        Raises:
            ServiceError: nobody answers any more.
        """
        if order.spec.address is not None:
            report(Progress("looking at the operator's server"))
            address = order.spec.address.rstrip("/").removesuffix("/v1")
            return await self._instance(order.spec, address, "operator")
        found = await self._find(order.spec)
        if isinstance(found, Problem):
            raise ServiceError(found.message, found.remedy, code=found.code)
        if found.sleeping is not None:
            found = await self._woken(order.spec, found, report)
        report(Progress(f"using {found.owner}"))
        self._users[found.address] = await listening_users(found.address)
        return await self._instance(order.spec, found.address, found.owner)

    async def _instance(self, spec: ServiceSpec, address: str, owner: str) -> Instance:
        credential = RenewedSecret("")
        credential.renew(await self._secret(spec.credential.secret))
        if spec.credential.secret is not None:
            self._secret_names[spec.name] = spec.credential.secret
        return Instance(
            service=spec.name,
            runtime=self.name,
            identifier=address,
            url=address,
            # Ours opens nothing there; theirs is known where the operator's secrets have it.
            credential=credential,
            started_at=time.time(),
            adopted=True,
            external_owner=owner,
            detail={"dialect": spec.dialect},
        )

    async def _secret(self, name: str | None) -> Secret:
        found = None if name is None else await asyncio.to_thread(self._credentials, name)
        return Secret("") if found is None else found

    async def _headers(self, spec: ServiceSpec) -> dict[str, str]:
        return credential_headers(spec.credential, await self._secret(spec.credential.secret))

    async def _renew(self, instance: Instance) -> None:
        name = self._secret_names.get(instance.service)
        if name is None or not isinstance(instance.credential, RenewedSecret):
            return
        try:
            instance.credential.renew(await self._secret(name))
        except ConfigurationError:
            # Others can read it now; the folder of secrets has said so.
            instance.credential.renew(Secret(""))

    async def _find(self, spec: ServiceSpec) -> Neighbour | Problem:
        try:
            headers = await self._headers(spec)
        except ConfigurationError as error:
            return Problem(**error.to_dict())
        found = await find_neighbour(
            spec,
            containers=self._containers,
            session=self._http(),
            # Several places are looked at, within the bound of one check.
            look_seconds=min(self._look_seconds, _NEIGHBOUR_SECONDS),
            may_wake=self._may_wake,
            headers=headers,
        )
        if found is None:
            return Problem(
                code=NO_NEIGHBOUR,
                message=f"Nobody runs {spec.title} on this machine.",
                remedy=spec.install,
                command=spec.install_command,
            )
        return found

    async def _woken(self, spec: ServiceSpec, asleep: Neighbour, report: Report) -> Neighbour:
        """Start somebody's container, and return it once its ports are published."""
        assert self._containers is not None
        assert asleep.sleeping is not None
        report(Progress(f"starting {asleep.owner}"))
        await self._containers.wake(asleep.sleeping)
        port = spec.container.port if spec.container else None
        until = time.monotonic() + _WAKE_SECONDS
        while time.monotonic() < until:
            for container in await self._containers.known([asleep.sleeping], port):
                if container.running and container.addresses:
                    return Neighbour(container.addresses[0], container.owner)
            await asyncio.sleep(_WAKE_LOOK_SECONDS)
        raise ServiceError(
            f"{asleep.owner[:1].upper()}{asleep.owner[1:]} was started, but publishes no port.",
            f"Look at `docker ps` and `docker logs {asleep.sleeping}`.",
        )

    async def wait(self, instance: Instance) -> Exit:
        """Return when nothing has answered there for three looks in a row.

        Also when another user has taken the port of a server that was found: what notebooks send
        there is not theirs to read.
        """
        silences = 0
        while silences < _SILENCES_THAT_MEAN_GONE:
            soon = min(self._watch_seconds, _AFTER_SILENCE_SECONDS)
            await asyncio.sleep(soon if silences else self._watch_seconds)
            await self._renew(instance)
            if await self._has_changed_hands(instance.url):
                return Exit(None, "another user of this machine has taken its port")
            silences = 0 if await self._listens(instance.url) else silences + 1
        return Exit(None, f"what {instance.external_owner} ran does not answer any more")

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        """Do nothing: it is not ours."""

    async def logs(self, instance: Instance, tail: int) -> list[str]:
        """Say where the log is."""
        place = urlsplit(instance.url).netloc.rpartition("@")[2]
        owner = instance.external_owner
        return [f"The server at {place} belongs to {owner}, where its log is."][:tail]

    async def find(
        self, specs: Sequence[ServiceSpec], owner: str, namespace: str, state_folder: str
    ) -> list[Instance]:
        """Return nothing: what is not ours leaves no remains."""
        return []

    async def close(self) -> None:
        """Close the HTTP session, and let go of the container engine."""
        if self._containers is not None:
            await self._containers.close()
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session

    async def _has_changed_hands(self, url: str) -> bool:
        before = self._users.get(url)
        return before is not None and bool(strangers(await listening_users(url) - before))

    async def _listens(self, url: str) -> bool:
        # Any answer will do: a busy server must not count as gone because of its status.
        patience = aiohttp.ClientTimeout(
            total=self._look_seconds, sock_connect=self._look_seconds / 2
        )
        try:
            async with self._http().get(url, allow_redirects=False, timeout=patience):
                return True
        except aiohttp.ConnectionTimeoutError:
            return False  # its machine is off, or nobody takes connections any more
        except asyncio.TimeoutError:
            return True  # it took the connection and is busy
        except (aiohttp.ClientError, OSError):
            return False
