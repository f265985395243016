"""A small tile to draw a figure on: coordinates from -1 to 1, smooth edges, see-through ground."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from .palette import mix
from .words import Colour

Point = tuple[float, float]
DARK: Colour = (34, 30, 40)
WHITE: Colour = (250, 248, 244)


class Tile:
    """Draws at three times the size and shrinks at the end, which makes edges smooth."""

    def __init__(self, side: int, ground: Colour) -> None:
        self._side = max(8, side)
        big = self._side * 3
        # The ground's colour shows at half-transparent edges, so it should be that of the figure.
        self._image = Image.new("RGBA", (big, big), (*ground, 0))
        self._draw = ImageDraw.Draw(self._image)
        self._half = big / 2

    def _at(self, x: float, y: float) -> Point:
        return (x + 1) * self._half, (y + 1) * self._half

    def oval(self, x: float, y: float, wide: float, high: float, colour: Colour) -> None:
        """An ellipse about (x, y) with the two half axes."""
        self._draw.ellipse((*self._at(x - wide, y - high), *self._at(x + wide, y + high)), colour)

    def ovals(self, x: float, y: float, wide: float, high: float, colour: Colour) -> None:
        """The same ellipse on both sides of the middle."""
        self.oval(-x, y, wide, high, colour)
        self.oval(x, y, wide, high, colour)

    def shape(self, points: Sequence[Point], colour: Colour) -> None:
        """A polygon."""
        self._draw.polygon([self._at(x, y) for x, y in points], colour)

    def shapes(self, points: Sequence[Point], colour: Colour) -> None:
        """The same polygon on both sides of the middle."""
        self.shape(points, colour)
        self.shape([(-x, y) for x, y in points], colour)

    def box(
        self, left: float, top: float, right: float, low: float, colour: Colour, round_: float = 0
    ) -> None:
        """A rectangle, its corners rounded by `round_`."""
        place = (*self._at(left, top), *self._at(right, low))
        self._draw.rounded_rectangle(place, round_ * self._half, colour)

    def line(self, points: Sequence[Point], colour: Colour, wide: float) -> None:
        """A bent line with round joints."""
        placed = [self._at(x, y) for x, y in points]
        self._draw.line(placed, colour, max(1, round(wide * self._half)), joint="curve")

    def arc(
        self, x: float, y: float, reach: float, start: int, end: int, colour: Colour, wide: float
    ) -> None:
        """A part of a circle, from `start` to `end` degrees clockwise from the right."""
        place = (*self._at(x - reach, y - reach), *self._at(x + reach, y + reach))
        self._draw.arc(place, start, end, colour, max(1, round(wide * self._half)))

    def done(self) -> Image.Image:
        """Return the figure."""
        return self._image.resize((self._side, self._side), Image.Resampling.BOX)


def eyes(tile: Tile, x: float, y: float, size: float, iris: Colour = DARK) -> None:
    """Two bright eyes."""
    tile.ovals(x, y, size, size * 1.12, DARK)
    if iris != DARK:
        tile.ovals(x, y, size * 0.82, size * 0.92, iris)
        tile.ovals(x, y, size * 0.42, size * 0.62, DARK)
    for side in (-1, 1):
        tile.oval(side * x + size * 0.32, y - size * 0.38, size * 0.3, size * 0.3, WHITE)


def darker(colour: Colour, share: float = 0.28) -> Colour:
    """Return `colour` in shade."""
    return mix(colour, (24, 18, 40), share)


def lighter(colour: Colour, share: float = 0.4) -> Colour:
    """Return `colour` in light."""
    return mix(colour, (255, 250, 240), share)
