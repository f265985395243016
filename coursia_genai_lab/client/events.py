"""What a caller hears while a picture is made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..wire.provenance import Provenance


@dataclass(frozen=True)
class Waiting:
    """The work has not begun yet.

    With a `position` the job waits in line: 1 is next, and in about `seconds` it is its turn (None:
    nobody knows). Without one a service starts, and the call is sent again in `seconds`. `index`
    counts the pictures of the call, from 0.
    """

    reason: str
    seconds: float | None
    position: int | None = None
    index: int = 0


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
    it. `warning` says where it differs from what was asked for; empty: nowhere. `provenance` is
    what the Lab knows of its making; None: the server is no Lab.
    """

    data: bytes = field(repr=False)
    format: str = "png"
    model: str | None = None
    seed: int | None = None
    demo: bool | None = None
    warning: str = ""
    provenance: Provenance | None = field(default=None, repr=False)


Event = Waiting | Step | Preview | Picture
