"""The OpenAI Images API: `/v1/models`, `/v1/images/generations` and `/v1/images/edits`.

`/v1/coursia/engine` says what the engine takes beyond OpenAI's parameters and how many jobs there
are. Beyond OpenAI's own parameters it takes `seed`, `steps`, `guidance` and `negative_prompt`, and,
beside `stream`, `progress: true`, which adds events of the type `image_generation.progress`
(`image_edit.progress`) with `step`, `steps` and `image_index`. A finished picture says its `model`,
its `seed` and `demo: true`. Without a `seed` equal requests give
equal pictures. `response_format` is ignored: the answer is always `b64_json`.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
import uuid
from typing import Any

from PIL import Image
from tornado.iostream import StreamClosedError

from .jobs import Job, QueueFullError
from .openai_models import MODELS
from .openai_order import Order, OrderError, find_model, read_order
from .openai_work import Work
from .pixels import MAX_UPLOAD, BadPictureError, decode
from .trouble import REFUSAL
from .web import Guarded

MAX_IMAGES = 16
EXTENSIONS = ("seed", "negative_prompt", "steps", "guidance", "progress")


class OpenAI(Guarded):
    """What the handlers of this dialect share: its shape of an error."""

    def refused(self, status: int, sentence: str) -> None:
        """Word a refusal of the gate."""
        code = "invalid_api_key" if status == 401 else "forbidden"
        self.fail(status, sentence, "invalid_request_error", code)

    def went_wrong(self, status: int, sentence: str) -> None:
        """Word an error that nobody foresaw."""
        kind = "server_error" if status >= 500 else "invalid_request_error"
        self.fail(status, f"{sentence}.", kind, None)

    def fail(self, status: int, sentence: str, kind: str, code: str | None) -> None:
        """Answer with an error of OpenAI's shape that no client should send again."""
        self.set_header("x-should-retry", "false")
        error = {"message": sentence, "type": kind, "param": None, "code": code}
        self.write_json({"error": error}, status)


class ModelList(OpenAI):
    """The models."""

    def get(self) -> None:
        """Answer with all models."""
        self.write_json({"object": "list", "data": [card.described() for card in MODELS.values()]})


class ModelDetail(OpenAI):
    """One model."""

    def get(self, name: str) -> None:
        """Answer with one model, or 404."""
        try:
            self.write_json(find_model(name).described())
        except OrderError as error:
            self.write_json(error.body, error.status)


class About(OpenAI):
    """What the engine is, for whoever speaks to it in another's name."""

    def get(self) -> None:
        """Answer with the fields that it takes beyond OpenAI's, and how many jobs there are."""
        remaining = self.engine.queue.remaining
        self.write_json({"engine": "demo", "takes": list(EXTENSIONS), "remaining": remaining})


class Generations(OpenAI):
    """Makes pictures from a prompt; the caller's going away cancels the job."""

    prefix = "image_generation"
    _job: Job | None = None

    async def post(self) -> None:
        """Make the pictures and answer with them, at once or as a stream."""
        try:
            order = await self.order()
        except OrderError as error:
            self.write_json(error.body, error.status)
            return
        if await self.spoiled():
            return
        if self.trouble == "refusal":
            kind = "image_generation_user_error"
            self.fail(400, REFUSAL, kind, "moderation_blocked")
            return
        if self.gone.is_set():
            # Who left while the order was read would leave a job that nothing cancels.
            return
        work = Work(order, self.engine.studio)
        number = self.engine.queue.next_number()
        row: list[Any] = [number, "", {}, {}, []]
        job = Job(str(uuid.uuid4()), number, work.run, row, trouble=self.trouble)
        job.row[1] = job.id
        try:
            self.engine.queue.submit(job)
        except QueueFullError:
            self.fail(503, "Too many jobs wait already.", "server_error", "overloaded")
            return
        self._job = job
        if order.stream:
            await self._stream(order, work, job)
        else:
            await job.done.wait()
            self._answer(order, work, job)

    async def order(self) -> Order:
        """Return what was ordered; raises OrderError."""
        try:
            return read_order(self.json_body())
        except (ValueError, RecursionError) as error:
            message = "We could not parse the JSON body of your request."
            raise OrderError(message) from error

    def on_connection_close(self) -> None:
        """Cancel the job: nobody waits for it any more."""
        super().on_connection_close()
        if self._job is not None:
            self.engine.queue.cancel(self._job.id)

    def _answer(self, order: Order, work: Work, job: Job) -> None:
        if job.state == "completed":
            data = [
                {"b64_json": _text(picture), **order.origin(index)}
                for index, picture in enumerate(work.pictures)
            ]
            made = {"created": int(time.time()), "data": data, **order.about}
            self.write_json({**made, "usage": order.usage})
        elif job.state == "cancelled":
            self.fail(503, "The job was cancelled.", "server_error", "cancelled")
        else:
            self.fail(500, f"The job failed: {job.error}", "server_error", None)

    async def _stream(self, order: Order, work: Work, job: Job) -> None:
        self.set_header("Content-Type", "text/event-stream; charset=utf-8")
        self.set_header("X-Accel-Buffering", "no")
        try:
            await self.flush()
            async for kind, data in work.events(job):
                if kind != "progress" or order.progress:
                    await self._event(order, kind, data)
            if job.state != "completed":
                sentence = "The job was cancelled." if job.state == "cancelled" else str(job.error)
                error = {"message": sentence, "type": "server_error", "param": None, "code": None}
                self._write_event("error", {"type": "error", "error": error})
            await self.finish()
        except StreamClosedError:
            self.engine.queue.cancel(job.id)

    async def _event(self, order: Order, kind: str, data: dict[str, Any]) -> None:
        name = f"{self.prefix}.{kind}"
        event: dict[str, Any] = {"type": name, **data}
        if "b64_json" in data:
            event["b64_json"] = await asyncio.to_thread(_text, data["b64_json"])
            event = {**event, "created_at": int(time.time()), **order.about}
        if kind == "completed":
            event["usage"] = order.usage
        self._write_event(name, event)
        await self.flush()

    def _write_event(self, name: str, data: dict[str, Any]) -> None:
        self.write(f"event: {name}\ndata: {json.dumps(data)}\n\n")


class Edits(Generations):
    """Changes a picture by an instruction."""

    prefix = "image_edit"

    async def order(self) -> Order:
        """Return what was ordered in a form; raises OrderError."""
        files = self.request.files
        parts = [*files.get("image", ()), *files.get("image[]", ())]
        if not parts:
            raise OrderError(
                "Missing required parameter: 'image'.", "image", "missing_required_parameter"
            )
        if len(parts) > MAX_IMAGES:
            raise OrderError(f"At most {MAX_IMAGES} images.", "image", "invalid_value")
        images = [await self._decode(part.body, "image") for part in parts]
        mask = files.get("mask")
        cut = await self._decode(mask[0].body, "mask") if mask else None
        form = {
            name: values[-1].decode("utf-8", "replace")
            for name, values in self.request.body_arguments.items()
        }
        return read_order(form, tuple(images), cut)

    async def _decode(self, data: bytes, param: str) -> Image.Image:
        if len(data) > MAX_UPLOAD:
            raise OrderError("The file is too large.", param, "invalid_image", 413)
        try:
            return await self.engine.studio.call(decode, data)
        except BadPictureError as error:
            raise OrderError(str(error), param, "invalid_image") from error


def _text(picture: bytes) -> str:
    return base64.b64encode(picture).decode("ascii")
