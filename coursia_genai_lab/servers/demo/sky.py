"""Skies and weather: what is above every scene, and what falls from it."""

from __future__ import annotations

from PIL import ImageDraw

from .canvas import Canvas
from .palette import Mood, mix
from .words import Wishes

WHITE = (255, 255, 255)


def paint_sky(canvas: Canvas, mood: Mood, wishes: Wishes, horizon: float) -> tuple[float, float]:
    """Paint the sky down to `horizon` and return where sun or moon stands."""
    dice = canvas.dice
    canvas.gradient(mood.sky_top, mood.sky_low, 0, min(1, horizon + 0.05))
    canvas.gradient(mood.sky_low, mood.sky_low, min(1, horizon + 0.05), 1)
    # The corner at the upper right belongs to the mark.
    high = horizon * (0.32 if mood.dark else dice.uniform(0.35, 0.72))
    place = (dice.uniform(0.16, 0.62), high)
    if mood.dark:
        stars(canvas, 140, horizon)
        canvas.glow(place, 0.34, mix(mood.sky_low, mood.sun, 0.5), 0.5)
        canvas.crescent(place, 0.06, mood.sun)
    elif not {"rain", "fog"} & set(wishes.seasons):
        canvas.glow(place, 0.62, mood.sun, 0.8)
        canvas.disc(place, 0.062, mood.sun)
    cover = 0.62 if "rain" in wishes.seasons else dice.uniform(0.3, 0.46)
    shade = mix(mood.sky_low, WHITE, 0.1 if mood.dark else 0.75)
    canvas.clouds(shade, cover, 0.0, horizon)
    return place


def stars(canvas: Canvas, count: int, low: float) -> None:
    """Scatter stars above `low`."""
    dice = canvas.dice
    draw = ImageDraw.Draw(canvas.picture)
    unit = canvas.side / 1000
    for _ in range(count):
        x, y = dice.random() * canvas.width, dice.random() ** 1.3 * low * canvas.height
        size = dice.choice((0.5, 0.7, 0.9, 1.5)) * max(0.7, unit)
        light = dice.randrange(150, 256)
        draw.ellipse((x - size, y - size, x + size, y + size), fill=(light, light, 255))
    for _ in range(max(2, count // 45)):
        canvas.glow((dice.random(), dice.random() * low), 0.014, WHITE, 0.9)


def weather(canvas: Canvas, wishes: Wishes) -> None:
    """Let it snow, rain or be misty, if that is wished."""
    dice = canvas.dice
    unit = canvas.side / 1000
    if "fog" in wishes.seasons:
        canvas.mist((232, 236, 240))
    if "winter" in wishes.seasons:
        draw = ImageDraw.Draw(canvas.picture)
        for _ in range(320):
            x, y = dice.random() * canvas.width, dice.random() * canvas.height
            size = dice.uniform(1.0, 4.2) * max(0.5, unit)
            draw.ellipse((x - size, y - size, x + size, y + size), fill=(250, 252, 255))
    if "rain" in wishes.seasons:
        for _ in range(150):
            x, y, length = dice.uniform(-0.1, 1), dice.random(), dice.uniform(0.03, 0.08)
            wide = 0.0013
            line = [(x, y), (x + wide, y), (x + wide - 0.012, y + length), (x - 0.012, y + length)]
            canvas.polygon(line, (224, 234, 246), 0.42)
