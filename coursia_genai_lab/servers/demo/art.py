"""Paints a picture from a recipe: a scene, the figures in it, the weather, and a style over all."""

from __future__ import annotations

import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageEnhance

from . import places, scenery
from .animals import ANIMALS, animal
from .canvas import Canvas
from .palette import Mood, mood
from .recipe import Recipe
from .sky import weather
from .styles import restyle
from .things import thing
from .words import COLOURS, Wishes, read

Scene = Callable[[Canvas, Mood, Wishes], None]

SCENES: dict[str, Scene] = {
    "meadow": scenery.meadow,
    "mountain": scenery.mountain,
    "forest": scenery.forest,
    "desert": scenery.desert,
    "sea": scenery.sea,
    "water": scenery.water,
    "city": places.city,
    "space": places.space,
    "studio": places.studio,
    "abstract": places.abstract,
}

# Where a figure stands when the prompt does not say.
HOMES = {
    "fox": "meadow", "cat": "studio", "dog": "meadow", "rabbit": "meadow", "bear": "forest",
    "panda": "forest", "owl": "forest", "fish": "water", "robot": "studio", "flower": "meadow",
    "person": "studio", "house": "meadow", "castle": "mountain", "boat": "sea",
    "balloon": "mountain", "rocket": "space",
}  # fmt: skip
SIZES = {"boat": 0.34, "house": 0.44, "castle": 0.56, "balloon": 0.36, "rocket": 0.42, "fish": 0.5}
FEET = {"boat": 0.8, "fish": 0.74, "balloon": 0.56, "rocket": 0.66, "person": 1.0}


def paint(recipe: Recipe) -> Image.Image:
    """Return an RGB picture of the recipe's size, or RGBA when a transparent ground is wished."""
    wishes = read(recipe)
    canvas = Canvas(recipe.width, recipe.height, recipe.dice("scene"))
    colours = mood(wishes, recipe.dice("mood"))
    figures = wishes.figures[:3]
    if recipe.transparent:
        return _cut_out(recipe, figures or ("flower",), wishes)
    SCENES[_scene(wishes, figures, recipe.dice("choice"))](canvas, colours, wishes)
    place_figures(canvas.picture, figures, wishes, recipe.dice("figures"))
    weather(canvas, wishes)
    styled = restyle(canvas.picture, wishes.styles, recipe.dice("style"))
    return _finish(styled, recipe)


def _scene(wishes: Wishes, figures: tuple[str, ...], dice: random.Random) -> str:
    if wishes.scenes:
        return wishes.scenes[0]
    outside = bool(wishes.times or wishes.seasons)
    if figures and not (outside and HOMES[figures[0]] == "studio"):
        return HOMES[figures[0]]
    if figures:
        return "meadow"
    if wishes.times or wishes.seasons:
        return dice.choice(("meadow", "mountain", "sea", "forest"))
    return dice.choice(tuple(SCENES))


def place_figures(
    picture: Image.Image,
    figures: tuple[str, ...],
    wishes: Wishes,
    dice: random.Random,
    *,
    aside: bool = False,
) -> None:
    """Put the figures side by side into `picture`; `aside`: small, from the left, hiding little."""
    side = min(picture.size)
    for number, name in enumerate(figures):
        share = SIZES.get(name, 0.62) * (1, 0.86, 0.7)[len(figures) - 1]
        share *= 0.6 if aside else 1
        tile = figure(name, round(share * side), wishes, dice)
        middle = (number + 0.5) / len(figures) + dice.uniform(-0.05, 0.05)
        middle = 0.18 + number * 0.3 if aside else middle
        # The lower edge is the caption's, and a little sway keeps a row from looking ruled.
        foot = FEET.get(name, 0.93 + dice.uniform(-0.02, 0.01))
        corner = (
            round(middle * picture.width - tile.width / 2),
            round(foot * picture.height - tile.height),
        )
        picture.paste(tile, corner, tile)


def figure(name: str, side: int, wishes: Wishes, dice: random.Random) -> Image.Image:
    """Return one figure on a see-through tile of `side` pixels."""
    coat = COLOURS[wishes.coats[name]] if name in wishes.coats else None
    if name in ANIMALS:
        return animal(name, side, coat)
    return thing(name, side, coat, dice)


def _cut_out(recipe: Recipe, figures: tuple[str, ...], wishes: Wishes) -> Image.Image:
    ground = Image.new("RGBA", (recipe.width, recipe.height), (255, 255, 255, 0))
    place_figures(ground, figures, wishes, recipe.dice("figures"))
    return ground


def _finish(picture: Image.Image, recipe: Recipe) -> Image.Image:
    # As with a real model, more guidance gives stronger colours and very few steps less contrast.
    colour = 0.86 + 0.045 * min(recipe.guidance, 10)
    picture = ImageEnhance.Color(picture).enhance(colour)
    if recipe.steps < 4:
        picture = ImageEnhance.Contrast(picture).enhance(0.84 + 0.04 * recipe.steps)
    return ImageChops.multiply(picture, _vignette(picture.size))


def _vignette(size: tuple[int, int]) -> Image.Image:
    shade = Image.radial_gradient("L").point([255 - max(0, v - 120) * 2 // 5 for v in range(256)])
    return Image.merge("RGB", (shade.resize(size),) * 3)
