"""The callers' sockets of one ComfyUI door, and who of them hears what.

As in ComfyUI, the messages of a job go to the socket that was opened last under the job's client
id. Here it must be one of the same person, and of a job without a client id only that person's
sockets hear what ComfyUI would tell to everybody.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..engines.comfyui_link import read_frame
from .own_jobs import RawJob

if TYPE_CHECKING:
    from aiohttp import web

MOST_UNREAD_BYTES = 160 * 2**20
"""What one socket may leave unread: three pictures of the largest size. Then it is cut."""
MOST_UNREAD = 10_000
MOST_UNREAD_IN_ALL = 512 * 2**20
PASSED_OVER_BYTES = 2**20
"""With so much unread a reader is behind, and is told no more steps and previews."""
PASSED_OVER = 200
PASSING = frozenset({"progress", "progress_state"})
"""Kinds of messages that the next one of their kind makes worthless."""

Message = str | bytes


class Listener:
    """One open socket of a caller, and what it has not read yet.

    `remaining` says how many jobs wait or run at the service that it listens to.
    """

    def __init__(self, person: str, client_id: str | None, remaining: Callable[[], int]) -> None:
        self.person = person
        self.client_id = client_id or uuid.uuid4().hex
        self.metadata = False
        """Whether it understands pictures that name their job."""
        self.cut = asyncio.Event()
        """Set when it has left too much unread."""
        self.unread_bytes = 0
        self._remaining = remaining
        self._counted: int | None = None
        self._unread: deque[Message] = deque()
        self._more = asyncio.Event()

    def send(self, message: Message, *, passing: bool = False) -> None:
        """Let it have a message; never waits. What is `passing` is left out if it is behind."""
        if self.cut.is_set():
            return
        behind = self.unread_bytes > PASSED_OVER_BYTES or len(self._unread) > PASSED_OVER
        if passing and behind:
            return
        self._unread.append(message)
        self.unread_bytes += len(message)
        self._more.set()
        if self.unread_bytes > MOST_UNREAD_BYTES or len(self._unread) > MOST_UNREAD:
            self.give_up()

    def tell(self, kind: str, data: dict[str, Any]) -> None:
        """Let it have a message of ours, in ComfyUI's shape."""
        self.send(json.dumps({"type": kind, "data": data}))

    def greet(self) -> None:
        """Tell it its own id and how many jobs there are, as ComfyUI does first of all."""
        self._counted = self._remaining()
        self.tell("status", {**_status(self._counted), "sid": self.client_id})

    def count(self) -> None:
        """Tell how many jobs there are, where that is news."""
        remaining = self._remaining()
        if remaining != self._counted:
            self._counted = remaining
            self.tell("status", _status(remaining))

    def give_up(self) -> None:
        """Let it have nothing more; whoever serves it ends the connection."""
        self._unread.clear()
        self.unread_bytes = 0
        self.cut.set()

    async def write_to(self, socket: web.WebSocketResponse, written: Callable[[], None]) -> None:
        """Write what comes, in order, until this is cancelled or the connection breaks."""
        while True:
            while self._unread:
                message = self._unread[0]
                if isinstance(message, str):
                    await socket.send_str(message)
                else:
                    await socket.send_bytes(message)
                if self._unread:
                    self._unread.popleft()
                    self.unread_bytes -= len(message)
                written()
            self._more.clear()
            await self._more.wait()


class Audience:
    """The listeners at one door."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def join(self, listener: Listener, working: RawJob | None, node: str | None) -> None:
        """Let a listener hear from now on, and tell it what runs under its id."""
        self._listeners.append(listener)
        listener.greet()
        if working is not None and node is not None:
            shown = {"node": node, "display_node": node, "prompt_id": working.id}
            listener.tell("executing", shown)

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        self._listeners.remove(listener)

    def count(self) -> None:
        """Tell everybody how many jobs there are now."""
        for listener in self._listeners:
            listener.count()

    def hear(self, job: RawJob, kind: str, text: str) -> None:
        """Pass a message of ComfyUI on to whoever may hear of a job."""
        for listener in self._of(job, alone=kind != "progress_state"):
            listener.send(text, passing=kind in PASSING)
        self._keep_bounds()

    def tell(self, job: RawJob, kind: str, data: dict[str, Any]) -> None:
        """Tell a message of ours to whoever listens to a job."""
        for listener in self._of(job):
            listener.tell(kind, data)

    def see(self, job: RawJob, data: bytes, *, passing: bool) -> None:
        """Pass a binary frame on to whoever listens to a job, in the form that each knows."""
        for listener in self._of(job):
            frame = None if listener.metadata else read_frame(data)
            plain = frame is not None and frame.about is not None
            listener.send(frame.plain if frame and plain else data, passing=passing)
        self._keep_bounds()

    def _of(self, job: RawJob, *, alone: bool = True) -> list[Listener]:
        own = [one for one in self._listeners if one.person == job.person]
        if job.client_id is None:
            return [] if alone else own
        # A later socket with the same id takes over from an earlier one.
        return [one for one in own if one.client_id == job.client_id][-1:]

    def _keep_bounds(self) -> None:
        while sum(one.unread_bytes for one in self._listeners) > MOST_UNREAD_IN_ALL:
            max(self._listeners, key=lambda one: one.unread_bytes).give_up()


def _status(remaining: int) -> dict[str, Any]:
    return {"status": {"exec_info": {"queue_remaining": remaining}}}
