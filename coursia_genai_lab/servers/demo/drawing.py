"""From recipe to finished, marked picture: the one entrance to art and editing."""

from __future__ import annotations

from PIL import Image

from .art import paint
from .editing import edit
from .marks import label, stamp
from .recipe import Recipe, check_size


def draw(recipe: Recipe) -> Image.Image:
    """Return the picture of `recipe`, RGB (RGBA if transparent), marked as a demo.

    Raises TooLargeError for a size that is not drawn.
    """
    check_size(recipe.width, recipe.height)
    if recipe.source is None:
        return stamp(paint(recipe), recipe.prompt)
    source = fit(recipe.source, recipe.width, recipe.height)
    if recipe.mask is None:
        return stamp(edit(source, recipe), recipe.prompt)
    mask = recipe.mask.convert("L").resize(source.size, Image.Resampling.BILINEAR)
    box = mask.point([0] * 8 + [255] * 248).getbbox()
    if box is None:
        return source
    # Outside the mask nothing may change, so the mark of a masked edit goes inside its box.
    inside = edit(source, recipe)
    label(inside, box)
    return Image.composite(inside, source, mask)


def fit(picture: Image.Image, width: int, height: int) -> Image.Image:
    """Return `picture` as RGB, scaled and cropped about its middle to the size asked for."""
    flat = picture.convert("RGB")
    if flat.size == (width, height):
        return flat
    scale = max(width / flat.width, height / flat.height)
    side = (max(width, round(flat.width * scale)), max(height, round(flat.height * scale)))
    large = flat.resize(side, Image.Resampling.LANCZOS)
    left, top = (side[0] - width) // 2, (side[1] - height) // 2
    return large.crop((left, top, left + width, top + height))
