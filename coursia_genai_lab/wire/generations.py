"""What the record knows of one generation."""

from __future__ import annotations

from typing import Literal

from .jobs import JobKind
from .provenance import Provenance
from .shape import Shape

Outcome = Literal["done", "failed", "cancelled"]


class GenerationView(Shape):
    """GET generations/{id}: what was noted when it ended; nothing says whose it was."""

    id: str
    at: float
    """Unix time of its end."""
    kind: JobKind
    """The dialect in which it was asked for."""
    service: str
    model: str
    outcome: Outcome
    code: str | None = None
    """Code of the problem, for `failed`."""
    seconds: float
    """Time for which an engine worked on it."""
    pictures: int
    sha256: str | None = None
    """Of the file as it was given out; null where the record knows none."""
    prompt_hash: str | None = None
    """SHA-256 over id, prompt and negative prompt, with a NUL between them."""
    prompt: str | None = None
    """For whoever asked, where prompts are recorded."""
    facts: Provenance | None = None
    """What was written into the file, its prompts left out; null for jobs of raw doors."""
