"""Pictures to make small, and what became of them."""

from __future__ import annotations

import io
import random
from typing import Any

from PIL import Image


def picture(size: tuple[int, int] = (512, 320), kind: str = "PNG", **more: Any) -> bytes:
    """Return a picture that no encoder makes small: noise in colours of its own."""
    dice = random.Random(str(size))
    small = Image.frombytes("RGB", (64, 64), dice.randbytes(3 * 64 * 64))
    out = io.BytesIO()
    small.resize(size).save(out, kind, **more)
    return out.getvalue()


def size_of(thumbnail: bytes) -> tuple[int, int]:
    with Image.open(io.BytesIO(thumbnail), formats=("WEBP",)) as shown:
        shown.load()
        width, height = shown.size
        return width, height
