"""The AUTOMATIC1111 WebUI and Forge: pictures with a task id, their progress, their memory."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import uuid
from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import GenAIError, GenerationError, InvalidRequest, ServiceError
from ..wire.services import Dialect
from .a1111_order import Body, body_of, refuse_impossible
from .base import Engine, ended
from .calls import Answer
from .comfyui_errors import no_memory, out_of_memory, plain
from .moderation import blocked, is_refusal
from .orders import Notice, Order, Phase, Picture, Preview, Recipe, Report, Step, unheard
from .picture_check import refuse_damaged

PROGRESS = "/sdapi/v1/progress?skip_current_image=true"
LOOK_SECONDS = 0.5
QUESTION_SECONDS = 10.0
CANCEL_SECONDS = 15.0
WAITING_LOOKS = 1200
"""Looks at a cancelled job that still waits for the WebUI's lock: ten minutes."""
UNSEEN_LOOKS = 2
"""A call that has just been sent is not known at once."""


class WebUI(Engine):
    """Ask the WebUI by the routes of its `api.py` and `progress.py`."""

    dialect: ClassVar[Dialect] = "a1111"

    @classmethod
    def check(cls, order: Order) -> None:
        """Look at sizes and pictures; the WebUI itself knows every model that it has."""
        refuse_impossible(order)

    async def generate(self, order: Order, report: Report = unheard) -> list[Picture]:
        """Make the pictures, one call a picture, each with a task id of its own."""
        body = await asyncio.to_thread(body_of, order)
        checkpoint = await self._checkpoint(body.checkpoint, order.model)
        for notice in body.notices:
            report(Notice(notice))
        pictures = []
        for index in range(order.count):
            seed = order.seed_of(index)
            sent = {**body.fields, **checkpoint, "seed": seed}
            answer = await self._made(body, sent, order, report, index)
            data = await asyncio.to_thread(_picture, answer)
            pictures.append(Picture(data, seed, index, _recipe(answer, body)))
            report(pictures[-1])
        return pictures

    async def busy(self) -> bool:
        """Say whether a job runs; one that waits for the WebUI's lock is not told of."""
        answer = await self._ask("GET", PROGRESS)
        state = answer.get("state")
        if not isinstance(state, dict):
            raise ServiceError("The WebUI told nothing of its progress.")
        return bool(answer.get("progress")) or bool(state.get("job_count"))

    async def free(self) -> None:
        """Unload the checkpoint."""
        await self._ask("POST", "/sdapi/v1/unload-checkpoint", {})

    async def _checkpoint(self, name: str | None, model: str) -> dict[str, Any]:
        """Return what makes the WebUI take a checkpoint, nothing where it has it already."""
        if name is None:
            return {}
        answer = await self._calls.ask("GET", "/sdapi/v1/sd-models", seconds=QUESTION_SECONDS)
        listed = answer.value if isinstance(answer.value, list) else []
        stem = name.rpartition(".")[0]
        known = [one for one in listed if isinstance(one, dict) and _means(one, stem)]
        if not known:
            raise ServiceError(
                f"Model missing: this WebUI has no {name}.",
                "Fetch the model, then ask again.",
                code="models_missing",
                command=f"coursia-genai models fetch {model}",
            )
        options = (
            await self._calls.ask("GET", "/sdapi/v1/options", seconds=QUESTION_SECONDS)
        ).table
        if str(options.get("sd_model_checkpoint", "")).startswith(stem):
            return {}
        chosen = {"sd_model_checkpoint": known[0].get("title") or name}
        return {"override_settings": chosen, "override_settings_restore_afterwards": False}

    async def _made(
        self, body: Body, sent: dict[str, Any], order: Order, report: Report, index: int
    ) -> dict[str, Any]:
        task_id = f"task({uuid.uuid4().hex})"
        sent = {**sent, "force_task_id": task_id}
        call = asyncio.create_task(
            self._calls.ask("POST", body.path, sent, seconds=None), name="genai-a1111-job"
        )
        watch = _Watch(self, task_id, order, body.steps, report, index)
        try:
            await watch.until_done(call)
            answer = call.result()
        except ServiceError as error:
            if error.error_code == "no_answer":
                await self._refuse_dead(PROGRESS)
            raise
        finally:
            if not call.done():
                await ended(self._leave(call, task_id), CANCEL_SECONDS, self._calls.session)
            elif not call.cancelled():
                # Whoever waited may have been cancelled in the same moment.
                call.exception()
        if answer.status >= 300:
            raise _refused(answer)
        if "images" not in answer.table:
            raise ServiceError(
                "The WebUI answered with something that is no picture and no error.",
                "Correct the address of the service: it must be that of a WebUI with its API.",
                code="wrong_answer",
            )
        await self._refuse_half(answer.table)
        return answer.table

    async def _refuse_half(self, made: Mapping[str, Any]) -> None:
        """Raise GenerationError for a picture that somebody stopped half way.

        The WebUI answers with what it has of it. That it was stopped stands in its state until
        the next job begins.
        """
        try:
            answer = await self._calls.ask("GET", PROGRESS, seconds=QUESTION_SECONDS)
        except GenAIError:
            return
        told = answer.table.get("state")
        state = told if isinstance(told, dict) else {"job_count": 1}
        stopped = state.get("interrupted") or state.get("skipped")
        if (stopped and not state.get("job_count")) or made.get("images") == []:
            raise GenerationError(
                "The WebUI ended the job half way: somebody interrupted it.",
                "Send the request again.",
                code="interrupted",
            )

    async def _leave(self, call: asyncio.Task[Answer], task_id: str) -> None:
        """Interrupt a task as soon as it is the one that runs: an interrupt names nobody.

        One that still waits for the lock cannot be taken back, so it is waited for.
        """
        unseen = 0
        try:
            for _ in range(WAITING_LOOKS):
                state = await self.progress(task_id, preview=False)
                if state.get("active"):
                    await self._calls.ask("POST", "/sdapi/v1/interrupt", {})
                # Some servers drop a call whose caller hangs up; the WebUI does not notice.
                call.cancel()
                unseen = 0 if state.get("queued") else unseen + 1
                if state.get("active") or unseen >= UNSEEN_LOOKS:
                    break
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            call.cancel()
            await asyncio.gather(call, return_exceptions=True)

    async def progress(self, task_id: str, *, preview: bool) -> dict[str, Any]:
        """Return how far one task is; an empty object where the WebUI does not tell of tasks."""
        question = {"id_task": task_id, "id_live_preview": -1, "live_preview": preview}
        answer = await self._calls.ask(
            "POST", "/internal/progress", question, seconds=QUESTION_SECONDS
        )
        return answer.table if answer.status == 200 else {}


