"""Natural scenes: meadow, mountains, forest, desert, sea and the world under water."""

from __future__ import annotations

import math

from PIL import ImageDraw

from .canvas import Canvas, Point
from .palette import Mood, mix, turned
from .sky import WHITE, paint_sky
from .words import Colour, Wishes


def meadow(canvas: Canvas, mood: Mood, wishes: Wishes) -> None:
    """Rolling hills with flowers in the foreground."""
    paint_sky(canvas, mood, wishes, 0.6)
    _layers(canvas, mood, (0.5, 0.58, 0.66, 0.76), 0.07, 1.1)
    if "winter" not in wishes.seasons:
        _flowers(canvas, mood)


def mountain(canvas: Canvas, mood: Mood, wishes: Wishes) -> None:
    """Rocky ridges one behind the other, the highest with snow."""
    paint_sky(canvas, mood, wishes, 0.62)
    rock = mix(mood.far, (90, 96, 120), 0.4)
    _peaks(canvas, rock, mix(mood.sky_low, WHITE, 0.25 if mood.dark else 0.85))
    _layers(canvas, mood, (0.66, 0.74, 0.84), 0.06, 1.4)
    _firs(canvas, mix(mood.near, (10, 30, 24), 0.45), 0.86, 12, 0.1)


def forest(canvas: Canvas, mood: Mood, wishes: Wishes) -> None:
    """Rows of firs that fade into the mist."""
    paint_sky(canvas, mood, wishes, 0.5)
    rows = 5
    for row in range(rows):
        share = row / (rows - 1)
        ground = 0.5 + 0.4 * share
        colour = mix(mood.far, mix(mood.near, (8, 24, 20), 0.3), share**0.8)
        canvas.polygon(canvas.ridge(ground, 0.03, 1.3), colour)
        _firs(canvas, colour, ground + 0.03, 26 - row * 4, 0.1 + 0.15 * share)
        canvas.clouds(mix(mood.sky_low, WHITE, 0.3), 0.36 - 0.05 * row, ground - 0.02, ground + 0.2)


def desert(canvas: Canvas, mood: Mood, wishes: Wishes) -> None:
    """Dunes with a lit and a shaded side, and a few cactuses."""
    paint_sky(canvas, mood, wishes, 0.6)
    for number, height in enumerate((0.58, 0.68, 0.8)):
        share = number / 2
        line = canvas.ridge(height, 0.06 + 0.05 * share, 0.8)
        colour = mix(mood.far, mood.near, share * 0.8)
        canvas.polygon(line, colour)
        shadow = [(x * 1.1 - 0.05, y + 0.025 + 0.05 * share) for x, y in line[:-2]]
        canvas.polygon(
            [(-0.05, 1.02), (-0.05, height + 0.05), *shadow, (1.05, 1.02)],
            mix(colour, mood.near, 0.3),
            0.6,
        )
    for _ in range(4):
        x, y = canvas.dice.uniform(0.05, 0.95), canvas.dice.uniform(0.7, 0.9)
        _cactus(canvas, (x, y), 0.05 + (y - 0.7) * 0.35, mix((52, 110, 70), mood.near, 0.3))


def sea(canvas: Canvas, mood: Mood, wishes: Wishes) -> None:
    """Sun over the water, islands far off, waves near by."""
    dice = canvas.dice
    horizon = dice.uniform(0.5, 0.58)
    sun = paint_sky(canvas, mood, wishes, horizon)
    island = canvas.ridge(horizon - 0.005, 0.05, 0.9)
    island = [(x, min(y, horizon + 0.01)) for x, y in island[:-2]]
    canvas.polygon([*island, (1, horizon + 0.01), (0, horizon + 0.01)], mood.far, 0.9)
    canvas.gradient(
        mix(mood.water, mood.sky_low, 0.45), mix(mood.water, (6, 20, 44), 0.35), horizon, 1
    )
    _glitter(canvas, sun[0], horizon, mood.sun)
    for number in range(6):
        share = (number + 1) / 6
        height = horizon + (1 - horizon) * (0.14 + share**1.5 * 0.8)
        colour = mix(mix(mood.water, WHITE, 0.12), mix(mood.water, (4, 22, 48), 0.45), share)
        canvas.polygon(_wave(canvas, height, 0.006 + 0.016 * share, 9 - share * 6), colour, 0.55)
    if set(wishes.figures) - {"boat", "fish"}:
        # Whoever neither sails nor swims needs a beach to sit on.
        canvas.polygon(canvas.ridge(0.8, 0.03, 0.7), mix(mood.sky_low, WHITE, 0.35), 0.8)
        sand = mix((226, 196, 140), mood.near, 0.55 if mood.dark else 0.12)
        canvas.polygon(canvas.ridge(0.82, 0.03, 0.7), sand)
    if not mood.dark:
        _gulls(canvas, horizon)


