"""What people chose as their mode, kept over a restart of the server."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast, get_args

from ..wire.policy import Mode
from .kept_file import read_kept, write_kept
from .mode_layers import Layer
from .policy import Policy

log = logging.getLogger(__name__)


class KeptModes:
    """Keep the layers of people in one file; None keeps nothing."""

    def __init__(self, policy: Policy, path: Path | None) -> None:
        self._policy = policy
        self._path = path
        self._writing = asyncio.Lock()
        self._opened = False

    async def open(self) -> None:
        """Restore what was kept. Idempotent."""
        if self._path is None or self._opened:
            return
        self._opened = True
        self._policy.restore(await asyncio.to_thread(_layers_in, self._path))

    async def keep(self) -> None:
        """Write down what holds now. A disk that cannot take it is told of in the log."""
        if self._path is None:
            return
        async with self._writing:
            layers = {name: asdict(layer) for name, layer in self._policy.kept().items()}
            try:
                await asyncio.to_thread(write_kept, self._path, layers)
            except OSError as error:
                log.warning("The chosen mode is not kept over a restart: %s", error.strerror)


def _layers_in(path: Path) -> dict[str, Layer]:
    kept: Any = read_kept(path)
    found: dict[str, Layer] = {}
    for name, said in kept.items() if isinstance(kept, dict) else ():
        if isinstance(said, dict) and said.get("value") in get_args(Mode):
            since = said.get("since")
            found[name] = Layer(
                value=cast(Mode, said["value"]),
                set_by=str(said.get("set_by", "")),
                since=since if isinstance(since, (int, float)) else None,
            )
    return found
