"""Edits a picture by the words of an instruction, so that it stays recognisable."""

from __future__ import annotations

import random

from PIL import Image, ImageChops, ImageEnhance, ImageOps

from .art import place_figures
from .canvas import Canvas
from .palette import mix
from .recipe import Recipe
from .sky import stars, weather
from .styles import restyle
from .words import COLOURS, Colour, Wishes, read


def edit(source: Image.Image, recipe: Recipe) -> Image.Image:
    """Return `source` (RGB) changed as the prompt says, by `recipe.strength` in all.

    Words of colour, time of day, weather, style and figures are understood; without any of them
    the colours turn, so that the edit shows.
    """
    wishes = read(recipe)
    dice = recipe.dice("edit")
    edited = source.copy()
    if not any((wishes.colours, wishes.times, wishes.seasons, wishes.styles, wishes.figures)):
        edited = _turn(edited, dice)
    for name in wishes.colours[:2]:
        edited = _tint(edited, COLOURS[name])
    for time in wishes.times[:1]:
        edited = _relight(edited, time, dice)
    edited = _season(edited, wishes, dice)
    if wishes.figures:
        place_figures(edited, wishes.figures[:3], wishes, dice, aside=True)
    edited = restyle(edited, wishes.styles, dice)
    for number, extra in enumerate(recipe.extras[:4]):
        _pin(edited, extra, number, dice)
    share = min(1.0, 0.35 + 0.65 * recipe.strength)
    return Image.blend(source, edited, share)


def _turn(picture: Image.Image, dice: random.Random) -> Image.Image:
    hue, full, value = picture.convert("HSV").split()
    by = dice.randrange(24, 92)
    hue = hue.point([(v + by) % 256 for v in range(256)])
    turned = Image.merge("HSV", (hue, full, value)).convert("RGB")
    return ImageEnhance.Contrast(turned).enhance(1.12)


def _tint(picture: Image.Image, colour: Colour) -> Image.Image:
    grey = ImageOps.grayscale(picture)
    shaded = ImageOps.colorize(
        grey, mix(colour, (8, 8, 16), 0.85), mix(colour, (255, 255, 255), 0.82), mid=colour
    )
    return Image.blend(picture, shaded, 0.72)


def _relight(picture: Image.Image, time: str, dice: random.Random) -> Image.Image:
    canvas = Canvas(picture.width, picture.height, dice)
    if time == "night":
        veil = Image.new("RGB", picture.size, (82, 100, 178))
        canvas.picture = ImageChops.multiply(ImageEnhance.Color(picture).enhance(0.75), veil)
        stars(canvas, 110, 0.42)
        place = (dice.uniform(0.14, 0.5), dice.uniform(0.1, 0.2))
        canvas.glow(place, 0.22, (200, 210, 255), 0.6)
        canvas.crescent(place, 0.055, (246, 242, 222))
        return canvas.picture
    top, low = {
        "sunset": ((150, 90, 150), (255, 170, 100)),
        "dawn": ((190, 190, 240), (255, 214, 190)),
        "day": ((210, 236, 255), (255, 250, 230)),
    }[time]
    canvas.gradient(top, low)
    lit = ImageChops.multiply(ImageEnhance.Brightness(picture).enhance(1.25), canvas.picture)
    return Image.blend(picture, lit, 0.9)


def _season(picture: Image.Image, wishes: Wishes, dice: random.Random) -> Image.Image:
    if "winter" in wishes.seasons:
        cool = Image.new("RGB", picture.size, (226, 236, 250))
        picture = Image.blend(ImageEnhance.Color(picture).enhance(0.4), cool, 0.28)
    if "autumn" in wishes.seasons:
        picture = Image.blend(picture, _tint(picture, (206, 116, 40)), 0.7)
    if "rain" in wishes.seasons:
        grey = ImageEnhance.Color(picture).enhance(0.45)
        picture = ImageEnhance.Brightness(grey).enhance(0.78)
    canvas = Canvas(picture.width, picture.height, dice)
    canvas.picture = picture
    weather(canvas, wishes)
    return canvas.picture


def _pin(picture: Image.Image, extra: Image.Image, number: int, dice: random.Random) -> None:
    side = max(24, min(picture.size) // 4)
    small = ImageOps.contain(extra.convert("RGB"), (side, side), Image.Resampling.BILINEAR)
    card = ImageOps.expand(small, max(2, side // 18), (250, 248, 242)).convert("RGBA")
    card = card.rotate(dice.uniform(-9, 9), Image.Resampling.BICUBIC, expand=True)
    left = round(picture.width * (0.04 + 0.24 * number))
    picture.paste(card, (left, round(picture.height * 0.9) - card.height), card)
