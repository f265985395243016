"""What a launch asks for, what it gets, and the desk between, wherever the Lab runs."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..lab.consents import Widening
from ..wire.launches import LaunchView
from ..wire.notebooks import Profile


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
    widenings: tuple[Widening, ...] = ()
    """What each notebook's metadata asks for beyond its code; empty: what the profile says."""
    in_place: tuple[str, ...] = ()
    """Clouds beside the profile's services whose key this kernel does not get: their door takes
    its place."""


@dataclass(frozen=True)
class LaunchGrant:
    """What a launch gets; `variables` is empty when nothing is injected."""

    view: LaunchView
    variables: Mapping[str, str] = field(repr=False)
    withheld: frozenset[str] = frozenset()
    """Names of the server's environment that the kernel does not get, where variables are."""

    @property
    def changes(self) -> dict[str, str | None]:
        """What becomes of the environment; None takes a name away."""
        return {**dict.fromkeys(self.withheld), **self.variables} if self.variables else {}


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
