"""The desk where a kernel's launch asks for GenAI: a lease, a token, doors, variables."""

from __future__ import annotations

import asyncio
import logging
import posixpath
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ..catalog.spec import ServiceSpec
from ..errors import GenAIError
from ..gateway.doors import Doors
from ..gateway.tokens import Tokens
from ..lab.lab import Lab
from ..wire.launches import LaunchView
from ..wire.notebooks import Profile
from .variables import Plan, names_that_matter, plan, proxy_exceptions, taken_names

log = logging.getLogger(__name__)

PENDING_SECONDS = 60.0
"""How long a lease lives between preparing a launch and its kernel's start."""
SURVEY_SECONDS = 0.5
"""How long the first launch waits to learn what this machine can run."""
DOOR_SECONDS = 2.0
"""How long a launch waits for its doors: milliseconds, but the first loads a library."""
DEMO = "demo"


@dataclass(frozen=True)
class LaunchOrder:
    """What is known of a kernel that starts; the environments hold secrets and stay unshown."""

    launch_id: str
    kernel_id: str
    profile: Profile
    path: str
    """API path of the notebook; of the first, where several share the kernel."""
    person: str
    base_environment: Mapping[str, str] = field(repr=False)
    kernelspec_environment: Mapping[str, str] = field(repr=False)
    dotenv: Mapping[str, str]
    """Variable -> the `.env` that sets it."""
    asked: bool = False
    """Whether a person asked for GenAI by hand, detected need or not."""


@dataclass(frozen=True)
class LaunchGrant:
    """What a launch gets; `variables` is empty when nothing is injected."""

    view: LaunchView
    variables: Mapping[str, str] = field(repr=False)


class LaunchDesk(Protocol):
    """What a launch needs of the Lab, wherever the Lab runs."""

    def names(self, profile: Profile) -> Collection[str]:
        """Return the variables that might be set for a profile."""

    async def prepare(self, order: LaunchOrder) -> LaunchGrant:
        """Claim the services and return the variables; raises GenAIError at most."""

    async def ready(self, launch_id: str, timeout: float) -> None:
        """Return when the launch's services answer or have failed, at the latest in `timeout`."""

    async def confirm(self, launch_id: str) -> None:
        """Note that the kernel runs."""

    async def renew(self, launch_id: str) -> None:
        """Note that the kernel restarts: keep the claim for a while."""

    async def release(self, launch_id: str) -> None:
        """Note that the kernel has ended. Idempotent."""

    def views(self) -> list[LaunchView]:
        """Return the launches that stand."""


@dataclass(frozen=True)
class _Launch:
    view: LaunchView
    lease_id: str | None
    """None: nothing was injected, the launch is only shown."""
    services: tuple[str, ...]
    profile: Profile