class _Watch:
    """Report how far a task is until its call has answered."""

    def __init__(
        self,
        engine: WebUI,
        task_id: str,
        order: Order,
        steps: int,
        report: Report,
        index: int,
    ) -> None:
        self._engine, self._task_id, self._order, self._steps = engine, task_id, order, steps
        self._report, self._index = report, index
        self._clock = asyncio.get_running_loop().time
        self._moved_at = self._clock()
        self._seen: tuple[object, ...] = ()
        self._preview = ""

    async def until_done(self, call: asyncio.Task[Answer]) -> None:
        """Return when the call is done; raises GenerationError after too long a silence."""
        while True:
            done, _ = await asyncio.wait([call], timeout=LOOK_SECONDS)
            if done:
                return
            try:
                state = await self._engine.progress(self._task_id, preview=self._order.previews)
            except GenAIError:
                # It is busy; the call itself says when the WebUI has died.
                state = {}
            self._tell(state)
            silence = self._clock() - self._moved_at
            limit = self._order.silence_seconds
            if limit is not None and silence > limit:
                raise GenerationError(
                    f"The job showed no progress for {limit:g} seconds and was ended.",
                    "Look at the log of the WebUI; restart it when it hangs.",
                    code="no_progress",
                )

    def _tell(self, state: Mapping[str, Any]) -> None:
        share = state.get("progress")
        share = float(share) if isinstance(share, (int, float)) else None
        seen = (state.get("active"), state.get("queued"), share, state.get("textinfo"))
        if seen == self._seen:
            return
        self._seen, self._moved_at = seen, self._clock()
        if state.get("queued"):
            self._report(Phase("waiting", self._index))
        elif share:
            step = max(1, min(self._steps, round(share * self._steps)))
            self._report(Step(step, self._steps, self._index))
        elif state.get("active"):
            self._report(Phase("loading the model", self._index))
        preview = state.get("live_preview")
        if self._order.previews and isinstance(preview, str) and preview != self._preview:
            self._preview = preview
            data = _decoded(preview)
            if data:
                self._report(Preview(data, self._index))


def _means(listed: Mapping[str, Any], stem: str) -> bool:
    names = (listed.get("title"), listed.get("model_name"), listed.get("filename"))
    return any(str(name).replace("\\", "/").rpartition("/")[2].startswith(stem) for name in names)


def _picture(answer: Mapping[str, Any]) -> bytes:
    images = answer.get("images")
    data = _decoded(images[0]) if isinstance(images, list) and images else b""
    refuse_damaged(data, "The WebUI")
    return data


def _recipe(answer: Mapping[str, Any], body: Body) -> Recipe:
    """Return what the WebUI says that it used, which is not always what it was sent."""
    try:
        said = json.loads(str(answer.get("info") or "{}"))
    except (ValueError, RecursionError):
        said = {}
    said = said if isinstance(said, dict) else {}
    file, steps, guidance = (said.get(name) for name in ("sd_model_name", "steps", "cfg_scale"))
    shown = body.checkpoint or (str(file)[:255] if file else None)
    return Recipe(
        files=(shown,) if shown else (),
        steps=steps if isinstance(steps, int) else body.steps,
        guidance=float(guidance) if isinstance(guidance, (int, float)) else body.guidance,
    )


def _decoded(text: object) -> bytes:
    words = str(text)
    try:
        return base64.b64decode(words.partition(",")[2] if words.startswith("data:") else words)
    except (binascii.Error, ValueError):
        return b""


def _refused(answer: Answer) -> GenAIError:
    body = answer.table
    details = body.get("detail")
    if isinstance(details, list):
        # FastAPI's own form: where in the body, and what is wrong there.
        parts = [one for one in details if isinstance(one, dict)]
        text = "; ".join(f"{(one.get('loc') or ['?'])[-1]}: {one.get('msg')}" for one in parts)
    else:
        told = (body.get("errors"), details, body.get("error"))
        text = next((str(one) for one in told if one), "")
    if out_of_memory(f"{body.get('error')} {text}"):
        return no_memory()
    if is_refusal(text):
        return blocked()
    reason = plain(text) or f"it answered with status {answer.status}"
    if answer.status == 404 and not body.get("error") and text in ("", "Not Found"):
        return ServiceError(
            "This WebUI has no API.", "Start it with --api.", code="engine_without_api"
        )
    if answer.status < 500:
        return InvalidRequest(f"The WebUI does not take this: {reason}.", code="engine_refused")
    return GenerationError(
        f"The WebUI failed: {reason}.",
        "Change the request; the log of the WebUI may say more.",
        code="engine_failed",
    )
