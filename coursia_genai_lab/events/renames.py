"""Hear from Jupyter that a notebook has a new name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jupyter_events import EventLogger

SCHEMA_ID = "https://events.jupyter.org/jupyter_server/contents_service/v1"


class Renames:
    """Tell `renamed` the old and the new API path of each file and folder that is renamed.

    A server whose contents manager emits no events tells of none.
    """

    def __init__(self, logger: EventLogger, renamed: Callable[[str, str], None]) -> None:
        self._logger = logger
        self._renamed = renamed

    def open(self) -> None:
        """Begin to listen. Idempotent."""
        self._logger.add_listener(schema_id=SCHEMA_ID, listener=self._hear)

    def close(self) -> None:
        """Listen no more."""
        self._logger.remove_listener(schema_id=SCHEMA_ID, listener=self._hear)

    async def _hear(self, logger: EventLogger, schema_id: str, data: dict[str, Any]) -> None:
        before, after = data.get("source_path"), data.get("path")
        if data.get("action") == "rename" and isinstance(before, str) and isinstance(after, str):
            self._renamed(before.strip("/"), after.strip("/"))
