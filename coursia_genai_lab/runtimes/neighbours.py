"""What somebody else already runs on this machine for a service: found, never touched."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp

from ..catalog.spec import ServiceSpec
from ..wire.problems import Problem
from ..wire.services import Dialect
from . import loopback
from .readiness import Answer, speaks

try:
    import pwd
except ImportError:  # native Windows: users have no names there that we could ask for
    pwd = None  # type: ignore[assignment]

_ROOT = 0


@dataclass(frozen=True)
class KnownContainer:
    """A container that bears one of the names of a spec and no mark of any Lab."""

    name: str
    running: bool
    addresses: tuple[str, ...] = ()
    """Where its ports are published on this machine, the spec's own port first."""
    project: str = ""
    """The compose project that it belongs to."""

    @property
    def owner(self) -> str:
        """Who it is, for a person."""
        project = f" of the project {self.project}" if self.project else ""
        return f"the container {self.name}{project}"


class Containers(Protocol):
    """What a search needs of a container engine."""

    async def known(self, names: Sequence[str], port: int | None) -> list[KnownContainer]:
        """Return the containers with these names; none when there is no engine to ask."""

    async def wake(self, name: str) -> None:
        """Start a container that its owner has made and stopped; raises ServiceError."""

    async def close(self) -> None:
        """Let go of the engine."""


@dataclass(frozen=True)
class Neighbour:
    """A server that answers for a service, and whose it is."""

    address: str
    owner: str
    sleeping: str | None = None
    """Name of the stopped container that would answer, if it were started."""


def may_have_neighbours(spec: ServiceSpec) -> bool:
    """Say whether somebody else may run this service: the small ones are nobody's but ours."""
    return spec.kind == "local" and bool(
        spec.known_containers or (spec.door_port and spec.container)
    )


async def find_neighbour(
    spec: ServiceSpec,
    *,
    containers: Containers | None,
    session: aiohttp.ClientSession,
    look_seconds: float,
    may_wake: bool,
    headers: Mapping[str, str] | None = None,
) -> Neighbour | Problem | None:
    """Return who answers for the service here, a problem with it, or None for nobody.

    `headers` prove us to a server that is locked; no other is sent them.

    A container with a known name comes first, then whoever listens on the preferred port of
    127.0.0.1. A listener of another user is not used: on a shared machine anybody could take
    the port and read what is sent there.
    """
    asleep: KnownContainer | None = None
    if containers is not None and spec.known_containers:
        port = spec.container.port if spec.container else None
        for container in await containers.known(spec.known_containers, port):
            if not container.running:
                asleep = asleep or container
                continue
            for address in container.addresses:
                answer = await asked(address, spec.dialect, session, look_seconds, headers)
                if answer in ("speaks", "locked"):
                    return _judged(spec, Neighbour(address, container.owner), answer, headers)
    found = await _on_the_preferred_port(spec, session, look_seconds, headers)
    if found is not None:
        return found
    if asleep is not None and may_wake:
        return Neighbour("", asleep.owner, sleeping=asleep.name)
    return None


async def asked(
    address: str,
    dialect: Dialect,
    session: aiohttp.ClientSession,
    look_seconds: float,
    headers: Mapping[str, str] | None,
) -> Answer:
    """Ask what stands at an address; `locked` means that it does not take our proof either."""
    answer = await speaks(address, dialect, session=session, timeout_seconds=look_seconds)
    if answer == "locked" and headers:
        return await speaks(
            address, dialect, session=session, headers=headers, timeout_seconds=look_seconds
        )
    return answer


async def listening_users(address: str) -> frozenset[int]:
    """Return who listens on an address's port here; nobody where the system does not tell."""
    port = urlsplit(address).port
    if port is None or not loopback.can_see_listeners():
        return frozenset()
    found = await asyncio.to_thread(loopback.listeners, port)
    return frozenset(listener.user for listener in found)


def strangers(users: Collection[int]) -> set[int]:
    """Return the users who are neither we nor root.

    Root publishes the ports of containers, and could read everything anyway.
    """
    return set(users) - {_ROOT, os.getuid()} if users else set()


async def _on_the_preferred_port(
    spec: ServiceSpec,
    session: aiohttp.ClientSession,
    look_seconds: float,
    headers: Mapping[str, str] | None,
) -> Neighbour | Problem | None:
    if spec.door_port is None:
        return None
    address = f"http://127.0.0.1:{spec.door_port}"
    users = await listening_users(address)
    if not users:
        return None
    # Whoever took the port of somebody else's server is told nothing that proves us.
    proof = None if strangers(users) else headers
    answer = await asked(address, spec.dialect, session, look_seconds, proof)
    if answer not in ("speaks", "locked"):
        return None
    if strangers(users):
        return Problem(
            code="external_foreign",
            message=f"A server on port {spec.door_port} could answer for {spec.title}, but it "
            f"belongs to {_name(max(users))}.",
            remedy=f'If you trust it, write address = "{address}" into a service file of yours.',
        )
    return _judged(
        spec, Neighbour(address, f"{_name(max(users))} on port {spec.door_port}"), answer, headers
    )


def _judged(
    spec: ServiceSpec, found: Neighbour, answer: Answer, headers: Mapping[str, str] | None
) -> Neighbour | Problem:
    if answer == "speaks":
        return found
    if headers:
        return token_refused(spec, found.owner)
    return Problem(
        code="external_locked",
        message=f"{spec.title} is already run here by {found.owner}, at {found.address}, and it "
        "wants a token that this Lab does not have.",
        remedy=(
            f"Set its token: coursia-genai secrets set {spec.credential.secret}; or stop"
            if spec.credential.secret
            else "Set its address and token in the notebook's .env, where the notebook finds them "
            "itself; or stop"
        )
        + " that server, so that this Lab can start its own.",
    )


def token_refused(spec: ServiceSpec, owner: str) -> Problem:
    """Return what to say of a server that does not take what the secrets have for it."""
    return Problem(
        code="external_locked",
        message=f"{spec.title} is run by {owner}, and does not take the {spec.credential.secret} "
        "of our secrets.",
        remedy="Start that server again, for it reads its login file only then; or set what "
        f"line 1 of that file says: coursia-genai secrets set {spec.credential.secret}",
    )


def _name(user: int) -> str:
    try:
        return f"the user {pwd.getpwuid(user).pw_name}" if pwd else f"the user {user}"
    except KeyError:
        return f"the user {user}"
