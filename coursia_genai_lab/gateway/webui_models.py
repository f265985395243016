"""Which checkpoint each caller of a WebUI has chosen; the WebUI itself knows one for everybody."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from ..engines.a1111_control import WebUIControl
from ..errors import GenAIError, ModelUnknown
from ..lab.endpoint import Endpoint
from .tokens import Grant
from .webui_fields import CHECKPOINT, shown_settings
from .webui_order import WebUIOrder

log = logging.getLogger(__name__)

REMEMBERED = 1024


class WebUIModels:
    """Remember what was chosen through each lease; `control` asks the WebUI at an address."""

    def __init__(self, control: Callable[[Endpoint], WebUIControl]) -> None:
        self._control = control
        self._chosen: OrderedDict[str, str] = OrderedDict()
        """Lease -> the checkpoint that was chosen through it."""
        self._first: OrderedDict[str, str] = OrderedDict()
        """Address -> the checkpoint that was loaded before anybody chose one."""

    async def choose(self, grant: Grant, endpoint: Endpoint, name: str) -> None:
        """Let the jobs that come through this lease use a checkpoint; nobody else's change.

        Raises:
            ModelUnknown: the WebUI has none of that name.
        """
        keep(self._chosen, grant.lease_id, await self._title(endpoint, name))

    async def by_title(self, endpoint: Endpoint, order: WebUIOrder) -> WebUIOrder:
        """Return an order that names checkpoints by their titles alone.

        The WebUI takes parts of names and hashes, too, and chooses what fits them somehow.

        Raises:
            ModelUnknown: the WebUI has none of such a name.
        """
        titles = {name: await self._title(endpoint, name) for name in order.checkpoints}
        return order.naming(titles)

    async def of(self, grant: Grant, endpoint: Endpoint) -> str | None:
        """Return the checkpoint that a lease's jobs use: its own choice, else the first loaded."""
        if endpoint.url not in self._first:
            loaded = (await self._control(endpoint).options()).get(CHECKPOINT)
            if isinstance(loaded, str) and loaded:
                keep(self._first, endpoint.url, loaded)
        return self._chosen.get(grant.lease_id) or self._first.get(endpoint.url)

    async def of_or_none(self, grant: Grant, endpoint: Endpoint) -> str | None:
        """Return the same; None where the WebUI does not tell what it has loaded."""
        try:
            return await self.of(grant, endpoint)
        except GenAIError as error:
            # Without it the job runs with whatever is loaded, as it would without us.
            log.info("%s: its checkpoint is not known: %s", endpoint.backend, error.message)
            return None

    async def _title(self, endpoint: Endpoint, name: str) -> str:
        title = await self._control(endpoint).checkpoint_title(name)
        if title is None:
            raise ModelUnknown(
                f"model {name[:100]!r} not found",
                "GET /sdapi/v1/sd-models lists what there is.",
            )
        return title

    async def options(self, grant: Grant, endpoint: Endpoint) -> dict[str, Any]:
        """Return the server's settings that may come with a job, and one's own checkpoint."""
        chosen = await self.of(grant, endpoint)
        shown = shown_settings(await self._control(endpoint).options())
        return {**shown, CHECKPOINT: chosen} if chosen else shown


def keep(kept: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    """Remember a value as the newest, and forget the oldest of too many."""
    kept[key] = value
    kept.move_to_end(key)
    while len(kept) > REMEMBERED:
        kept.popitem(last=False)