class LocalLaunchDesk:
    """Serve launches from the Lab in this process."""

    def __init__(self, lab: Lab, tokens: Tokens, doors: Doors) -> None:
        self._lab = lab
        self._tokens = tokens
        self._doors = doors
        self._launches: dict[str, _Launch] = {}

    def names(self, profile: Profile) -> Collection[str]:
        """Return the variables that might be set for a profile."""
        return names_that_matter(self._specs(profile))

    async def prepare(self, order: LaunchOrder) -> LaunchGrant:
        """Claim services, mint a token, open doors, begin the starts; return the variables.

        A service that cannot start, or a door that cannot open, is a reason in the view, never
        an error. An earlier launch of the same kernel ends with this one.
        """
        await self._lab.opened(SURVEY_SECONDS)
        grant = await self._prepared(order)
        # Looked at after the last wait: two pages may enable one kernel at a time.
        for launch_id in self._of_kernel(order.kernel_id):
            if launch_id != order.launch_id:
                self._forget(launch_id)
        self._lab.announce("launch")
        return grant

    async def ready(self, launch_id: str, timeout: float) -> None:
        """Return when the launch's services answer or have failed, at the latest in `timeout`."""
        launch = self._launches.get(launch_id)
        if launch is None:
            return
        if launch.lease_id is not None:
            # The kernel starts after the wait, and by then its token must be good.
            self._lab.leases.suspend(launch.lease_id, timeout + PENDING_SECONDS)
        mode = launch.profile.mode
        waits = [
            self._lab.endpoint(name, timeout=timeout, notebook_mode=mode)
            for name in launch.services
        ]
        for outcome in await asyncio.gather(*waits, return_exceptions=True):
            if isinstance(outcome, GenAIError):
                log.info("A launch goes on without waiting: %s", outcome.message)

    async def confirm(self, launch_id: str) -> None:
        """Note that the kernel runs: its lease stays until it ends."""
        launch = self._launches.get(launch_id)
        if launch is not None:
            view = launch.view.model_copy(update={"state": "live"})
            self._launches[launch_id] = _Launch(
                view, launch.lease_id, launch.services, launch.profile
            )
            self._lab.announce("launch")
            if launch.lease_id is not None:
                self._lab.leases.confirm(launch.lease_id)

    async def renew(self, launch_id: str) -> None:
        """Note that the kernel restarts: the lease lapses unless the restart comes through."""
        launch = self._launches.get(launch_id)
        if launch is not None and launch.lease_id is not None:
            self._tokens.revoke(launch.lease_id)
            self._lab.leases.suspend(launch.lease_id, PENDING_SECONDS)

    async def release(self, launch_id: str) -> None:
        """Note that the kernel has ended: lease and token end. Idempotent."""
        if self._forget(launch_id):
            self._lab.announce("launch")

    def views(self) -> list[LaunchView]:
        """Return the launches that stand, the newest last; lapsed ones are forgotten."""
        for launch_id, launch in list(self._launches.items()):
            if launch.lease_id is not None and not self._lab.leases.live(launch.lease_id):
                self._forget(launch_id)
        return [launch.view for launch in self._launches.values()]

    # -- inner workings ------------------------------------------------------------------------

    async def _prepared(self, order: LaunchOrder) -> LaunchGrant:
        profile, lab = order.profile, self._lab
        specs = self._specs(profile)
        mode, fallback = lab.genai_mode(profile.services, profile.mode)
        if mode is None:
            return self._plain(order, "GenAI is off for this notebook.")
        refused = self._refused(specs, profile)
        drawn = plan(
            specs,
            taken=taken_names(
                self.names(profile),
                kernelspec=order.kernelspec_environment,
                environment=order.base_environment,
                dotenv=order.dotenv,
            ),
            refused=refused,
        )
        served = [s for s in specs if s.name not in drawn.external and s.name not in refused]
        if not served and not order.asked:
            return self._plain(order, _why_nothing(drawn, refused), drawn.skipped)
        lease_id = self._claim(order, served)
        try:
            problems = self._start(served, order)
            doors, openai = await self._open(drawn)
            token = self._tokens.mint(
                lease_id,
                person=order.person,
                services=[spec.name for spec in served],
                kernel_id=order.kernel_id,
                path=order.path,
                mode=profile.mode,
            )
            facts = {
                "token": token.reveal(),
                "mode": mode,
                "fallback_reason": fallback or "",
                "type": profile.type,
                "services": ",".join(profile.services),
            }
            values, skipped = drawn.fill(doors=doors, openai=openai, facts=facts)
            values |= proxy_exceptions({**order.base_environment, **order.kernelspec_environment})
        except BaseException:
            # Also when the launch's deadline cancels us: a claim of nobody must not stay.
            self._drop(lease_id)
            raise
        view = _view(order, reason=" ".join(problems), skipped=skipped).model_copy(
            update={
                "variables": sorted(values),
                "genai_mode": mode,
                "fallback_reason": fallback,
            }
        )
        self._launches[order.launch_id] = _Launch(
            view, lease_id, tuple(spec.name for spec in served), profile
        )
        return LaunchGrant(view, values)

    def _plain(
        self, order: LaunchOrder, reason: str, skipped: Mapping[str, str] | None = None
    ) -> LaunchGrant:
        view = _view(order, reason=reason, skipped=skipped or {})
        self._launches[order.launch_id] = _Launch(view, None, (), order.profile)
        return LaunchGrant(view, {})

    def _specs(self, profile: Profile) -> list[ServiceSpec]:
        catalog = self._lab.catalog
        return [catalog[name] for name in profile.services if name in catalog]

    def _refused(self, specs: Sequence[ServiceSpec], profile: Profile) -> dict[str, str]:
        """Return the services whose addresses are not ours to give, with the reason."""
        refused: dict[str, str] = {}
        for spec in specs:
            if spec.kind == "local" and profile.remote:
                refused[spec.name] = "The notebook names a hosted server itself."
            elif spec.kind == "cloud" and self._lab.backend(spec.name, profile.mode) != DEMO:
                refused[spec.name] = f"This server has no key for {spec.title}."
        return refused

    def _claim(self, order: LaunchOrder, served: Sequence[ServiceSpec]) -> str:
        names = [spec.name for spec in served]
        # The notebook's own word may choose a stand-in that the server's mode does not.
        stand_ins = [self._lab.backend(name, order.profile.mode) for name in names]
        return self._lab.leases.take(
            "kernel",
            dict.fromkeys([*names, *stand_ins]),
            label=posixpath.basename(order.path) or "a notebook",
            person=order.person,
            kernel_id=order.kernel_id,
            pending_seconds=PENDING_SECONDS,
        ).id

    def _start(self, served: Sequence[ServiceSpec], order: LaunchOrder) -> list[str]:
        problems: dict[str, None] = {}
        for spec in served:
            try:
                self._lab.start(spec.name, by=order.path, notebook_mode=order.profile.mode)
            except GenAIError as error:
                problems[str(error)] = None
        return list(problems)

    async def _open(self, drawn: Plan) -> tuple[dict[str, str], str]:
        """Return the doors that opened in time, and the OpenAI door or an empty string."""
        names = drawn.doors
        waits = [self._doors.open(name) for name in names]
        if drawn.openai_door:
            waits.append(self._doors.open_openai())
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=DOOR_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            outcomes = await asyncio.gather(*tasks, return_exceptions=True)
        opened: list[str] = []
        for outcome in outcomes:
            if isinstance(outcome, (GenAIError, OSError, asyncio.CancelledError)):
                log.warning("A door did not open: %s", str(outcome) or "it took too long")
            elif isinstance(outcome, BaseException):
                raise outcome
            opened.append("" if isinstance(outcome, BaseException) else outcome)
        openai = opened.pop() if drawn.openai_door else ""
        return {name: url for name, url in zip(names, opened, strict=True) if url}, openai

    def _of_kernel(self, kernel_id: str) -> list[str]:
        return [key for key, one in self._launches.items() if one.view.kernel_id == kernel_id]

    def _forget(self, launch_id: str) -> bool:
        launch = self._launches.pop(launch_id, None)
        if launch is not None and launch.lease_id is not None:
            self._drop(launch.lease_id)
        return launch is not None

    def _drop(self, lease_id: str) -> None:
        self._tokens.revoke(lease_id)
        self._lab.leases.drop(lease_id)


def _view(order: LaunchOrder, *, reason: str, skipped: Mapping[str, str]) -> LaunchView:
    return LaunchView(
        launch_id=order.launch_id,
        kernel_id=order.kernel_id,
        path=order.path,
        type=order.profile.type,
        services=order.profile.services,
        skipped=dict(skipped),
        reason=reason,
        since=time.time(),
    )


def _why_nothing(drawn: Plan, refused: Mapping[str, str]) -> str:
    if drawn.external:
        return "The addresses of its services are set by you, so they are left as they are."
    return " ".join(dict.fromkeys(refused.values())) or "No service of the catalogue is needed."
