"""What a caller hears while a picture is made."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Waiting:
    """A service starts; the call is sent again in `seconds`."""

    reason: str
    seconds: float


@dataclass(frozen=True)
class Step:
    """How far the work is; None where the engine does not say. `percent` is 0 to 100.

    `index` counts the pictures of the call, from 0.
    """

    phase: str = ""
    step: int | None = None
    steps: int | None = None
    percent: float | None = None
    index: int = 0


@dataclass(frozen=True)
class Preview:
    """How the picture looks by now, as the bytes of a small image file."""

    data: bytes = field(repr=False)
    index: int = 0


@dataclass(frozen=True)
class Picture:
    """A finished picture: the bytes of its file, and what the engine says of it.

    `format` is png, jpeg or webp. None: the engine did not say. `demo`: the demo engine drew
    it. `warning` says where it differs from what was asked for; empty: nowhere.
    """

    data: bytes = field(repr=False)
    format: str = "png"
    model: str | None = None
    seed: int | None = None
    demo: bool | None = None
    warning: str = ""


Event = Waiting | Step | Preview | Picture
