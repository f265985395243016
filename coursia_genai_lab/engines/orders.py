"""What engines are asked for, what they tell on the way, and what they give."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .workflow_files import Workflow


@dataclass(frozen=True)
class Order:
    """Pictures to make; what is None is the model's own.

    `images` are PNG files to work on: the first is changed, the others are referred to. `mask` is
    a PNG of the first one's size, transparent where it may change.
    Picture number i, from 0, is made with the seed `seed + i`.
    """

    model: str
    prompt: str = field(repr=False)
    seed: int
    negative: str = field(default="", repr=False)
    width: int | None = None
    height: int | None = None
    """Pixels; both or neither."""
    steps: int | None = None
    guidance: float | None = None
    count: int = 1
    images: tuple[bytes, ...] = field(default=(), repr=False)
    mask: bytes | None = field(default=None, repr=False)
    previews: bool = False
    silence_seconds: float | None = 3600.0
    """A job that shows no progress for so long is ended; None never ends one."""
    quality: str | None = None
    background: str | None = None
    """Only clouds know these two."""
    user: str = ""
    """A salted hash of who asks, for a provider's own abuse checks; never a name."""
    workflow: Workflow | None = field(default=None, repr=False)
    """A registered workflow that makes the pictures; None takes the model's own."""

    def seed_of(self, index: int) -> int:
        """Return the seed of one picture, within what every engine counts to."""
        return (self.seed + index) % 2**63


@dataclass(frozen=True)
class Phase:
    """What the engine does now, in words for a person; `index` numbers the picture from 0."""

    name: str
    index: int = 0


@dataclass(frozen=True)
class Step:
    """So many of the steps of one picture are done."""

    step: int
    steps: int
    index: int = 0


@dataclass(frozen=True)
class Preview:
    """A small JPEG or PNG of a picture in the making."""

    data: bytes = field(repr=False)
    index: int = 0


@dataclass(frozen=True)
class Recipe:
    """What an engine really used for a picture; None is what it does not tell."""

    workflow: str | None = None
    workflow_hash: str | None = None
    """`sha256:…` of the workflow's template, before anything was filled in."""
    files: tuple[str, ...] = ()
    """File names of the weights, the main one first."""
    steps: int | None = None
    guidance: float | None = None
    provider_id: str | None = None
    """A provider's own id of the generation."""


@dataclass(frozen=True)
class Spent:
    """What a provider charges for one answer."""

    microusd: int | None = None
    """Millionths of a US dollar; None: it told nothing that a price can be made from."""
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True)
class Picture:
    """A finished picture: the file as the engine made it, its seed, and how it was made."""

    data: bytes = field(repr=False)
    seed: int
    index: int = 0
    recipe: Recipe | None = None
    spent: Spent | None = None
    """Of a cloud; None: it cost nothing."""


@dataclass(frozen=True)
class Notice:
    """Something of the order that the model cannot do and that was left out, as a sentence."""

    text: str


Event = Notice | Phase | Step | Preview | Picture
Report = Callable[[Event], None]
"""Called on the event loop as things happen; it must return at once."""


def unheard(event: Event) -> None:
    """Take no notice of an event."""
