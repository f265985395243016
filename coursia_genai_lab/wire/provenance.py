"""Where a picture comes from: what is written into the file, the answer and the record.

Nothing in it says who asked.
"""

from __future__ import annotations

from pydantic import Field

from .policy import Mode
from .services import Dialect
from .shape import Shape


class Provenance(Shape):
    """What is known of one picture; None is what nobody knows."""

    id: str
    """UUID of the generation: the same in the file, the answer and the record."""
    made_at: str
    """ISO 8601, UTC, to the second."""
    software: str
    """`coursia-genai-lab` and its version."""
    engine: Dialect
    service: str
    """The service that made it; `demo` where the demo engine stood in."""
    asked_service: str | None = None
    """The service that was asked for, where another stood in."""
    demo: bool = False
    mode: Mode
    model: str
    model_files: list[str] = Field(default_factory=list)
    """File names of the weights, the main one first."""
    model_hash: str | None = None
    """`sha256:…` of the main file, where it was checked."""
    provider: str | None = None
    """Host of the provider that made it; None: it was made on this machine, or its network."""
    fallback_reason: str | None = None
    """Code of the reason for which a cloud stood in for `asked_service`."""
    cost_microusd: int | None = None
    """What the provider charged, or says it charges: millionths of a US dollar."""
    provider_id: str | None = None
    """A provider's own id of the generation."""
    workflow: str | None = None
    workflow_hash: str | None = None
    """`sha256:…` of the template, not of the filled graph."""
    image_digest: str | None = None
    """Digest or id of the container image that the engine ran from."""
    prompt: str
    negative_prompt: str | None = None
    seed: int | None = None
    width: int
    height: int
    steps: int | None = None
    guidance: float | None = None
    inputs: list[str] = Field(default_factory=list)
    """`sha256:…` of the files that were sent to be changed or referred to, then of the mask."""
