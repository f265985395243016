"""A small picture of a large one, which may be hostile; imported in a thread, for Pillow is heavy.

An engine may run what strangers wrote, so its pictures are looked at as uploads are: by their
heads, before any pixel is decoded.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image

SIDE = 96
"""Pixels of the longest side: 40 on a screen of high density, with some to spare."""
MOST_BYTES = 12 * 2**10
MOST_PIXELS = 2**25
QUALITIES = (75, 45, 15)
"""Of WebP, the best first: the first that is small enough is taken."""
FORMATS = ("PNG", "JPEG", "WEBP")


def drawn(data: bytes) -> bytes | None:
    """Return a picture as WebP of at most 96 x 96 pixels and 12 KiB, its pixels and nothing else.

    None: it is no PNG, JPEG or WebP that can be decoded, has more than 2^25 pixels, or moves.
    """
    try:
        with warnings.catch_warnings():
            # What Pillow would warn of is refused here by its pixels.
            warnings.simplefilter("ignore")
            return _drawn(data)
    # The decoders of broken files raise whatever they stumble upon.
    except Exception:  # noqa: BLE001
        return None


def _drawn(data: bytes) -> bytes | None:
    with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
        moves = picture.format != "MPO" and getattr(picture, "n_frames", 1) > 1
        if moves or picture.width * picture.height > MOST_PIXELS:
            return None
        # A JPEG is decoded at a fraction of its size, which spares most of the work.
        picture.draft("RGB", (2 * SIDE, 2 * SIDE))
        see_through = "A" in picture.getbands() or "transparency" in picture.info
        if picture.mode not in ("RGB", "RGBA"):
            plain = picture.convert("RGBA" if see_through else "RGB")
        else:
            picture.load()
            plain = picture.copy()
    plain.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    # Profiles, texts and EXIF are kept in `info`, and would be written with the pixels.
    plain.info.clear()
    for quality in QUALITIES:
        out = io.BytesIO()
        plain.save(out, "WEBP", quality=quality, method=4, exif=b"", icc_profile=b"", xmp=b"")
        if out.tell() <= MOST_BYTES:
            return out.getvalue()
    return None
