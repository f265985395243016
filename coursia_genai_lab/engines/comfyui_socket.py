"""The socket of one job: what ComfyUI shows of it. Nothing is decided by what comes here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from .calls import Calls
from .comfyui_link import ENDS, PNG, Link, read_frame, read_message
from .orders import Phase, Preview, Report, Step

SETTLE_SECONDS = 2.0
"""A job's end is seen by a look before its last steps have come by the socket, sometimes."""
SENDER = "SaveImageWebsocket"
PHASES = (
    ("Loader", "loading the model"),
    ("TextEncode", "reading the prompt"),
    ("Sampler", "drawing"),
    ("VAEDecode", "finishing"),
)
"""Part of a node's class -> what a person reads while such a node works."""


class Display:
    """Report what is said of one job.

    `moved` is called at every sign of progress, `ended` when ComfyUI says that the job is over.
    """

    def __init__(
        self,
        calls: Calls,
        graph: Mapping[str, Any],
        report: Report,
        *,
        index: int,
        moved: Callable[[], None],
        ended: Callable[[], None],
    ) -> None:
        self.job_id = ""
        self._link = Link(calls, heard=self._hear, seen=self._see)
        self._report = report
        self._index = index
        self._moved = moved
        self._ended = ended
        self._kinds = {
            node_id: str(node.get("class_type", ""))
            for node_id, node in graph.items()
            if isinstance(node, dict)
        }
        self._draws = any(_is_sampler(kind) for kind in self._kinds.values())
        self.sent: list[bytes] = []
        """Whole pictures of SaveImageWebsocket: what is missed here is lost."""
        self._node = ""
        self._phase = ""
        self._heard_end = asyncio.Event()

    @property
    def client_id(self) -> str:
        """The id under which it listens."""
        return self._link.client_id

    async def open(self) -> None:
        """Connect and wait, bounded, until ComfyUI has said hello; without it nothing is shown."""
        await self._link.open()

    async def settled(self) -> None:
        """Wait, bounded, until everything of an ended job has been shown, where it is shown."""
        await self._link.wait(self._heard_end, SETTLE_SECONDS)

    async def close(self) -> None:
        """Hang up."""
        await self._link.close()

    def _hear(self, text: str) -> None:
        kind, data = read_message(text) or ("", {})
        if data.get("prompt_id") != self.job_id:
            return
        self._moved()
        if kind in ENDS:
            self._heard_end.set()
            self._ended()
        elif kind == "executing" and data.get("node") is not None:
            self._working(str(data["node"]))
        elif kind == "progress":
            self._stepped(data)

    def _working(self, node: str) -> None:
        self._node = node
        kind = self._kinds.get(node, "")
        phase = next((words for part, words in PHASES if part in kind), "")
        if phase and phase != self._phase:
            self._phase = phase
            self._report(Phase(phase, self._index))

    def _stepped(self, data: Mapping[str, Any]) -> None:
        if self._draws and not _is_sampler(self._kinds.get(str(data.get("node")), "")):
            return
        step, steps = data.get("value"), data.get("max")
        if isinstance(step, int) and isinstance(steps, int) and 0 < step <= steps:
            self._report(Step(step, steps, self._index))

    def _see(self, data: bytes) -> None:
        frame = read_frame(data)
        # A frame without metadata is ours: nobody else listens under this id.
        if frame is None or (
            frame.about is not None and frame.about.get("prompt_id") != self.job_id
        ):
            return
        self._moved()
        # It comes as previews come; who is at work and that it is a PNG tell it from those.
        if self._kinds.get(self._node) == SENDER and frame.kind == PNG:
            self.sent.append(frame.picture)
            return
        self._report(Preview(frame.picture, self._index))


def _is_sampler(kind: str) -> bool:
    return "Sampler" in kind and "Select" not in kind
