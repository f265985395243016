"""How many local services may run at once, and which one gives way."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..errors import Conflict
from .routing import DEMO
from .service import Service


def make_room(
    newcomer: Service,
    services: Iterable[Service],
    *,
    most: int,
    held: Callable[[str], bool],
    used_at: Callable[[str], float],
) -> None:
    """Stop the unheld service that was used longest ago, when `most` run already.

    A service that only dormant claims name is unheld. The demo engine and servers that somebody
    else runs take no room.

    Raises:
        Conflict: all are in use.
    """
    if not _takes_room(newcomer):
        return
    running = [other for other in services if other.meant_to_run and _takes_room(other)]
    if len(running) < most:
        return
    spare = [other for other in running if not held(other.spec.name)]
    if not spare:
        raise Conflict(
            f"{len(running)} services run already, and all are in use.",
            "Shut down a kernel that holds one, or raise GenAILab.max_concurrent.",
            code="too_many_services",
        )
    oldest = min(spare, key=lambda other: used_at(other.spec.name))
    oldest.wish(False, by=newcomer.spec.name, reason=f"Room for {newcomer.spec.title}.")


def _takes_room(service: Service) -> bool:
    elsewhere = service.instance is not None and service.instance.external_owner
    return service.spec.name != DEMO and not service.spec.address and not elsewhere
