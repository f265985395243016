"""People, machines, buildings and plants that stand in a scene."""

from __future__ import annotations

import math
import random
from collections.abc import Callable

from PIL import Image

from .palette import mix, turned
from .sprites import DARK, WHITE, Tile, darker, eyes, lighter
from .words import Colour

COLOURS: dict[str, Colour] = {
    "robot": (110, 160, 190), "flower": (226, 84, 110), "person": (70, 104, 160),
    "house": (226, 198, 160), "boat": (196, 62, 54), "castle": (168, 162, 170),
    "balloon": (228, 92, 70), "rocket": (232, 234, 240),
}  # fmt: skip


def robot(tile: Tile, colour: Colour, dice: random.Random) -> None:
    """A friendly robot."""
    tile.line([(0, -0.9), (0, -0.62)], darker(colour), 0.05)
    tile.oval(0, -0.9, 0.08, 0.08, (250, 120, 80))
    tile.box(-0.72, 0.26, -0.5, 0.8, darker(colour, 0.2), 0.1)
    tile.box(0.5, 0.26, 0.72, 0.8, darker(colour, 0.2), 0.1)
    tile.box(-0.28, 0.8, -0.06, 0.98, darker(colour, 0.4), 0.05)
    tile.box(0.06, 0.8, 0.28, 0.98, darker(colour, 0.4), 0.05)
    tile.box(-0.46, 0.14, 0.46, 0.86, colour, 0.14)
    tile.box(-0.3, 0.28, 0.3, 0.62, darker(colour, 0.45), 0.06)
    for number in range(4):
        tone = ((250, 120, 80), (250, 210, 90), (120, 220, 140), (120, 190, 250))[number]
        tile.oval(-0.2 + number * 0.135, 0.45, 0.045, 0.045, tone)
    tile.ovals(0.62, -0.24, 0.08, 0.16, darker(colour, 0.25))
    tile.box(-0.58, -0.64, 0.58, 0.1, lighter(colour, 0.2), 0.2)
    tile.box(-0.46, -0.5, 0.46, -0.04, darker(colour, 0.6), 0.14)
    tile.ovals(0.22, -0.3, 0.11, 0.12, (130, 240, 240))
    tile.arc(0, -0.24, 0.14, 30, 150, (130, 240, 240), 0.035)


def person(tile: Tile, colour: Colour, dice: random.Random) -> None:
    """A portrait from the chest up."""
    skin = dice.choice(((246, 208, 178), (224, 172, 132), (176, 120, 84), (118, 78, 56)))
    hair = dice.choice(((50, 36, 34), (112, 68, 40), (198, 150, 84), (150, 60, 40), (90, 90, 100)))
    long = dice.random() < 0.6
    if long:
        tile.oval(0, -0.08, 0.52, 0.62, darker(hair, 0.15))
        tile.box(-0.52, -0.1, 0.52, 0.52, darker(hair, 0.15), 0.2)
    tile.oval(0, 1.02, 0.86, 0.62, colour)
    tile.shape([(-0.2, 0.42), (0.2, 0.42), (0, 0.72)], lighter(colour, 0.6))
    tile.box(-0.15, 0.14, 0.15, 0.5, darker(skin, 0.14), 0.1)
    tile.oval(0, -0.1, 0.38, 0.47, skin)
    tile.ovals(0.38, -0.06, 0.06, 0.1, darker(skin, 0.06))
    tile.ovals(0.24, 0.06, 0.08, 0.06, mix(skin, (240, 110, 110), 0.35))
    eyes(tile, 0.16, -0.1, 0.05)
    for side in (-1, 1):
        tile.line([(side * 0.09, -0.22), (side * 0.24, -0.23)], darker(hair, 0.2), 0.03)
    tile.line([(0, -0.06), (0.025, 0.06), (-0.02, 0.07)], darker(skin, 0.25), 0.02)
    tile.arc(0, 0.1, 0.12, 25, 155, (180, 66, 70), 0.035)
    fringe = [
        (-0.42, -0.06), (-0.44, -0.4), (-0.2, -0.66), (0.2, -0.66), (0.44, -0.4), (0.42, -0.06),
        (0.33, -0.28), (0.1, -0.38), (-0.2, -0.3), (-0.34, -0.18),
    ]  # fmt: skip
    tile.shape(fringe, hair)
    tile.oval(0, -0.52, 0.36, 0.17, hair)


def flower(tile: Tile, colour: Colour, dice: random.Random) -> None:
    """One large flower with leaves."""
    tile.line([(0, -0.1), (0.03, 0.4), (0, 1.0)], (62, 132, 70), 0.07)
    for side in (-1, 1):
        tile.shape(
            [(0, 0.72), (side * 0.3, 0.42), (side * 0.52, 0.4), (side * 0.34, 0.62)], (78, 156, 84)
        )
    count = dice.choice((6, 8, 10))
    for ring, reach in ((0, 0.44), (1, 0.3)):
        for number in range(count):
            turn = math.tau * (number + ring / 2) / count
            x, y = reach * math.cos(turn), -0.34 + reach * math.sin(turn)
            tone = lighter(colour, 0.3) if ring else turned(colour, 0, 0.92 + 0.16 * (number % 2))
            tile.oval(x, y, 0.2 - ring * 0.05, 0.2 - ring * 0.05, tone)
    tile.oval(0, -0.34, 0.17, 0.17, (246, 196, 70))
    tile.oval(0, -0.34, 0.1, 0.1, (206, 140, 40))


