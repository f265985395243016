"""The AUTOMATIC1111 and Forge API in its main routes: text to image, image to image, progress."""

from __future__ import annotations

import base64
import json
import uuid
from typing import Any

from .a1111_order import (
    SAMPLER_NAMES,
    SCHEDULER_NAMES,
    A1111Error,
    Batch,
    checkpoint,
    read_batch,
    title,
)
from .comfy_models import MODEL_FILES
from .jobs import Job, QueueFullError
from .marks import encode
from .trouble import REFUSAL
from .web import Guarded


class A1111(Guarded):
    """What the handlers of this dialect share: its shape of an error, and JSON bodies."""

    def refused(self, status: int, sentence: str) -> None:
        """Word a refusal of the gate."""
        detail = "Incorrect username or password" if status == 401 else sentence
        self.write_json(A1111Error(status, "HTTPException", detail).body, status)

    def went_wrong(self, status: int, sentence: str) -> None:
        """Word an error that nobody foresaw."""
        self.write_json(A1111Error(status, "HTTPException", sentence).body, status)

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
        settings = self.engine.a1111
        try:
            batch = read_batch(self.body(), settings.model, edit=self.edit)
        except A1111Error as error:
            self.write_json(error.body, error.status)
            return
        if await self.spoiled():
            return
        if self.trouble == "refusal":
            self._fail(400, "HTTPException", REFUSAL)
            return
        pictures: list[bytes] = []
        number = self.engine.queue.next_number()
        name = str(uuid.uuid4())

        async def work(job: Job) -> None:
            await self._draw(job, batch, pictures)

        row: list[Any] = [number, name, {}, {}, []]
        job = self._job = Job(name, number, work, row, trouble=self.trouble)
        try:
            self.engine.queue.submit(job)
        except QueueFullError:
            self._fail(503, "HTTPException", "Too many jobs wait already.")
            return
        settings.remember(batch.task or name, job)
        await job.done.wait()
        if job.state == "failed":
            self._fail(500, type(job.error).__name__, str(job.error))
        else:
            # An interrupted call answers with what it has, as the real server does.
            self.write_json(self._made(batch, pictures))

    def on_connection_close(self) -> None:
        """Cancel the job: nobody waits for it any more."""
        super().on_connection_close()
        if self._job is not None:
            self.engine.queue.cancel(self._job.id)

    def _fail(self, status: int, kind: str, detail: str) -> None:
        self.write_json(A1111Error(status, kind, detail).body, status)

    async def _draw(self, job: Job, batch: Batch, pictures: list[bytes]) -> None:
        studio = self.engine.studio
        for index in range(batch.count):
            picture = await studio.draw(batch.recipe.nth(index))
            job.check()

            async def on_step(step: int, index: int = index) -> None:
                self.engine.a1111.steps[job.id] = (index, batch.count, step, batch.recipe.steps)

            await studio.sample(job, batch.recipe.steps, on_step)
            pictures.append(job.spoilt(await studio.call(encode, picture)))

    def _made(self, batch: Batch, pictures: list[bytes]) -> dict[str, Any]:
        recipe = batch.recipe
        seeds = [recipe.nth(index).seed for index in range(len(pictures))]
        about = {
            "prompt": recipe.prompt, "negative_prompt": recipe.negative, "width": recipe.width,
            "height": recipe.height, "steps": recipe.steps, "cfg_scale": recipe.guidance,
            "sampler_name": batch.sampler, "seed": recipe.seed,
        }  # fmt: skip
        line = f"Steps: {recipe.steps}, Sampler: {batch.sampler}, Seed: {recipe.seed}, Demo: yes"
        infotexts = [f"{recipe.prompt}\n{line}"] * len(pictures)
        info = {**about, "all_seeds": seeds, "infotexts": infotexts}
        images = [base64.b64encode(picture).decode("ascii") for picture in pictures]
        sent = images if batch.send_images else []
        return {"images": sent, "parameters": about, "info": json.dumps(info)}


class Image2Image(Text2Image):
    """Changes a picture."""

    edit = True


class Progress(A1111):
    """How far whatever runs has come."""

    def get(self) -> None:
        """Answer for the running job of this dialect; zero when there is none."""
        running = self.engine.queue.running
        index, count, step, steps = self.engine.a1111.place(running)
        share = (index + step / steps) / count if count else 0.0
        state = {
            "skipped": False, "interrupted": False, "stopping_generation": False, "job": "",
            "job_count": count, "job_no": index, "sampling_step": step, "sampling_steps": steps,
        }  # fmt: skip
        self.write_json(
            {
                "progress": share,
                "eta_relative": 0.0,
                "state": state,
                "current_image": None,
                "textinfo": None,
            }
        )


class TaskProgress(A1111):
    """How far one call has come that gave itself a task id."""

    def post(self) -> None:
        """Answer for the task named."""
        try:
            name = str(self.body().get("id_task"))
        except A1111Error as error:
            self.write_json(error.body, error.status)
            return
        job = self.engine.a1111.calls.get(name)
        index, count, step, steps = self.engine.a1111.place(job)
        state = job.state if job else ""
        waits = state == "pending"
        self.write_json(
            {
                "active": state == "in_progress",
                "queued": waits,
                "completed": state not in ("", "pending", "in_progress"),
                "progress": (index + step / steps) / count if count else None,
                "eta": None,
                "live_preview": None,
                "textinfo": "Waiting..." if waits else None,
            }
        )


class Interrupt(A1111):
    """Stops what runs."""

    def post(self) -> None:
        """Stop the running job, anybody's."""
        self.engine.queue.interrupt()
        self.write_json({})


class Options(A1111):
    """The settings, of which there is one: the model."""

    def get(self) -> None:
        """Answer with the settings."""
        shown = {"sd_model_checkpoint": self.engine.a1111.model, "samples_format": "png"}
        self.write_json(shown)

    def post(self) -> None:
        """Choose the model."""
        try:
            body = self.body()
            if "sd_model_checkpoint" in body:
                self.engine.a1111.model = checkpoint(body["sd_model_checkpoint"])
            self.write_json(None)
        except A1111Error as error:
            self.write_json(error.body, error.status)


class Lists(A1111):
    """What there is: models, samplers, schedulers and the rest, which is empty."""

    def get(self, what: str) -> None:
        """Answer with one list."""
        if what == "sd-models":
            self.write_json([_model(name) for name in MODEL_FILES["checkpoints"]])
        elif what == "samplers":
            self.write_json(
                [{"name": n, "aliases": [n.lower()], "options": {}} for n in SAMPLER_NAMES]
            )
        elif what == "schedulers":
            self.write_json([{"name": name, "label": name.title()} for name in SCHEDULER_NAMES])
        else:
            self.write_json([])


class Memory(A1111):
    """How much memory there is."""

    def get(self) -> None:
        """Answer that there is no GPU."""
        ram = {"free": 6 * 2**30, "used": 2 * 2**30, "total": 8 * 2**30}
        self.write_json({"ram": ram, "cuda": {"error": "The demo engine uses no GPU."}})


class Reload(A1111):
    """Frees the GPU and takes it back, which costs nothing here."""

    def post(self, what: str) -> None:
        """Forget what would serve an identical call again."""
        self.engine.comfy.free()
        self.write_json({})


class Ping(A1111):
    """Liveness as the page of the real server asks for it."""

    def get(self) -> None:
        """Answer."""
        self.write_json({})


def _model(name: str) -> dict[str, Any]:
    return {
        "title": title(name),
        "model_name": title(name),
        "hash": None,
        "sha256": None,
        "filename": name,
        "config": None,
    }
