"""Whether two pictures are the same, nearly the same or different, and what may have changed.

Pillow is loaded with the first comparison.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..wire.provenance import Provenance

Verdict = Literal["identical", "similar", "different"]

SIMILAR_DECIBELS = 30.0
"""Two renderings of one recipe on other hardware differ by noise that nobody sees: about 35 dB and
more; pictures of two seeds stay below 15."""
ALIKE_DECIBELS = 32.0
"""The same, once fine texture is averaged away: some kernels and codecs move it about."""
ALIKE_SIDE = 64
FACTS: tuple[tuple[str, str], ...] = (
    ("demo", "whether the demo engine stood in"),
    ("engine", "the engine"),
    ("service", "the service"),
    ("image_digest", "the container image of the engine"),
    ("model", "the model"),
    ("model_files", "the model's files"),
    ("model_hash", "the hash of the model's main file"),
    ("workflow", "the workflow"),
    ("workflow_hash", "the workflow's template"),
    ("inputs", "the pictures that it was made from"),
    ("prompt", "the prompt"),
    ("negative_prompt", "the negative prompt"),
    ("seed", "the seed"),
    ("steps", "the number of steps"),
    ("guidance", "the guidance"),
    ("software", "the version of the Lab"),
)
"""What of a provenance decides the pixels, and its name; sizes are seen in the pictures."""
PRIVATE = frozenset({"prompt", "negative_prompt", "inputs"})
"""Named, but not quoted: a verdict may go into a log or a report."""


@dataclass(frozen=True)
class Comparison:
    """A verdict on two pictures.

    identical: the same bytes or the same pixels. similar: no eye tells them apart. `decibels` is
    the peak signal-to-noise ratio; None: there is no noise, or the sizes differ. `why` are
    sentences: what differs in what is known of their making, or that nothing does.
    """

    verdict: Verdict
    decibels: float | None
    why: tuple[str, ...]


def compare(
    before: bytes,
    after: bytes,
    was: Provenance | None = None,
    now: Provenance | None = None,
) -> Comparison:
    """Return how alike two image files are; `was` and `now` are what is known of their making.

    Raises:
        InvalidRequest: one of them is no picture.
    """
    changed = changes(was, now)
    if before == after:
        return Comparison("identical", None, changed)
    first, second = _opened(before), _opened(after)
    if first.size != second.size:
        sizes = " and ".join(f"{width} × {height}" for width, height in (first.size, second.size))
        return Comparison("different", None, (f"Their sizes differ: {sizes}.", *changed))
    decibels = _decibels(first, second)
    if decibels is None:
        return Comparison("identical", None, changed)
    alike = decibels >= SIMILAR_DECIBELS or _alike(first, second)
    verdict: Verdict = "similar" if alike else "different"
    return Comparison(verdict, round(decibels, 1), changed or (_unexplained(was, now),))


def changes(was: Provenance | None, now: Provenance | None) -> tuple[str, ...]:
    """Return a sentence for each fact that is known of both pictures and differs."""
    if was is None or now is None:
        return ()
    return tuple(
        _sentence(field, words, getattr(was, field), getattr(now, field))
        for field, words in FACTS
        if _differs(getattr(was, field), getattr(now, field))
    )


def _differs(was: object, now: object) -> bool:
    # What nobody knows of one of them is no difference.
    return was not in (None, []) and now not in (None, []) and was != now


def _sentence(field: str, words: str, was: object, now: object) -> str:
    begin = words[0].upper() + words[1:]
    if field in PRIVATE or isinstance(was, bool):
        return f"{begin} differs."
    return f"{begin} differs: {_shown(was)} before, {_shown(now)} now."


def _shown(value: object) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _unexplained(was: Provenance | None, now: Provenance | None) -> str:
    if was is None or now is None:
        return "Nothing is known of how one of them was made."
    return (
        "Nothing that is known of their making differs: the hardware, its driver or a library of "
        "the engine may, or the engine does not repeat its pictures exactly."
    )


def _opened(data: bytes) -> Image:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data)) as picture:
            whole: Image.Image = picture.convert("RGBA")
            return whole
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError):
        raise InvalidRequest(
            "What is to be compared is no picture.", "Compare PNG, JPEG or WebP files."
        ) from None


def _decibels(first: Image, second: Image) -> float | None:
    from PIL import ImageChops, ImageStat

    noise = ImageStat.Stat(ImageChops.difference(first, second))
    squares = sum(noise.sum2) / sum(noise.count)
    return None if squares == 0 else 10 * math.log10(255**2 / squares)


def _alike(first: Image, second: Image) -> bool:
    small = [picture.resize((ALIKE_SIDE, ALIKE_SIDE)) for picture in (first, second)]
    decibels = _decibels(*small)
    return decibels is None or decibels >= ALIKE_DECIBELS
