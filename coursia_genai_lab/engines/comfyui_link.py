"""A socket of ours in ComfyUI, under a client id that nobody else knows, and what comes by it."""

from __future__ import annotations

import asyncio
import json
import logging
import struct
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ..errors import GenAIError
from .calls import Calls

if TYPE_CHECKING:
    from aiohttp import ClientWebSocketResponse

log = logging.getLogger(__name__)

OPEN_SECONDS = 5.0
AGAIN_SECONDS = 1.0
MOST_OPENINGS = 10
"""A socket that breaks so often shows nothing any more; the job itself is looked at elsewhere."""
FLAGS = {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
ENDS = frozenset({"execution_success", "execution_error", "execution_interrupted"})
PREVIEW, PREVIEW_WITH_METADATA = 1, 4
JPEG: Literal[1] = 1
PNG: Literal[2] = 2
"""What a frame without metadata says its picture is."""


class Link:
    """Listen for one job, and open the socket again when it breaks.

    A later socket with the same id would take everything from the first, so each job has its own.
    `heard` gets every text, `seen` every binary frame, on the event loop.
    """

    def __init__(
        self, calls: Calls, *, heard: Callable[[str], None], seen: Callable[[bytes], None]
    ) -> None:
        self.client_id = uuid.uuid4().hex
        self.ready = False
        """Whether ComfyUI has said hello: without that nothing comes."""
        self._calls = calls
        self._heard = heard
        self._seen = seen
        self._hello = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Connect and wait, bounded, until ComfyUI has said hello."""
        self._task = asyncio.create_task(self._listen(), name="genai-comfyui-socket")
        await self._while_open(self._hello, OPEN_SECONDS)

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Wait for an event that something on this socket sets, if it still can, and bounded."""
        if self.ready:
            await self._while_open(event, seconds)

    async def close(self) -> None:
        """Hang up."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _while_open(self, event: asyncio.Event, seconds: float) -> None:
        if self._task is None:
            return
        waiting = asyncio.ensure_future(event.wait())
        try:
            await asyncio.wait(
                [waiting, self._task], timeout=seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            waiting.cancel()

    async def _listen(self) -> None:
        for _ in range(MOST_OPENINGS):
            try:
                socket = await self._calls.socket(
                    f"/ws?clientId={self.client_id}", seconds=OPEN_SECONDS
                )
            except GenAIError as error:
                log.info("ComfyUI's socket does not open: %s", error.message)
                if not self.ready:
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
                    self.ready = True
                    self._hello.set()
                    self._heard(message.data)
                elif message.type is WSMsgType.BINARY:
                    self._seen(message.data)
        except (ClientError, OSError) as error:
            log.info("ComfyUI's socket broke off (%s)", type(error).__name__)


def read_message(text: str) -> tuple[str, dict[str, Any]] | None:
    """Return the kind of a message and what it tells; None for what is none of ComfyUI's."""
    try:
        message = json.loads(text)
        kind, data = str(message["type"]), message["data"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return None
    return (kind, data) if isinstance(data, dict) else None


@dataclass(frozen=True)
class Frame:
    """A binary frame that holds a picture."""

    picture: bytes
    kind: Literal[1, 2]
    """JPEG or PNG, by its first bytes."""
    about: dict[str, Any] | None
    """Job and node, where the frame says so."""

    @property
    def plain(self) -> bytes:
        """The frame for listeners that know no metadata."""
        return struct.pack(">II", PREVIEW, self.kind) + self.picture


def read_frame(data: bytes) -> Frame | None:
    """Return the picture of a binary frame; None for every other frame."""
    if len(data) < 8:
        return None
    event, word = struct.unpack(">II", data[:8])
    about: dict[str, Any] | None = None
    if event == PREVIEW:
        picture = data[8:]
    elif event == PREVIEW_WITH_METADATA:
        picture = data[8 + word :]
        try:
            said = json.loads(data[8 : 8 + word])
        except (ValueError, RecursionError):
            said = None
        about = said if isinstance(said, dict) else {}
    else:
        return None
    if picture.startswith(b"\xff\xd8\xff"):
        return Frame(picture, JPEG, about)
    if picture.startswith(b"\x89PNG"):
        return Frame(picture, PNG, about)
    return None