def house(tile: Tile, colour: Colour, dice: random.Random) -> None:
    """A cottage with a smoking chimney."""
    roof = (158, 70, 58)
    for number in range(4):
        tile.oval(
            0.44 + number * 0.07, -0.78 - number * 0.06, 0.07 + number * 0.02, 0.06, (236, 236, 240)
        )
    tile.box(0.36, -0.66, 0.52, -0.2, darker(roof, 0.2))
    tile.box(-0.62, 0.0, 0.62, 1.0, colour)
    tile.shape([(-0.8, 0.06), (0, -0.66), (0.8, 0.06)], roof)
    tile.shape([(0, -0.66), (0.8, 0.06), (0.56, 0.06)], darker(roof, 0.2))
    tile.box(-0.14, 0.42, 0.16, 1.0, (112, 72, 48), 0.04)
    tile.oval(0.1, 0.72, 0.025, 0.025, (250, 214, 120))
    for x in (-0.42, 0.42):
        tile.box(x - 0.14, 0.26, x + 0.14, 0.58, WHITE)
        tile.box(x - 0.11, 0.29, x + 0.11, 0.55, (255, 224, 140))
        tile.line([(x, 0.28), (x, 0.56)], WHITE, 0.03)
        tile.line([(x - 0.12, 0.42), (x + 0.12, 0.42)], WHITE, 0.03)


def castle(tile: Tile, colour: Colour, dice: random.Random) -> None:
    """A castle with towers and flags."""
    roof = (88, 92, 150)
    for x, top, wide in ((-0.66, -0.2, 0.18), (0.66, -0.2, 0.18), (0, -0.44, 0.24)):
        tile.line([(x, top - 0.48), (x, top - 0.26)], DARK, 0.02)
        tile.shape([(x, top - 0.5), (x + 0.16, top - 0.44), (x, top - 0.38)], (214, 60, 60))
        tile.shape([(x - wide - 0.05, top), (x, top - 0.36), (x + wide + 0.05, top)], roof)
        tile.box(x - wide, top, x + wide, 1.0, colour)
        tile.box(x + wide * 0.3, top, x + wide, 1.0, darker(colour, 0.16))
        tile.box(x - 0.05, top + 0.16, x + 0.05, top + 0.36, DARK, 0.05)
    tile.box(-0.6, 0.3, 0.6, 1.0, darker(colour, 0.08))
    for number in range(6):
        tile.box(-0.6 + number * 0.21, 0.2, -0.47 + number * 0.21, 0.32, darker(colour, 0.08))
    tile.box(-0.17, 0.52, 0.17, 1.0, (90, 60, 46), 0.15)


def boat(tile: Tile, colour: Colour, dice: random.Random) -> None:
    """A sailing boat."""
    tile.line([(0, -0.92), (0, 0.5)], (108, 76, 52), 0.04)
    tile.shape([(0.05, -0.86), (0.05, 0.36), (0.66, 0.36)], WHITE)
    tile.shape([(-0.05, -0.7), (-0.05, 0.36), (-0.5, 0.36)], lighter(colour, 0.7))
    tile.shape([(-0.74, 0.46), (0.78, 0.46), (0.54, 0.84), (-0.5, 0.84)], colour)
    tile.shape([(-0.74, 0.46), (0.78, 0.46), (0.72, 0.56), (-0.67, 0.56)], lighter(colour, 0.6))
    tile.shape([(0, -0.96), (0.22, -0.9), (0, -0.82)], (240, 180, 60))


def balloon(tile: Tile, colour: Colour, dice: random.Random) -> None:
    """A hot-air balloon."""
    for side in (-1, 1):
        tile.line([(side * 0.24, 0.26), (side * 0.12, 0.66)], (90, 70, 60), 0.02)
    tile.oval(0, -0.3, 0.62, 0.64, colour)
    tile.shape([(-0.5, 0.06), (0.5, 0.06), (0.2, 0.44), (-0.2, 0.44)], colour)
    for wide, tone in ((0.4, lighter(colour, 0.75)), (0.22, colour), (0.08, lighter(colour, 0.75))):
        tile.oval(0, -0.3, wide, 0.64, tone)
        tile.shape(
            [(-wide * 0.8, 0.08), (wide * 0.8, 0.08), (wide * 0.4, 0.44), (-wide * 0.4, 0.44)], tone
        )
    tile.box(-0.15, 0.64, 0.15, 0.88, (150, 98, 56), 0.04)


def rocket(tile: Tile, colour: Colour, dice: random.Random) -> None:
    """A rocket under way."""
    tile.shape([(-0.16, 0.56), (0.16, 0.56), (0, 1.0)], (255, 170, 60))
    tile.shape([(-0.09, 0.56), (0.09, 0.56), (0, 0.82)], (255, 236, 150))
    tile.shapes([(0.2, 0.16), (0.5, 0.62), (0.2, 0.54)], (206, 60, 60))
    tile.oval(0, -0.06, 0.28, 0.68, colour)
    tile.box(-0.24, 0.3, 0.24, 0.58, darker(colour, 0.35), 0.06)
    tile.shape([(-0.2, -0.52), (0.2, -0.52), (0, -0.86)], (206, 60, 60))
    tile.oval(0, -0.16, 0.14, 0.14, (84, 92, 120))
    tile.oval(0, -0.16, 0.1, 0.1, (140, 210, 240))


THINGS: dict[str, Callable[[Tile, Colour, random.Random], None]] = {
    "robot": robot, "person": person, "flower": flower, "house": house, "castle": castle,
    "boat": boat, "balloon": balloon, "rocket": rocket,
}  # fmt: skip


def thing(name: str, side: int, coat: Colour | None, dice: random.Random) -> Image.Image:
    """Return the thing on a tile of `side` pixels, in its usual colour or in `coat`."""
    colour = COLOURS[name] if coat is None else coat
    tile = Tile(side, colour)
    THINGS[name](tile, colour, dice)
    return tile.done()
