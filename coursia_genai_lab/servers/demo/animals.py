"""Animals that sit and look at you."""

from __future__ import annotations

from collections.abc import Callable

from PIL import Image

from .palette import mix
from .sprites import DARK, WHITE, Tile, darker, eyes, lighter
from .words import Colour

COATS: dict[str, Colour] = {
    "fox": (222, 104, 40), "cat": (138, 132, 146), "dog": (188, 134, 80),
    "rabbit": (206, 190, 176), "bear": (132, 86, 54), "panda": (244, 242, 238),
    "owl": (150, 108, 70), "fish": (250, 150, 50),
}  # fmt: skip
PINK: Colour = (240, 160, 164)


def _body(tile: Tile, coat: Colour, belly: Colour) -> None:
    tile.oval(0, 0.62, 0.46, 0.42, darker(coat, 0.1))
    tile.ovals(0.3, 0.8, 0.24, 0.2, coat)
    tile.oval(0, 0.6, 0.4, 0.44, coat)
    tile.oval(0, 0.62, 0.22, 0.34, belly)
    tile.ovals(0.15, 0.93, 0.13, 0.08, darker(coat, 0.16))


def _snout(tile: Tile, y: float, nose: Colour) -> None:
    tile.oval(0, y, 0.075, 0.055, nose)
    tile.line([(0, y + 0.04), (0, y + 0.11)], DARK, 0.02)
    tile.arc(-0.07, y + 0.08, 0.075, 20, 160, DARK, 0.022)
    tile.arc(0.07, y + 0.08, 0.075, 20, 160, DARK, 0.022)


def _whiskers(tile: Tile, y: float, colour: Colour) -> None:
    for side in (-1, 1):
        for lift in (-0.06, 0.0, 0.06):
            tile.line([(side * 0.22, y + lift * 0.4), (side * 0.62, y + lift)], colour, 0.012)


def fox(tile: Tile, coat: Colour) -> None:
    """A fox with a white-tipped tail."""
    tile.shape(
        [(0.28, 0.86), (0.62, 0.88), (0.9, 0.62), (0.96, 0.22), (0.78, 0.3), (0.56, 0.56)], coat
    )
    tile.shape([(0.96, 0.22), (0.78, 0.3), (0.72, 0.38), (0.95, 0.44)], WHITE)
    _body(tile, coat, WHITE)
    tile.shapes([(0.1, -0.5), (0.5, -0.98), (0.56, -0.3)], coat)
    tile.shapes([(0.34, -0.78), (0.5, -0.98), (0.54, -0.66)], DARK)
    tile.shapes([(0.24, -0.52), (0.45, -0.78), (0.48, -0.42)], lighter(coat, 0.62))
    tile.oval(0, -0.22, 0.56, 0.42, coat)
    tile.shape([(-0.56, -0.2), (0.56, -0.2), (0.16, 0.26), (0, 0.31), (-0.16, 0.26)], coat)
    tile.shapes([(0.05, 0.06), (0.3, -0.16), (0.57, -0.14), (0.16, 0.25), (0, 0.3)], WHITE)
    eyes(tile, 0.23, -0.22, 0.085, (120, 82, 30))
    tile.oval(0, 0.2, 0.085, 0.07, DARK)


def cat(tile: Tile, coat: Colour) -> None:
    """A cat with whiskers and green eyes."""
    tile.line([(0.36, 0.86), (0.7, 0.82), (0.82, 0.56), (0.7, 0.36)], darker(coat, 0.12), 0.13)
    _body(tile, coat, lighter(coat, 0.5))
    tile.shapes([(0.12, -0.52), (0.48, -0.92), (0.54, -0.26)], coat)
    tile.shapes([(0.24, -0.54), (0.44, -0.78), (0.48, -0.4)], PINK)
    tile.oval(0, -0.2, 0.56, 0.45, coat)
    for x in (-0.14, 0, 0.14):
        tile.line([(x, -0.62), (x * 0.8, -0.44)], darker(coat, 0.45), 0.04)
    tile.oval(0, 0.02, 0.22, 0.16, lighter(coat, 0.55))
    eyes(tile, 0.25, -0.2, 0.115, (150, 200, 80))
    _snout(tile, -0.02, PINK)
    _whiskers(tile, 0.04, mix(coat, WHITE, 0.7))


def dog(tile: Tile, coat: Colour) -> None:
    """A dog with hanging ears and its tongue out."""
    tile.line([(0.36, 0.84), (0.66, 0.7), (0.74, 0.46)], coat, 0.12)
    _body(tile, coat, lighter(coat, 0.55))
    tile.oval(0, -0.22, 0.5, 0.46, coat)
    tile.ovals(0.5, -0.16, 0.15, 0.36, darker(coat, 0.35))
    tile.oval(0.22, -0.26, 0.17, 0.2, darker(coat, 0.2))
    tile.oval(0, 0.06, 0.28, 0.22, lighter(coat, 0.55))
    eyes(tile, 0.2, -0.25, 0.09)
    tile.oval(0, 0.24, 0.075, 0.12, (236, 110, 120))
    tile.oval(0, 0.14, 0.24, 0.09, lighter(coat, 0.55))
    tile.oval(0, -0.02, 0.11, 0.085, DARK)


