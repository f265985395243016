"""How a picture comes out of the noise: small JPEGs that grow clearer with each step."""

from __future__ import annotations

import io
import random

from PIL import Image, ImageFilter

LONG_SIDE = 384


def preview(picture: Image.Image, step: int, steps: int) -> bytes:
    """Return a JPEG of at most 384 pixels a side: noise at first, the picture at the last step."""
    done = min(1.0, max(0.0, step / max(1, steps)))
    small = picture.convert("RGB")
    small.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    out = io.BytesIO()
    emerge(small, done).save(out, "JPEG", quality=80)
    return out.getvalue()


def emerge(picture: Image.Image, done: float) -> Image.Image:
    """Return `picture` after the share `done` (0 to 1) of its steps."""
    if done >= 1:
        return picture
    soft = picture.filter(ImageFilter.GaussianBlur((1 - done) ** 2 * max(picture.size) / 16))
    return Image.blend(soft, _noise(picture.size), (1 - done) ** 1.5 * 0.92)


def _noise(size: tuple[int, int]) -> Image.Image:
    dice = random.Random(size[0] * 65537 + size[1])
    # Coloured blobs beside fine grain look like a latent being decoded, grain alone does not.
    coarse = (max(1, size[0] // 8), max(1, size[1] // 8))
    blobs = Image.frombytes("RGB", coarse, dice.randbytes(coarse[0] * coarse[1] * 3))
    grain = Image.frombytes("RGB", size, dice.randbytes(size[0] * size[1] * 3))
    return Image.blend(blobs.resize(size, Image.Resampling.BICUBIC), grain, 0.4)


def partial(picture: Image.Image, done: float) -> Image.Image:
    """Return `picture` in full size as it looks after the share `done` (0 to 1) of its steps."""
    small = picture.convert("RGB")
    small.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    return emerge(small, done).resize(picture.size, Image.Resampling.BICUBIC)
