"""What the head of a picture that somebody sent tells, before any of its pixels are decoded.

Everything here takes processor time and is called in threads.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from PIL.Image import Image

TAKEN = ("PNG", "JPEG", "WEBP")
MAX_UPLOAD = 32 * 2**20
"""Bytes of one picture."""
MAX_PIXELS = 2**25

Refuse = Callable[[str], InvalidRequest]
"""Words a refusal in the caller's dialect: takes what the picture is or has, without its subject,
such as `has too many pixels`."""


@dataclass(frozen=True)
class Head:
    """Kind (PNG, JPEG or WEBP) and size of a picture that may be decoded."""

    kind: str
    width: int
    height: int

    @property
    def pixels(self) -> int:
        """How many it has."""
        return self.width * self.height


@contextmanager
def opened(data: bytes, refuse: Refuse) -> Iterator[Image]:
    """Open a picture, its head only; refuse it when that or what the block does with it fails."""
    # Pillow is loaded by the first picture, not with the doors.
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=TAKEN) as picture:
            yield picture
    except InvalidRequest:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise refuse("has too many pixels") from error
    # The decoders of broken files raise whatever they stumble upon.
    except Exception as error:
        raise refuse("is not a PNG, JPEG or WebP picture, or it is broken") from error


def checked(picture: Image, refuse: Refuse) -> Head:
    """Return the head of an opened picture; refuse more than 2^25 pixels or than one frame."""
    # Cameras put a second, small frame into a JPEG; the first one is the picture.
    kind = "JPEG" if picture.format == "MPO" else str(picture.format)
    head = Head(kind, picture.width, picture.height)
    if head.pixels > MAX_PIXELS:
        raise refuse("has too many pixels")
    frames: Any = 1 if kind == "JPEG" else getattr(picture, "n_frames", 1)
    if frames > 1:
        raise refuse("has more than one frame")
    return head


def head_of(data: bytes, refuse: Refuse) -> Head:
    """Return the head of a picture that may be decoded; raises what `refuse` returns."""
    with opened(data, refuse) as picture:
        return checked(picture, refuse)
