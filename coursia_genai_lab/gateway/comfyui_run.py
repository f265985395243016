"""One caller's job in ComfyUI, from its turn to the end: posted, listened to, looked for.

A socket of ours tells its owner what happens; whether it is over is asked, for sockets fall silent.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

from ..engines.calls import Answer, Calls
from ..engines.comfyui_link import ENDS, PNG, Link, read_frame, read_message
from ..engines.comfyui_posted import Posted, given_id, no_comfyui
from ..errors import GenAIError, GenerationError, ServiceDied, ServiceError
from .comfyui_audience import Audience
from .comfyui_prompt import Prompt, written_prompt
from .own_jobs import RawJob

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
POST_SECONDS = 60.0
"""A graph is checked while its poster waits, and models' folders are listed for it."""
LEAVE_SECONDS = 15.0
"""How long the end of a job that nobody wants is waited for; a long single step may ignore it."""
LEAVE_LOOKS = 20
LOST_LOOKS = 3
"""Looks in turn that find the job nowhere, after which it is gone."""
DEAD_LOOKS = 3
"""Refused connections in turn, after which the engine has died."""
SETTLE_SECONDS = 2.0
"""A look may find the end of a job before its last messages have come by the socket."""


class Refused(Exception):
    """ComfyUI did not take the job; `answer` says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class ComfyRun:
    """Let ComfyUI do one job. `moved` is called at every sign of progress.

    `graph` is that of the prompt as ComfyUI is to have it.
    """

    def __init__(
        self,
        job: RawJob,
        graph: dict[str, Any],
        prompt: Prompt,
        calls: Calls,
        audience: Audience,
        moved: Callable[[], None],
        *,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self.answer: Answer | None = None
        """What ComfyUI said to the post, once it has taken it."""
        self.node: str | None = None
        """The node that works now."""
        self._job = job
        self._graph = graph
        self._prompt = prompt
        self._calls = calls
        self._audience = audience
        self._moved = moved
        self._look_seconds = look_seconds
        self._posted = Posted(calls, job.upstream_id)
        self._link = Link(calls, heard=self._hear, seen=self._see)
        self._bell = asyncio.Event()
        self._heard_end = asyncio.Event()
        self._succeeded = False
        self._over = False
        self._unwanted = False
        self._place: object = None
        self._begun = False

    async def run(self, taken: Callable[[], None]) -> dict[str, Any] | None:
        """Return the job's entry of the history once it is over; None where it was cancelled away.

        Of a success that was heard of, only that it is one. `close` has to follow in any case.
        `taken` is called when ComfyUI has it. Cancelling this ends the job in ComfyUI.

        Raises:
            Refused: ComfyUI does not take it.
            ServiceDied: nothing answers: before `taken`, or since.
            GenAIError: it gave no answer, or lost the job.
        """
        post: asyncio.Task[None] | None = None
        try:
            await self._link.open()
            # A post that is cut in the middle may be taken or not, so it is never cut.
            post = asyncio.create_task(self._post(), name="genai-comfyui-post")
            await asyncio.shield(post)
            self._moved()
            taken()
            if self._unwanted:
                await self.cancel()
            entry = await self._until_over()
            await self._link.wait(self._heard_end, SETTLE_SECONDS)
            return entry
        finally:
            if post is not None and not self._over:
                await self._left(post)

    async def close(self) -> None:
        """Hang up; a second time changes nothing."""
        await self._link.close()

    async def cancel(self) -> None:
        """Take the job back, or interrupt it; `run` sees its end. Nothing where that fails."""
        self._unwanted = True
        if self.answer is None:
            return
        try:
            await self._posted.cancel()
        except GenAIError as error:
            log.info("A job of ComfyUI could not be cancelled: %s", error.message)
        self._bell.set()

    async def interrupt(self) -> None:
        """Interrupt the job; raises as `Calls.ask` does."""
        await self._posted.interrupt()

    # -- the post ------------------------------------------------------------------------------

    async def _post(self) -> None:
        data = await written_prompt(
            self._prompt, self._graph, self._link.client_id, self._job.upstream_id
        )
        try:
            async with self._calls.sent(
                "POST", "/prompt", data, "application/json", seconds=POST_SECONDS
            ) as reply:
                answer = await reply.whole()
        except ServiceDied:
            self._over = True
            raise
        except ServiceError:
            # Never posted twice: perhaps it was taken and only the answer is lost.
            if await self._seen() == "gone":
                raise
            told = {"prompt_id": self._posted.id, "node_errors": {}}
            answer = Answer(200, json.dumps(told).encode())
        if answer.status != 200:
            self._over = True
            raise Refused(answer)
        given = given_id(answer)
        if given is None and (await self._posted.where())[0] == "gone":
            self._over = True
            raise no_comfyui()
        # A server that is older than ids of our own gives its own.
        self._job.upstream_id = self._posted.id = given or self._posted.id
        self.answer = answer

    async def _seen(self) -> str:
        """Return where the job is whose post was not answered."""
        try:
            return (await self._posted.where())[0]
        except ServiceDied as error:
            # Perhaps of this very job: it is not sent to the next server by itself.
            self._over = True
            raise GenerationError(
                "ComfyUI ended while it took the job.",
                "Send the job again; the service starts anew.",
                code="service_broke_off",
            ) from error

    # -- the truth -----------------------------------------------------------------------------

    async def _until_over(self) -> dict[str, Any] | None:
        lost = dead = 0
        while True:
            if self._heard_end.is_set() and self._succeeded:
                # ComfyUI's last word on a socket that only this job's messages come by.
                self._over = True
                return {"outputs": {}, "status": {"completed": True}}
            place: object = None
            try:
                entry = await self._posted.entry()
                if entry is not None:
                    self._over = True
                    return entry
                place = await self._posted.where()
                dead = 0
            except ServiceDied as error:
                dead += 1
                if dead >= DEAD_LOOKS:
                    self._over = True
                    raise ServiceDied(
                        "ComfyUI ended while it worked on the job.",
                        "Send the job again; the service starts anew.",
                    ) from error
            except GenAIError as error:
                # It loads a model, perhaps, and has no time to answer; that it hangs is seen
                # by its lease.
                log.debug("No look at a job of ComfyUI: %s", error.message)
            if place is not None and place != self._place:
                self._place = place
                self._moved()
            gone = isinstance(place, tuple) and place[0] == "gone"
            lost = lost + 1 if gone else 0
            if gone and self._unwanted:
                self._over = True
                return None
            if lost >= LOST_LOOKS:
                self._over = True
                raise GenerationError(
                    "ComfyUI has no such job any more: it was removed, or ComfyUI restarted.",
                    "Send it again.",
                    code="job_lost",
                )
            await self._pause()

    async def _pause(self) -> None:
        bell = asyncio.ensure_future(self._bell.wait())
        try:
            await asyncio.wait([bell], timeout=self._look_seconds)
        finally:
            bell.cancel()
        self._bell.clear()

    async def _left(self, post: asyncio.Task[None]) -> None:
        """Wait, bounded, for the end of a job that nobody wants; cancelling cuts the wait."""
        leaving = asyncio.create_task(self._leave(post), name="genai-comfyui-leave")
        tasks = (post, leaving)
        try:
            await asyncio.wait([leaving], timeout=LEAVE_SECONDS)
        finally:
            for task in tasks:
                task.cancel()
            # That it failed is told to nobody: the engine is away, and the job with it.
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _leave(self, post: asyncio.Task[None]) -> None:
        """End the job in ComfyUI, and wait until it has left it."""
        await asyncio.wait([post])
        if self._over:
            return
        await self._posted.cancel()
        for _ in range(LEAVE_LOOKS):
            if (await self._posted.where())[0] == "gone" or await self._posted.entry():
                return
            await asyncio.sleep(self._look_seconds)

    # -- what is heard -------------------------------------------------------------------------

    def _hear(self, text: str) -> None:
        kind, data = read_message(text) or ("", {})
        # What names no job may be of anybody.
        if self._posted.id != data.get("prompt_id"):
            return
        self._moved()
        self._begun = True
        if kind == "executing" and data.get("node") is None:
            # The end of it, for callers to hear once the turn has gone to the next.
            self._heard_end.set()
            self._bell.set()
            return
        if kind == "executing":
            self.node = str(data["node"])
        elif kind == "executed":
            self._job.note_outputs(data.get("output"))
        elif kind in ENDS:
            self.node = None
            self._begun = False
            self._succeeded = kind == "execution_success"
        if self._posted.id != self._job.id:
            text = text.replace(self._posted.id, self._job.id)
        self._audience.hear(self._job, kind, text)

    def _see(self, data: bytes) -> None:
        frame = read_frame(data)
        if frame is not None and frame.about is not None:
            if frame.about.get("prompt_id") != self._posted.id:
                return
            if self._posted.id != self._job.id:
                # A server that knows no ids of ours: what it says of the job would mislead.
                data = frame.plain
        elif not self._begun:
            # It does not say whose it is; pictures of jobs without a client id go to everybody.
            return
        self._moved()
        # A PNG is a picture of SaveImageWebsocket: there is no file of it.
        picture = frame is not None and frame.kind == PNG
        self._job.by_socket += picture
        self._audience.see(self._job, data, passing=frame is not None and not picture)
