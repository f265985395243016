"""What the AUTOMATIC1111 dialect remembers between calls: the model, and how far calls are."""

from __future__ import annotations

from .comfy_models import MODEL_FILES
from .jobs import Job

MAX_CALLS = 200

Place = tuple[int, int, int, int]


class A1111State:
    """The chosen model, the last calls, and for each picture, pictures, step and steps."""

    def __init__(self) -> None:
        self.model = next(n for n in MODEL_FILES["checkpoints"] if "turbo" in n)
        self.calls: dict[str, Job] = {}
        self.steps: dict[str, Place] = {}

    def remember(self, name: str, job: Job) -> None:
        """Keep `job` findable by the name that its caller gave it; the oldest go."""
        self.calls.pop(name, None)
        self.calls[name] = job
        while len(self.calls) > MAX_CALLS:
            oldest = self.calls.pop(next(iter(self.calls)))
            self.steps.pop(oldest.id, None)

    def place(self, job: Job | None) -> Place:
        """Return how far `job` is; zeros when it is nowhere."""
        return self.steps.get(job.id if job else "", (0, 0, 0, 0))
