"""Reads pictures that others send: header first, decoding only what is sure to be small enough."""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PIXELS = 2**25
MAX_UPLOAD = 32 * 2**20


class BadPictureError(ValueError):
    """The bytes are no picture that the engine takes; the message says why."""


def inspect(data: bytes) -> Image.Image:
    """Return the picture with only its header read.

    Raises BadPictureError unless it is one frame of PNG, JPEG or WebP of at most 2^25 pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise BadPictureError("The picture has too many pixels.") from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise BadPictureError("The file is not a PNG, JPEG or WebP picture.") from error
    if picture.width * picture.height > MAX_PIXELS:
        raise BadPictureError("The picture has too many pixels.")
    # A phone's JPEG may have more behind it, which no engine reads.
    if picture.format in ("PNG", "WEBP") and getattr(picture, "n_frames", 1) > 1:
        raise BadPictureError("The picture has more than one frame.")
    return picture


def decode(data: bytes) -> Image.Image:
    """Return the decoded picture, upright, as RGB or RGBA; raises BadPictureError."""
    picture = inspect(data)
    try:
        upright = ImageOps.exif_transpose(picture)
        see_through = "A" in upright.getbands() or "transparency" in upright.info
        return upright.convert("RGBA" if see_through else "RGB")
    except (OSError, ValueError, SyntaxError) as error:
        raise BadPictureError("The picture is damaged.") from error
