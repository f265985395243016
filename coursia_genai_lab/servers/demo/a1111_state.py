"""What the AUTOMATIC1111 dialect remembers between calls: settings, and how far calls are."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from PIL import Image

from .a1111_models import TURBO, title
from .jobs import Job

MAX_CALLS = 200
OPTIONS: dict[str, Any] = {
    "sd_model_checkpoint": title(TURBO),
    "sd_vae": "Automatic",
    "CLIP_stop_at_last_layers": 1,
    "samples_format": "png",
    "jpeg_quality": 80,
    "live_previews_enable": True,
    "forge_preset": "sd",
    "forge_additional_modules": [],
    "forge_inference_memory": 1024,
}
"""Settings that callers read and write, with the values that an engine starts with."""


@dataclass
class Standing:
    """How far the pictures of one call are; `count` 0: nothing has begun."""

    index: int = 0
    count: int = 0
    step: int = 0
    steps: int = 0
    picture: Image.Image | None = None
    began: float = 0.0

    @property
    def share(self) -> float:
        """How much is done, 0 to 1."""
        return (self.index + self.step / self.steps) / self.count if self.count else 0.0

    @property
    def seconds_left(self) -> float:
        """How long it will take, going by how long it has taken."""
        gone = time.monotonic() - self.began
        return gone / self.share - gone if self.share else 0.0


class A1111State:
    """The settings, the last calls and where they stand, and how the last one was stopped."""

    def __init__(self) -> None:
        self.options = dict(OPTIONS)
        self.calls: dict[str, Job] = {}
        self.interrupted = False
        self.skipped = False
        self._standings: dict[str, Standing] = {}

    def remember(self, name: str, job: Job) -> None:
        """Keep `job` findable by the name that its caller gave it; the oldest go."""
        self.calls.pop(name, None)
        self.calls[name] = job
        while len(self.calls) > MAX_CALLS:
            oldest = self.calls.pop(next(iter(self.calls)))
            self._standings.pop(oldest.id, None)

    def begin(self, job: Job, count: int, steps: int) -> Standing:
        """Return where a call stands whose work begins now; flags of the one before are gone."""
        self.interrupted = self.skipped = False
        standing = Standing(count=count, steps=steps, began=time.monotonic())
        self._standings[job.id] = standing
        return standing

    def standing(self, job: Job | None) -> Standing:
        """Return where `job` stands; nowhere when it is none of this dialect."""
        return self._standings.get(job.id if job else "", Standing())

    def own(self, job: Job | None) -> Job | None:
        """Return the job if it is one of this dialect: others are not to be stopped here."""
        return job if job is not None and job in self.calls.values() else None

    def name_of(self, job: Job | None) -> str | None:
        """Return the task id of a job of this dialect."""
        return next((name for name, one in self.calls.items() if one is job), None)
