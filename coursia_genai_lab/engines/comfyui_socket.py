"""The socket of one job: what ComfyUI shows of it. Nothing is decided by what comes here."""

from __future__ import annotations

import asyncio
import json
import logging
import struct
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..errors import GenAIError
from .calls import Calls
from .orders import Phase, Preview, Report, Step

if TYPE_CHECKING:
    from aiohttp import ClientWebSocketResponse

log = logging.getLogger(__name__)

OPEN_SECONDS = 5.0
AGAIN_SECONDS = 1.0
SETTLE_SECONDS = 2.0
"""A job's end is seen by a look before its last steps have come by the socket, sometimes."""
MOST_OPENINGS = 10
"""A socket that breaks so often shows nothing any more; the job itself is looked at elsewhere."""
FLAGS = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
ENDS = frozenset({"execution_success", "execution_error", "execution_interrupted"})
PREVIEW, PREVIEW_WITH_METADATA = 1, 4
WHOLE = 2
"""A PNG, by the word of a frame without metadata."""
SENDER = "SaveImageWebsocket"
PHASES = (
    ("Loader", "loading the model"),
    ("TextEncode", "reading the prompt"),
    ("Sampler", "drawing"),
    ("VAEDecode", "finishing"),
)
"""Part of a node's class -> what a person reads while such a node works."""


class Display:
    """Listen under a client id that nobody else knows, and report what is said of one job.

    A later socket with the same id would take everything from the first, so each job has its own.
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
        self.client_id = uuid.uuid4().hex
        self.job_id = ""
        self._calls = calls
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
        self._ready = asyncio.Event()
        self._heard_end = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect and wait, bounded, until ComfyUI has said hello; without it nothing is shown."""
        self._task = asyncio.create_task(self._listen(), name="genai-comfyui-socket")
        waiting = asyncio.ensure_future(self._ready.wait())
        try:
            await asyncio.wait(
                [waiting, self._task],
                timeout=OPEN_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            waiting.cancel()

    async def settled(self) -> None:
        """Wait, bounded, until everything of an ended job has been shown, where it is shown."""
        if self._task is None or not self._ready.is_set():
            return
        waiting = asyncio.ensure_future(self._heard_end.wait())
        try:
            await asyncio.wait(
                [waiting, self._task],
                timeout=SETTLE_SECONDS,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            waiting.cancel()

    async def close(self) -> None:
        """Hang up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _listen(self) -> None:
        for _ in range(MOST_OPENINGS):
            try:
                socket = await self._calls.socket(
                    f"/ws?clientId={self.client_id}", seconds=OPEN_SECONDS
                )
            except GenAIError as error:
                log.info("ComfyUI's socket does not open: %s", error.message)
                if not self._ready.is_set():
                    return
            else:
                # The old one must be closed before the next opens, or ComfyUI forgets the id.
                async with socket:
                    await self._follow(socket)
            await asyncio.sleep(AGAIN_SECONDS)

    async def _follow(self, socket: ClientWebSocketResponse[bool]) -> None:
        from aiohttp import ClientError, WSMsgType

        try:
            # Only as the first message does it count.
            await socket.send_str(json.dumps(FLAGS))
            async for message in socket:
                if message.type is WSMsgType.TEXT:
                    self._hear(message.data)
                elif message.type is WSMsgType.BINARY:
                    self._see(message.data)
        except (ClientError, OSError) as error:
            log.info("ComfyUI's socket broke off (%s)", type(error).__name__)

    def _hear(self, text: str) -> None:
        try:
            message = json.loads(text)
            kind, data = str(message["type"]), message["data"]
        except (ValueError, RecursionError, KeyError, TypeError):
            return
        if kind == "status":
            self._ready.set()
        if not isinstance(data, dict) or data.get("prompt_id") != self.job_id:
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

    def _see(self, frame: bytes) -> None:
        if len(frame) < 8:
            return
        event, word = struct.unpack(">II", frame[:8])
        if event == PREVIEW:
            # It does not say whose it is; nobody else listens under this id.
            picture, whole = frame[8:], word == WHOLE
        elif event == PREVIEW_WITH_METADATA and self._is_ours(frame[8 : 8 + word]):
            picture, whole = frame[8 + word :], True
        else:
            return
        self._moved()
        # It comes as previews come; who is at work and that it is a PNG tell it from those.
        sends = self._kinds.get(self._node) == SENDER
        if sends and whole and picture.startswith(b"\x89PNG"):
            self.sent.append(picture)
            return
        if picture.startswith((b"\xff\xd8\xff", b"\x89PNG")):
            self._report(Preview(picture, self._index))

    def _is_ours(self, words: bytes) -> bool:
        try:
            about = json.loads(words)
        except (ValueError, RecursionError):
            return False
        return isinstance(about, dict) and about.get("prompt_id") == self.job_id


def _is_sampler(kind: str) -> bool:
    return "Sampler" in kind and "Select" not in kind
