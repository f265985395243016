"""What an earlier Lab left on this host: adopt what is ours, remove what nobody owns."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from ..runtimes.base import Instance, Runtime
from ..wire.services import RuntimeName
from .ownership import OwnerSlot
from .service import Service

log = logging.getLogger(__name__)


async def adopt(
    slot: OwnerSlot,
    runtimes: Mapping[RuntimeName, Runtime],
    services: Mapping[str, Service],
    namespace: str,
) -> list[str]:
    """Take over what runs under our slot; return the names of the adopted services."""
    adopted = []
    for instance in await _found(slot, runtimes, services, namespace):
        service = services[instance.service]
        if service.instance is None and not service.wanted:
            log.info("%s: adopted from an earlier Lab", instance.service)
            service.adopt(instance, runtimes[instance.runtime])
            adopted.append(instance.service)
    return adopted


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
