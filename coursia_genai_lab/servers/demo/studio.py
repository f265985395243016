"""The working room: drawing in a thread, steps that take their time, previews on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from PIL import Image

from .drawing import draw
from .jobs import Job, StepFailedError
from .previews import preview
from .recipe import Recipe
from .settings import Settings
from .trouble import OutOfMemoryError, RefusedError

T = TypeVar("T")
OnStep = Callable[[int], Awaitable[None]]


class Studio:
    """Runs all picture work in one thread, so that the event loop stays free."""

    def __init__(self, settings: Settings, die: Callable[[], None]) -> None:
        self._settings = settings
        self._die = die
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="demo-studio")
        self._busy = 0

    async def call(self, work: Callable[..., T], *args: object) -> T:
        """Run `work(*args)` in the drawing thread."""
        self._busy += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, *args)
        finally:
            self._busy -= 1

    async def draw(self, recipe: Recipe) -> Image.Image:
        """Return the finished picture."""
        return await self.call(draw, recipe)

    async def preview(self, picture: Image.Image, step: int, steps: int) -> bytes:
        """Return a small JPEG of `picture` as it looks after `step` of `steps`."""
        return await self.call(preview, picture, step, steps)

    async def sample(self, job: Job, steps: int, on_step: OnStep) -> None:
        """Let the steps pass, calling `on_step(step)` after each, from 1 to `steps`.

        Raises InterruptedJobError when the job is stopped, StepFailedError at the step set to
        fail, OutOfMemoryError and RefusedError where that is the job's trouble.
        """
        await self._get_into_trouble(job)
        for step in range(1, steps + 1):
            await job.pause(self._settings.seconds_per_step)
            if step == self._settings.fail_at_step:
                raise StepFailedError(f"The demo engine was told to fail at step {step}.")
            await on_step(step)
            job.check()

    async def _get_into_trouble(self, job: Job) -> None:
        if job.trouble == "out-of-memory":
            raise OutOfMemoryError
        if job.trouble == "refusal":
            raise RefusedError
        if job.trouble == "die":
            self._die()
        if job.trouble in ("die", "hang"):
            await job.stop.wait()
            job.check()

    def close(self) -> None:
        """Take no more work; what runs in the thread ends by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)
