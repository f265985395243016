"""Generation as the OpenAI door speaks it, with our documented extensions."""

from __future__ import annotations

from pydantic import Field

from .shape import Shape


class GenerationRequest(Shape):
    """One call for pictures; OpenAI's parameters first, our extensions after."""

    prompt: str = Field(min_length=1, max_length=32_000)
    model: str | None = None
    """None picks the best that policy lets run for free."""
    n: int = Field(default=1, ge=1, le=10)
    size: str = "auto"
    """`auto`, or WIDTHxHEIGHT in pixels."""
    seed: int | None = Field(default=None, ge=0, lt=2**63)
    steps: int | None = Field(default=None, ge=1, le=150)
    guidance: float | None = Field(default=None, ge=0, le=30)
    negative_prompt: str | None = Field(default=None, max_length=32_000)
    workflow: str | None = Field(default=None, max_length=64)
    """A registered workflow by its name, in place of `model`."""


class ModelInfo(Shape):
    """A model that the OpenAI door lists."""

    id: str
    title: str
    service: str
    available: bool
    reason: str = ""
    """Why it is not available, a sentence with its remedy."""
    demo: bool = False
    """Whether its pictures are made by the demo engine."""
    cloud: bool = False
    """Whether a provider makes its pictures: prompts leave this machine."""
    price_cents: float | None = None
    """US cents that one picture costs at most; 0: nothing; None: that is not known yet."""
    edits: bool | None = None
    """Whether it changes pictures; None: that is not known."""


class ModelList(Shape):
    """GET /v1/models, our extension fields beside OpenAI's."""

    models: list[ModelInfo]
