"""What an earlier Lab left on this host: adopt what is ours, remove what nobody owns."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import GenAIError
from ..runtimes.base import Instance, Runtime
from ..wire.problems import Problem
from ..wire.services import RuntimeName
from .ownership import OwnerSlot, claim_slots
from .service import Service

log = logging.getLogger(__name__)


class Tenure:
    """Hold this Lab's ownership slot from its opening to its close."""

    def __init__(self) -> None:
        self.slot: OwnerSlot | None = None

    async def begin(
        self,
        state_path: str,
        runtimes: Mapping[RuntimeName, Runtime],
        services: Mapping[str, Service],
        namespace: str,
    ) -> list[str]:
        """Claim a slot, adopt what runs under it, reap the abandoned; return adopted names.

        Raises:
            ConfigurationError: the state folder cannot be used.
        """
        slot, abandoned = await asyncio.to_thread(claim_slots, Path(state_path))
        self.slot = slot
        adopted = await adopt(slot, runtimes, services, namespace)
        for left in abandoned:
            removed = await self._removed(left, runtimes, services, namespace)
            await asyncio.to_thread(left.release, forget=removed)
        return adopted

    async def _removed(
        self,
        left: OwnerSlot,
        runtimes: Mapping[RuntimeName, Runtime],
        services: Mapping[str, Service],
        namespace: str,
    ) -> bool:
        try:
            await reap(left, runtimes, services, namespace)
        except (GenAIError, OSError) as error:
            # It keeps its owner, and a later Lab removes it; what we adopted is not concerned.
            log.warning("What a vanished Lab left could not be removed: %s", error)
            return False
        return True

    async def end(self, *, clean: bool) -> None:
        """Give the slot back; a clean end leaves nothing of it."""
        if self.slot is not None:
            slot, self.slot = self.slot, None
            await asyncio.to_thread(slot.release, forget=clean)


def problem_of(error: Exception) -> Problem:
    """Return the warning that a failed beginning deserves."""
    return Problem(
        code=getattr(error, "error_code", "take_over_failed"),
        message=getattr(error, "message", "What an earlier Lab left was not examined."),
        remedy=getattr(error, "remedy", "Run `coursia-genai doctor`."),
    )


async def adopt(
    slot: OwnerSlot,
    runtimes: Mapping[RuntimeName, Runtime],
    services: Mapping[str, Service],
    namespace: str,
) -> list[str]:
    """Take over what runs under our slot; return the names of the adopted services.

    What is found of a service that another instance serves by now is stopped.
    """
    adopted = []
    for instance in await _found(slot, runtimes, services, namespace):
        service = services[instance.service]
        if service.instance is None and not service.wanted:
            log.info("%s: adopted from an earlier Lab", instance.service)
            service.adopt(instance, runtimes[instance.runtime])
            adopted.append(instance.service)
        elif service.instance and service.instance.identifier != instance.identifier:
            await _dismiss(instance, runtimes[instance.runtime], service)
    return adopted


async def _dismiss(instance: Instance, runtime: Runtime, service: Service) -> None:
    """Stop what was found of a service that another instance serves: nobody would ever use it."""
    log.info("%s: stopped what an earlier Lab left beside the present one", instance.service)
    try:
        await runtime.stop(instance, service.spec.stop_grace_seconds)
    except (GenAIError, OSError) as error:
        log.warning("What is left of %s could not be stopped: %s", instance.service, error)


async def reap(
    slot: OwnerSlot,
    runtimes: Mapping[RuntimeName, Runtime],
    services: Mapping[str, Service],
    namespace: str,
) -> None:
    """Stop and remove what a vanished Lab left under an abandoned slot."""
    for instance in await _found(slot, runtimes, services, namespace):
        log.info("%s: removed what a vanished Lab left", instance.service)
        grace = services[instance.service].spec.stop_grace_seconds
        await runtimes[instance.runtime].stop(instance, grace)


async def _found(
    slot: OwnerSlot,
    runtimes: Mapping[RuntimeName, Runtime],
    services: Mapping[str, Service],
    namespace: str,
) -> Sequence[Instance]:
    specs = [service.spec for service in services.values()]
    found: list[Instance] = []
    for runtime in runtimes.values():
        found += await runtime.find(specs, slot.owner, namespace, str(slot.folder))
    return [instance for instance in found if instance.service in services]
