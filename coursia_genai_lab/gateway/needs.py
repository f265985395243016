"""What the gateway needs of the Lab, and no more."""

from __future__ import annotations

from typing import Protocol

from ..catalog.load import Catalog
from ..config import LabSettings
from ..lab.clouds import Clouds
from ..lab.endpoint import Endpoint
from ..lab.leases import Leases
from ..lab.policy import Policy
from ..wire.policy import Mode
from ..wire.problems import Problem
from ..wire.services import ServiceState


class Running(Protocol):
    """What doors ask of one service's state."""

    @property
    def wanted(self) -> bool:
        """Whether it runs or is being started by somebody's wish."""

    @property
    def state(self) -> ServiceState:
        """What it does at the moment."""


class LabView(Protocol):
    """The part of the Lab that doors stand on."""

    @property
    def settings(self) -> LabSettings:
        """What the operator chose."""

    @property
    def catalog(self) -> Catalog:
        """The services that can exist."""

    @property
    def policy(self) -> Policy:
        """The mode in force."""

    @property
    def clouds(self) -> Clouds:
        """The providers that can be asked."""

    @property
    def leases(self) -> Leases:
        """The claims that keep services and tokens alive."""

    async def endpoint(
        self, service: str, *, timeout: float, notebook_mode: Mode | None = None
    ) -> Endpoint:
        """Return where a service answers, starting it when needed.

        Raises:
            NotAllowed: the mode forbids it.
            ServiceNotReady: it still starts after `timeout` seconds.
            ServiceError: it cannot start, or it failed.
        """

    def service(self, name: str) -> Running:
        """Return the state of a service."""

    def backend(self, service: str, notebook_mode: Mode | None = None) -> str:
        """Return who answers for a service: itself, or its stand-in."""

    def hindrance(self, service: str, model: str) -> Problem | None:
        """Return why a service cannot make pictures with a model now; None: nothing is known."""

    def estimate(self, service: str) -> float | None:
        """Return the seconds left of a start; None where nobody can know."""

    def touch(self, service: str) -> None:
        """Note that somebody used a service just now."""
