"""One job of ComfyUI from the post to its end: polled for truth, shown by a socket."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from typing import Any

from ..errors import GenerationError, ServiceDied, ServiceError
from .base import ended
from .calls import Calls
from .comfyui_errors import NOTHING, ended_badly, refused
from .comfyui_posted import Posted, State, given_id, no_comfyui
from .comfyui_socket import Display
from .orders import Phase, Report

LOOK_SECONDS = 1.0
POST_SECONDS = 60.0
"""A graph is checked while its poster waits, and models' folders are listed for it."""
CANCEL_SECONDS = 15.0
LEAVE_LOOKS = 20
"""Looks at a cancelled job until it has left the GPU; a long single step may ignore it."""
LOST_LOOKS = 3
"""Looks in turn that find the job nowhere, after which it is gone."""
DEAD_LOOKS = 3
"""Refused connections in turn, after which the engine has died."""


class ComfyJob:
    """Post one graph with an id of our own and wait until it is done.

    `silence_seconds` None waits for ever. `owners` leads from a model file to the model that brings
    it, `fields` from `NODE.INPUT` to the field that its value came from, for refusals.
    """

    def __init__(
        self,
        calls: Calls,
        graph: Mapping[str, Any],
        report: Report,
        *,
        index: int = 0,
        previews: bool = False,
        silence_seconds: float | None = None,
        look_seconds: float = LOOK_SECONDS,
        owners: Mapping[str, str] = NOTHING,
        fields: Mapping[str, str] = NOTHING,
    ) -> None:
        self._posted = Posted(calls, str(uuid.uuid4()))
        self._calls = calls
        self._graph = graph
        self._report = report
        self._index = index
        self._previews = previews
        self._silence_seconds = silence_seconds
        self._look_seconds = look_seconds
        self._owners, self._fields = owners, fields
        self._clock = asyncio.get_running_loop().time
        self._moved_at = self._clock()
        self._bell = asyncio.Event()
        self._state: State | None = None
        self._place: int | None = None
        self._over = False
        self._display = Display(
            calls, graph, report, index=index, moved=self._moved, ended=self._bell.set
        )

    @property
    def id(self) -> str:
        """The job's id in ComfyUI."""
        return self._posted.id

    @property
    def sent(self) -> list[bytes]:
        """The pictures that came by the socket alone, whole, in order: ComfyUI keeps no file."""
        return self._display.sent

    async def run(self) -> dict[str, Any]:
        """Return the history's entry of the finished job; however it ends, none of it is left."""
        self._display.job_id = self.id
        post: asyncio.Task[None] | None = None
        try:
            await self._display.open()
            # A post that is cut in the middle may be taken or not, so it is never cut.
            post = asyncio.create_task(self._post(), name="genai-comfyui-post")
            await asyncio.shield(post)
            return await self._until_done()
        finally:
            try:
                if post is not None:
                    await ended(self._leave(post), CANCEL_SECONDS, self._calls.session)
            finally:
                # Also when the caller is cancelled a second time.
                await self._display.close()

    async def _post(self) -> None:
        body: dict[str, Any] = {
            "prompt": self._graph,
            "client_id": self._display.client_id,
            "prompt_id": self.id,
        }
        if self._previews:
            body["extra_data"] = {"preview_method": "auto"}
        try:
            answer = await self._calls.ask("POST", "/prompt", body, seconds=self._post_seconds())
        except ServiceDied:
            self._over = True
            raise
        except ServiceError:
            # Never posted twice: perhaps it was taken and only the answer is lost.
            if await self._seen() == "gone":
                raise
            return
        told = answer.table
        if (given := given_id(answer)) is not None:
            # A server that is older than ids of our own gives its own.
            self._posted.id = self._display.job_id = given
        elif answer.status < 300 and await self._seen() == "gone":
            self._over = True
            raise no_comfyui()
        errors = told.get("node_errors")
        if answer.status >= 300:
            self._over = True
            raise refused(answer, owners=self._owners, fields=self._fields)
        if isinstance(errors, dict) and errors:
            # A part of it would run, and nobody has asked for a part.
            raise refused(answer, owners=self._owners, fields=self._fields)
        self._moved()

    def _post_seconds(self) -> float:
        return min(POST_SECONDS, self._silence_seconds or POST_SECONDS)

    async def _until_done(self) -> dict[str, Any]:
        lost = dead = 0
        while True:
            try:
                entry = await self._posted.entry()
                state = await self._seen() if entry is None else None
                dead = 0
            except ServiceDied:
                dead += 1
                if dead >= DEAD_LOOKS:
                    self._over = True
                    raise
                entry = state = None
            except ServiceError:
                # It loads a model, perhaps, and has no time to answer.
                entry = state = None
            if entry is not None:
                self._over = True
                judged = self._judged(entry)
                await self._display.settled()
                return judged
            lost = lost + 1 if state == "gone" else 0
            if lost >= LOST_LOOKS:
                self._over = True
                raise GenerationError(
                    "ComfyUI has no such job any more: it was removed, or ComfyUI restarted.",
                    "Send the request again.",
                    code="job_lost",
                )
            self._refuse_silence()
            await self._pause()

    async def _pause(self) -> None:
        try:
            await asyncio.wait_for(self._bell.wait(), self._look_seconds)
        except asyncio.TimeoutError:
            return
        self._bell.clear()

    def _judged(self, entry: dict[str, Any]) -> dict[str, Any]:
        status = entry.get("status")
        if isinstance(status, dict) and not status.get("completed"):
            raise ended_badly(entry)
        return entry

    async def _seen(self) -> State:
        """Say where the job is now, and note when that has changed."""
        state, place = await self._posted.where()
        if (state, place) != (self._state, self._place):
            self._moved()
            if state == "waiting":
                before = f" behind {place}" if place else ""
                self._report(Phase(f"waiting{before}", self._index))
            self._state, self._place = state, place
        return state

    def _moved(self) -> None:
        self._moved_at = self._clock()

    def _refuse_silence(self) -> None:
        silence = self._clock() - self._moved_at
        if self._silence_seconds is not None and silence > self._silence_seconds:
            raise GenerationError(
                f"The job showed no progress for {self._silence_seconds:g} seconds and was ended.",
                "Look at the log of ComfyUI; restart it when it hangs.",
                code="no_progress",
            )

    async def _leave(self, post: asyncio.Task[None]) -> None:
        """End the job where it has not ended, then take it out of the history.

        The history is open to all who reach ComfyUI, and a prompt may be personal.
        """
        await asyncio.wait([post], timeout=POST_SECONDS)
        if not post.cancelled():
            # Whoever waited for it is gone, and asyncio would log that nobody looked.
            post.exception()
        if not self._over:
            await self._posted.cancel()
            looks = 0
            while looks < LEAVE_LOOKS and (await self._posted.where())[0] != "gone":
                looks += 1
                await asyncio.sleep(self._look_seconds)
                if await self._posted.entry() is not None:
                    break
        await self._posted.forget()