def rabbit(tile: Tile, coat: Colour) -> None:
    """A rabbit with long ears."""
    _body(tile, coat, WHITE)
    for side in (-1, 1):
        tile.oval(side * 0.2, -0.64, 0.12, 0.35, coat)
        tile.oval(side * 0.2, -0.62, 0.065, 0.26, PINK)
    tile.oval(0, -0.1, 0.44, 0.4, coat)
    tile.ovals(0.12, 0.1, 0.16, 0.13, WHITE)
    tile.box(-0.06, 0.18, 0.06, 0.3, WHITE, 0.02)
    eyes(tile, 0.22, -0.14, 0.09)
    _snout(tile, 0.04, PINK)


def bear(tile: Tile, coat: Colour) -> None:
    """A bear with round ears."""
    _body(tile, coat, lighter(coat, 0.4))
    tile.ovals(0.4, -0.58, 0.18, 0.18, coat)
    tile.ovals(0.4, -0.58, 0.1, 0.1, lighter(coat, 0.4))
    tile.oval(0, -0.2, 0.54, 0.48, coat)
    tile.oval(0, 0.04, 0.25, 0.2, lighter(coat, 0.5))
    eyes(tile, 0.22, -0.24, 0.07)
    _snout(tile, -0.03, DARK)


def panda(tile: Tile, coat: Colour) -> None:
    """A panda."""
    _body(tile, DARK, coat)
    tile.ovals(0.42, -0.6, 0.18, 0.18, DARK)
    tile.oval(0, -0.2, 0.56, 0.48, coat)
    tile.ovals(0.24, -0.2, 0.15, 0.18, DARK)
    tile.ovals(0.23, -0.22, 0.08, 0.09, WHITE)
    tile.ovals(0.22, -0.22, 0.05, 0.06, DARK)
    _snout(tile, 0.02, DARK)


def owl(tile: Tile, coat: Colour) -> None:
    """An owl with large eyes."""
    tile.oval(0, 0.22, 0.58, 0.74, coat)
    tile.ovals(0.5, 0.3, 0.16, 0.52, darker(coat, 0.3))
    tile.oval(0, 0.36, 0.38, 0.5, lighter(coat, 0.4))
    for row in range(4):
        for x in (-0.2, 0.0, 0.2):
            tile.arc(
                x + (0.1 if row % 2 else 0),
                0.12 + row * 0.17,
                0.09,
                20,
                160,
                darker(coat, 0.2),
                0.03,
            )
    tile.shapes([(0.1, -0.42), (0.52, -0.82), (0.54, -0.2)], coat)
    tile.ovals(0.25, -0.22, 0.26, 0.26, lighter(coat, 0.72))
    eyes(tile, 0.25, -0.22, 0.17, (250, 180, 40))
    tile.shape([(-0.09, -0.1), (0.09, -0.1), (0, 0.1)], (240, 160, 50))
    tile.ovals(0.16, 0.95, 0.13, 0.05, (240, 160, 50))


def fish(tile: Tile, coat: Colour) -> None:
    """A striped fish, swimming to the left."""
    tile.shape([(0.42, 0), (0.94, -0.42), (0.82, 0), (0.94, 0.42)], darker(coat, 0.15))
    tile.shape([(-0.2, -0.4), (0.18, -0.72), (0.34, -0.28)], darker(coat, 0.15))
    tile.oval(-0.1, 0, 0.64, 0.44, coat)
    for x, tall in ((-0.3, 0.4), (0.04, 0.42), (0.34, 0.3)):
        tile.oval(x, 0, 0.07, tall, WHITE)
    tile.shape([(-0.05, 0.1), (0.2, 0.34), (0.22, 0.06)], darker(coat, 0.2))
    tile.oval(-0.5, -0.08, 0.1, 0.11, WHITE)
    tile.oval(-0.52, -0.08, 0.06, 0.07, DARK)
    tile.arc(-0.62, 0.1, 0.09, 10, 100, darker(coat, 0.5), 0.025)


ANIMALS: dict[str, Callable[[Tile, Colour], None]] = {
    "fox": fox, "cat": cat, "dog": dog, "rabbit": rabbit, "bear": bear, "panda": panda,
    "owl": owl, "fish": fish,
}  # fmt: skip


def animal(name: str, side: int, coat: Colour | None) -> Image.Image:
    """Return the animal on a tile of `side` pixels, in its own colour or in `coat`."""
    own = COATS[name]
    colour = own if coat is None else mix(own, coat, 0.72)
    tile = Tile(side, colour)
    ANIMALS[name](tile, colour)
    return tile.done()
