"""Pictures made ready for an engine; it takes processor time, so it is work for threads."""

from __future__ import annotations

import io


def with_transparency(picture: bytes, mask: bytes) -> bytes:
    """Return a PNG that shows `picture` and is as transparent as `mask`."""
    from PIL import Image

    with (
        Image.open(io.BytesIO(picture), formats=("PNG",)) as shown,
        Image.open(io.BytesIO(mask), formats=("PNG",)) as hole,
    ):
        whole = shown.convert("RGB")
        alpha = hole.convert("RGBA").getchannel("A")
        if alpha.size != whole.size:
            alpha = alpha.resize(whole.size)
    whole.putalpha(alpha)
    out = io.BytesIO()
    # What is see-through keeps its colours: the engine draws from them.
    whole.save(out, "PNG", compress_level=1)
    return out.getvalue()


def white_where_open(mask: bytes) -> bytes:
    """Return the mask that the WebUI takes: white where the picture may change."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(mask), formats=("PNG",)) as picture:
        kept = picture.convert("RGBA").getchannel("A")
    out = io.BytesIO()
    ImageOps.invert(kept).save(out, "PNG")
    return out.getvalue()
