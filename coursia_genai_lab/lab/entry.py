"""The way in: where a service answers, waiting for its start as long as the caller does."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..errors import ServiceNotReady
from ..wire.policy import Mode
from .changes import Changes
from .clouds import Clouds
from .commands import Commands
from .endpoint import Endpoint
from .holders import Holders
from .routing import Routing
from .service import Service


class Entry:
    """Start what is asked for and wait until it answers.

    `estimate` gives the seconds left of a start, `is_open` whether the Lab still serves.
    """

    def __init__(
        self,
        *,
        commands: Commands,
        routing: Routing,
        holders: Holders,
        changes: Changes,
        estimate: Callable[[str], float | None],
        clouds: Clouds,
        is_open: Callable[[], bool],
    ) -> None:
        self._commands = commands
        self._routing = routing
        self._holders = holders
        self._changes = changes
        self._estimate = estimate
        self._clouds = clouds
        self._is_open = is_open

    async def endpoint(self, service: str, *, timeout: float, mode: Mode | None) -> Endpoint:
        """Return where a service answers; the errors are those of `Lab.endpoint`."""
        asked = self._commands.cell(service)
        cell = self._commands.backing(service, mode)
        self._routing.refuse(cell.spec, mode)
        if cell.spec.kind == "cloud":
            return await self._clouds.endpoint(cell.spec.name)
        with self._holders.awaited(cell.spec.name):
            # A stop that was wished and has not begun is overruled, for this wish came later.
            if cell.state != "ready" or not cell.wanted or cell.resting:
                if cell.failed_just_now and cell.failure is not None:
                    raise cell.failure
                self._commands.start(service, by="a request", mode=mode)
            await self._until_ready(cell, timeout, mode)
        if cell.instance is None:
            raise ServiceNotReady(f"{cell.spec.title} has just stopped.")
        credential = cell.spec.credential
        return Endpoint(
            service=service,
            backend=cell.spec.name,
            url=cell.instance.url,
            credential=cell.instance.credential,
            scheme=credential.scheme,
            user=credential.user,
            dialect=asked.spec.dialect,
            runtime=cell.instance.runtime,
            image_digest=cell.instance.detail.get("image_digest") or None,
        )

    async def _until_ready(self, cell: Service, timeout: float, mode: Mode | None) -> None:
        deadline = time.monotonic() + timeout
        while True:
            # The mode may change during the wait: `off` ends it, and no job slips through.
            self._routing.refuse(cell.spec, mode)
            if cell.state == "ready" and cell.wanted:
                return
            if cell.state in ("failed", "unavailable") and cell.failure is not None:
                raise cell.failure
            left = deadline - time.monotonic()
            given_up = cell.state == "stopped" and not cell.meant_to_run
            if left <= 0 or given_up or not self._is_open():
                raise _not_ready(cell, self._estimate(cell.spec.name))
            await self._changes.wait(self._changes.revision, left)


def _not_ready(service: Service, seconds_left: float | None) -> ServiceNotReady:
    """Return what a caller hears whose patience ended before the service was ready."""
    phase = f": {service.phase}" if service.phase else ""
    about = f" About {seconds_left:.0f} s are left." if seconds_left else ""
    error = ServiceNotReady(f"{service.spec.title} is {service.state}{phase}.{about}")
    error.retry_after = max(1.0, min(seconds_left or 5.0, 60.0))
    return error
