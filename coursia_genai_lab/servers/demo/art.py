"""Paints a picture from a recipe."""

from __future__ import annotations

from PIL import Image, ImageOps

from .recipe import Recipe


def paint(recipe: Recipe) -> Image.Image:
    """Return an RGB picture of the recipe's size."""
    dice = recipe.dice("palette")
    dark, light = (tuple(dice.randrange(256) for _ in range(3)) for _ in range(2))
    grey = Image.linear_gradient("L").resize((recipe.width, recipe.height))
    return ImageOps.colorize(grey, dark, light)