def water(canvas: Canvas, mood: Mood, wishes: Wishes) -> None:
    """Under water: rays of light, weeds, bubbles and small fish."""
    dice = canvas.dice
    light = mix(mood.water, (150, 240, 240), 0.5)
    canvas.gradient(light, mix(mood.water, (4, 18, 60), 0.6))
    for _ in range(7):
        x, lean, wide = dice.uniform(-0.1, 0.9), dice.uniform(0.05, 0.3), dice.uniform(0.03, 0.1)
        canvas.polygon(
            [(x, 0), (x + wide, 0), (x + lean + wide * 2, 1), (x + lean, 1)], WHITE, 0.07
        )
    for number in range(3):
        tone = mix(mood.water, (8, 30, 60), 0.35 + number * 0.25)
        canvas.polygon(canvas.ridge(0.78 + number * 0.08, 0.06, 1.6), tone)
    for _ in range(16):
        _weed(canvas, dice.random(), dice.uniform(0.1, 0.34), mix((40, 140, 90), mood.water, 0.35))
    for _ in range(26):
        canvas.disc((dice.random(), dice.random()), dice.uniform(0.003, 0.012), WHITE, 0.35)


def _layers(
    canvas: Canvas, mood: Mood, heights: tuple[float, ...], rough: float, waves: float
) -> None:
    for number, height in enumerate(heights):
        share = (number + 1) / len(heights)
        colour = mix(mix(mood.far, mood.sky_low, 0.25), mood.near, share)
        canvas.polygon(canvas.ridge(height, rough, waves * (1 + share)), colour)
        edge = canvas.ridge(height + 0.1, rough, waves * 2)
        canvas.polygon(edge, mix(colour, mood.near, 0.35), 0.5)


def _peaks(canvas: Canvas, rock: Colour, snow: Colour) -> None:
    dice = canvas.dice
    for number in range(5):
        x = (number + dice.uniform(0.1, 0.9)) / 5
        top, wide = dice.uniform(0.16, 0.4), dice.uniform(0.24, 0.36)
        base = 0.78
        shade = mix(rock, (30, 36, 60), 0.12 + 0.1 * (number % 2))
        left, right = (x - wide, base), (x + wide, base)
        canvas.polygon([left, (x, top), right], shade)
        canvas.polygon([(x, top), right, (x + wide * 0.2, base)], mix(shade, (16, 20, 44), 0.3))
        reach = dice.uniform(0.28, 0.4)
        edge: list[Point] = []
        for step in range(7):
            across = -1 + step / 3
            dip = reach * (1 if step % 2 else 0.72)
            edge.append((x + across * wide * reach * 0.9, top + (base - top) * dip))
        edge[0] = (x - wide * reach, top + (base - top) * reach)
        edge[-1] = (x + wide * reach, top + (base - top) * reach)
        canvas.polygon([(x, top), *reversed(edge)], snow, 0.95)


def _firs(canvas: Canvas, colour: Colour, ground: float, count: int, size: float) -> None:
    dice = canvas.dice
    narrow = canvas.height / canvas.width
    for number in range(count):
        x = (number + dice.uniform(-0.3, 0.3)) / max(1, count - 1)
        tall = size * dice.uniform(0.6, 1.25)
        wide = tall * 0.24 * narrow
        foot = ground + dice.uniform(-0.01, 0.02)
        shape: list[Point] = [(x, foot - tall)]
        for tier in (0.34, 0.64, 1.0):
            shape += [
                (x + wide * tier, foot - tall * (1 - tier)),
                (x + wide * tier * 0.5, foot - tall * (1 - tier)),
            ]
        mirrored = [(2 * x - px, py) for px, py in reversed(shape[1:])]
        canvas.polygon([*shape, *mirrored], turned(colour, 0, dice.uniform(0.85, 1.12)))


