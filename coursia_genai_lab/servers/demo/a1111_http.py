"""The AUTOMATIC1111 and Forge API where it makes pictures: from text, and from pictures."""

from __future__ import annotations

import base64
import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

from .a1111_models import short_hash, stem, title
from .a1111_order import A1111Error, Batch, read_batch
from .jobs import InterruptedJobError, Job, QueueFullError
from .marks import encode
from .previews import partial
from .trouble import REFUSAL
from .web import Guarded

FORMATS = {"jpg": "jpeg", "jpeg": "jpeg", "webp": "webp"}


class A1111(Guarded):
    """What the handlers of this dialect share: its shape of an error, and JSON bodies."""

    def refused(self, status: int, sentence: str) -> None:
        """Word a refusal of the gate."""
        self.fail(status, "Incorrect username or password" if status == 401 else sentence)

    def went_wrong(self, status: int, sentence: str) -> None:
        """Word an error that nobody foresaw."""
        self.fail(status, sentence)

    def fail(self, status: int, detail: str, kind: str = "HTTPException") -> None:
        """Answer with an error; `kind` is the class of the exception."""
        self.write_json(A1111Error(status, kind, detail).body, status)

    def body(self) -> dict[str, Any]:
        """Return the JSON object sent. Raises A1111Error for anything else."""
        try:
            return self.json_body()
        except (ValueError, RecursionError) as error:
            raise A1111Error(422, "RequestValidationError", "The body is no JSON.") from error


class Text2Image(A1111):
    """Makes pictures from a prompt; the call returns when they are ready."""

    edit = False
    _job: Job | None = None

    async def post(self) -> None:
        """Queue the work, wait for it, answer with base64 pictures."""
        try:
            body = self.body()
            options = self.engine.a1111.options
            batch = await self.engine.studio.call(self._read, body, options)
        except A1111Error as error:
            self.write_json(error.body, error.status)
            return
        if await self.spoiled():
            return
        if self.trouble == "refusal":
            self.fail(400, REFUSAL)
            return
        if self.gone.is_set():
            # Who left while the order was read would leave a job that nothing cancels.
            return
        pictures: list[bytes] = []
        job = self._submitted(batch, pictures)
        if job is None:
            self.fail(503, "Too many jobs wait already.")
            return
        await job.done.wait()
        if job.state == "failed":
            self.fail(500, str(job.error), type(job.error).__name__)
        else:
            # An interrupted call answers with what it has, as the real server does.
            self.write_json(self._made(body, batch, pictures))

    def on_connection_close(self) -> None:
        """Cancel the job: nobody waits for it any more."""
        super().on_connection_close()
        if self._job is not None:
            self.engine.queue.cancel(self._job.id)

    def _read(self, body: dict[str, Any], options: dict[str, Any]) -> Batch:
        return read_batch(body, options, edit=self.edit)

    def _submitted(self, batch: Batch, pictures: list[bytes]) -> Job | None:
        number = self.engine.queue.next_number()
        name = str(uuid.uuid4())

        async def work(job: Job) -> None:
            await self._draw(job, batch, pictures)

        row: list[Any] = [number, name, {}, {}, []]
        job = Job(name, number, work, row, trouble=self.trouble)
        try:
            self.engine.queue.submit(job)
        except QueueFullError:
            return None
        self._job = job
        self.engine.a1111.remember(batch.task or name, job)
        return job

    async def _draw(self, job: Job, batch: Batch, pictures: list[bytes]) -> None:
        if batch.keeps_model:
            self.engine.a1111.options["sd_model_checkpoint"] = title(batch.recipe.model)
        standing = self.engine.a1111.begin(job, batch.count, batch.recipe.steps)
        for index in range(batch.count):
            standing.index, standing.step = index, 0
            picture = standing.picture = await self.engine.studio.draw(batch.recipe.nth(index))

            async def on_step(step: int) -> None:
                standing.step = step

            try:
                job.check()
                await self.engine.studio.sample(job, batch.recipe.steps, on_step)
            except InterruptedJobError:
                if job.stopped_for is None:
                    raise
                share = standing.step / standing.steps
                picture = await self.engine.studio.call(partial, picture, share)
            pictures.append(await self._encoded(job, batch, picture, index))
            if job.stopped_for == "interrupt":
                raise InterruptedJobError
            if job.stopped_for == "skip":
                job.stopped_for = None
                job.stop.clear()

    async def _encoded(self, job: Job, batch: Batch, picture: Any, index: int) -> bytes:
        texts = {"parameters": batch.infotext_of(index)}
        kind = FORMATS.get(batch.samples_format, "png")
        quality = int(self.engine.a1111.options["jpeg_quality"])
        return job.spoilt(await self.engine.studio.call(encode, picture, kind, quality, texts))

    def _made(self, body: dict[str, Any], batch: Batch, pictures: list[bytes]) -> dict[str, Any]:
        images = [base64.b64encode(picture).decode("ascii") for picture in pictures]
        return {
            "images": images if batch.send_images else [],
            "parameters": {**_about(batch), **dict(_asked(body))},
            "info": json.dumps(_info(batch, len(pictures))),
        }


class Image2Image(Text2Image):
    """Changes a picture."""

    edit = True


def _about(batch: Batch) -> dict[str, Any]:
    recipe = batch.recipe
    return {
        "prompt": recipe.prompt, "negative_prompt": recipe.negative, "width": recipe.width,
        "height": recipe.height, "steps": recipe.steps, "cfg_scale": recipe.guidance,
        "sampler_name": batch.sampler, "seed": recipe.seed,
    }  # fmt: skip


def _asked(body: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Give what a call asked for, without its pictures unless it wants them back."""
    for name, value in body.items():
        if name not in ("init_images", "mask") or body.get("include_init_images"):
            yield name, value


def _info(batch: Batch, count: int) -> dict[str, Any]:
    recipe = batch.recipe
    recipes = [recipe.nth(index) for index in range(count)]
    return {
        **_about(batch),
        "all_prompts": [recipe.prompt] * count,
        "all_negative_prompts": [recipe.negative] * count,
        "all_seeds": [one.seed for one in recipes],
        "subseed": recipe.seed,
        "all_subseeds": [one.seed for one in recipes],
        "subseed_strength": 0,
        "batch_size": batch.count,
        "sd_model_name": stem(recipe.model),
        "sd_model_hash": short_hash(recipe.model),
        "denoising_strength": recipe.strength if recipe.source else None,
        "extra_generation_params": {"Schedule type": batch.scheduler.title()},
        "index_of_first_image": 0,
        "infotexts": [batch.infotext_of(index) for index in range(count)],
        "job_timestamp": time.strftime("%Y%m%d%H%M%S"),
        "is_using_inpainting_conditioning": False,
        "version": "demo",
    }
