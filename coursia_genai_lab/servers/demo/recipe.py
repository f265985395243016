"""What a picture is made from; equal recipes give equal pictures, byte for byte."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace

from PIL import Image

MAX_SIDE = 2048
MIN_SIDE = 16


class TooLargeError(ValueError):
    """A picture of this size is more than the engine draws; the message says what it does draw."""


@dataclass(frozen=True)
class Recipe:
    """Everything that decides a picture. Sizes are pixels.

    `strength` (0 to 1) is how far an edit may leave `source`. `mask` is grey, of any size: only
    where it is white may an edit change anything. `extras` are pictures that an edit
    refers to beside its source.
    """

    prompt: str
    negative: str = ""
    width: int = 1024
    height: int = 1024
    seed: int = 0
    steps: int = 20
    guidance: float = 4.0
    strength: float = 1.0
    model: str = "demo"
    source: Image.Image | None = None
    mask: Image.Image | None = None
    extras: tuple[Image.Image, ...] = ()
    transparent: bool = False

    def dice(self, purpose: str) -> random.Random:
        """Return the random numbers for one purpose: the same for equal recipes."""
        text = "\x00".join((purpose, self.prompt, self.negative, str(self.seed)))
        return random.Random(hashlib.blake2b(text.encode("utf-8", "replace")).digest())

    def nth(self, index: int) -> Recipe:
        """Return the recipe of picture number `index` (from 0) of a batch."""
        return self if index == 0 else replace(self, seed=self.seed + index)


def check_size(width: int, height: int) -> None:
    """Raise TooLargeError unless a picture of this size can be drawn."""
    if max(width, height) > MAX_SIDE:
        raise TooLargeError(
            f"This demo engine draws up to {MAX_SIDE} x {MAX_SIDE} pixels, not {width} x {height}."
        )
    if min(width, height) < MIN_SIDE:
        raise TooLargeError(f"This demo engine draws no less than {MIN_SIDE} x {MIN_SIDE} pixels.")