def _flowers(canvas: Canvas, mood: Mood) -> None:
    dice = canvas.dice
    draw = ImageDraw.Draw(canvas.picture)
    tones = [mood.accent, mix(mood.accent, WHITE, 0.5), (250, 236, 160), WHITE]
    for _ in range(170):
        y = 0.78 + 0.21 * dice.random()
        size = (0.0016 + (y - 0.76) * 0.024) * canvas.side
        x, top = dice.random() * canvas.width, y * canvas.height
        stem = mix(mood.near, (20, 60, 30), 0.5)
        draw.line((x, top, x, top + size * 5), fill=stem, width=max(1, round(size / 2)))
        draw.ellipse((x - size, top - size, x + size, top + size), fill=dice.choice(tones))


def _cactus(canvas: Canvas, foot: Point, tall: float, colour: Colour) -> None:
    x, y = foot
    narrow = canvas.height / canvas.width
    wide = tall * 0.1 * narrow

    def trunk(at: float, low: float, high: float, half: float) -> None:
        points = [(at + half * math.cos(a), high + half * math.sin(a) / narrow)
                  for a in (math.pi + step * math.pi / 8 for step in range(9))]  # fmt: skip
        canvas.polygon([(at - half, low), *points, (at + half, low)], colour)

    trunk(x, y, y - tall, wide)
    for side, level in ((-1, 0.42), (1, 0.58)):
        arm = x + side * wide * 3
        trunk(arm, y - tall * level, y - tall * (level + 0.24), wide * 0.7)
        left, right = sorted((x, arm + side * wide * 0.7))
        high = y - tall * level
        canvas.polygon(
            [
                (left, high - 0.01),
                (right, high - 0.01),
                (right, high + 0.008),
                (left, high + 0.008),
            ],
            colour,
        )


def _wave(canvas: Canvas, height: float, size: float, often: float) -> list[Point]:
    start = canvas.dice.uniform(0, math.tau)
    line = [
        (x / 120, height - size * abs(math.sin(start + x / 120 * math.pi * often)) ** 0.7)
        for x in range(121)
    ]
    return [*line, (1, 1.02), (0, 1.02)]


def _glitter(canvas: Canvas, x: float, horizon: float, colour: Colour) -> None:
    dice = canvas.dice
    for number in range(46):
        share = number / 46
        y = horizon + 0.01 + (1 - horizon) * share**1.3 * 0.85
        wide = dice.uniform(0.012, 0.05) * (0.5 + share * 1.4)
        at = x + dice.uniform(-0.5, 0.5) * 0.1 * (0.5 + share)
        high = 0.0022 + 0.004 * share
        flat = [(at - wide, y), (at, y - high), (at + wide, y), (at, y + high)]
        canvas.polygon(flat, colour, 0.75 - 0.45 * share)


def _gulls(canvas: Canvas, horizon: float) -> None:
    dice = canvas.dice
    draw = ImageDraw.Draw(canvas.picture)
    for _ in range(5):
        x, y = (
            dice.uniform(0.1, 0.7) * canvas.width,
            dice.uniform(0.2, horizon - 0.1) * canvas.height,
        )
        wing = dice.uniform(0.008, 0.02) * canvas.side
        line = [(x - wing, y - wing * 0.5), (x - wing * 0.4, y - wing * 0.6), (x, y),
                (x + wing * 0.4, y - wing * 0.6), (x + wing, y - wing * 0.5)]  # fmt: skip
        draw.line(line, fill=(60, 66, 84), width=max(1, round(canvas.side / 450)), joint="curve")


def _weed(canvas: Canvas, x: float, tall: float, colour: Colour) -> None:
    start = canvas.dice.uniform(0, math.tau)
    left, right = [], []
    for step in range(25):
        share = step / 24
        sway = 0.02 * math.sin(start + share * 6) * share
        half = 0.012 * (1 - share)
        left.append((x + sway - half, 1.01 - tall * share))
        right.append((x + sway + half, 1.01 - tall * share))
    canvas.polygon([*left, *reversed(right)], turned(colour, 0, canvas.dice.uniform(0.7, 1.2)))
