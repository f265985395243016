"""A picture while it is being painted: soft shapes, gradients, glows and clouds, all at C speed."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from PIL import Image, ImageChops, ImageDraw

from .words import Colour

Point = tuple[float, float]


class Canvas:
    """An RGB picture with painting tools; places are shares (0 to 1) of width and height."""

    def __init__(self, width: int, height: int, dice: random.Random) -> None:
        self.picture = Image.new("RGB", (width, height))
        self.width, self.height = width, height
        self.side = min(width, height)
        self.dice = dice

    def gradient(self, top: Colour, low: Colour, start: float = 0.0, end: float = 1.0) -> None:
        """Fill the band from `start` to `end` of the height, from colour `top` to colour `low`."""
        first, last = round(start * self.height), round(end * self.height)
        if last <= first:
            return
        strip = Image.frombytes("RGB", (1, 2), bytes((*top, *low)))
        # Two pixels enlarged would leave flat ends, so only the middle between them is taken.
        band = strip.resize(
            (1, last - first), Image.Resampling.BILINEAR, box=(0, 0.5, 1, 1.5)
        ).resize((self.width, last - first))
        self.picture.paste(band, (0, first))

    def polygon(self, points: Sequence[Point], colour: Colour, alpha: float = 1.0) -> None:
        """Fill a shape with soft edges."""
        scaled = [(x * self.width, y * self.height) for x, y in points]
        left = max(0, int(min(x for x, _ in scaled)))
        top = max(0, int(min(y for _, y in scaled)))
        right = min(self.width, int(max(x for x, _ in scaled)) + 2)
        low = min(self.height, int(max(y for _, y in scaled)) + 2)
        if right <= left or low <= top:
            return
        mask = Image.new("L", ((right - left) * 2, (low - top) * 2))
        outline = [((x - left) * 2, (y - top) * 2) for x, y in scaled]
        ImageDraw.Draw(mask).polygon(outline, fill=round(255 * alpha))
        self.picture.paste(colour, (left, top), mask.reduce(2))

    def glow(self, place: Point, radius: float, colour: Colour, strength: float = 1.0) -> None:
        """Add light around `place`; `radius` is a share of the shorter side."""
        reach = max(2, round(radius * self.side))
        ball = ImageChops.invert(Image.radial_gradient("L")).resize((reach * 2, reach * 2))
        ball = ball.point([round(max(0, v - 74) / 181 * v * strength) for v in range(256)])
        corner = (round(place[0] * self.width) - reach, round(place[1] * self.height) - reach)
        self.picture.paste(colour, corner, ball)

    def disc(self, place: Point, radius: float, colour: Colour, alpha: float = 1.0) -> None:
        """Fill a circle with a soft edge; `radius` is a share of the shorter side."""
        reach = max(1, round(radius * self.side))
        mask = Image.new("L", (reach * 4 + 4, reach * 4 + 4))
        ImageDraw.Draw(mask).ellipse((2, 2, reach * 4 + 1, reach * 4 + 1), fill=round(255 * alpha))
        small = mask.reduce(2)
        corner = (round(place[0] * self.width) - reach, round(place[1] * self.height) - reach)
        self.picture.paste(colour, corner, small)

    def crescent(self, place: Point, radius: float, colour: Colour) -> None:
        """Paint a young moon; `radius` is a share of the shorter side."""
        reach = max(3, round(radius * self.side))
        mask = Image.new("L", (reach * 4, reach * 4))
        draw = ImageDraw.Draw(mask)
        draw.ellipse((0, 0, reach * 4 - 1, reach * 4 - 1), fill=255)
        shift = reach * 3 // 2
        draw.ellipse((shift, -reach // 2, shift + reach * 4, reach * 4 - reach), fill=0)
        corner = (round(place[0] * self.width) - reach, round(place[1] * self.height) - reach)
        self.picture.paste(colour, corner, mask.reduce(2))

    def mist(self, colour: Colour) -> None:
        """Lay mist over everything, thicker in some places."""
        veil = self.noise(1.6, 3, stretch=3).point([40 + v * 120 // 255 for v in range(256)])
        self.picture.paste(colour, (0, 0), veil)

    def noise(self, cells: float, octaves: int = 4, stretch: float = 1.0) -> Image.Image:
        """Return grey clouds of the canvas' size; `cells` across the shorter side."""
        # Clouds hold no fine detail, so a quarter of the size is enough and 16 times as quick.
        width, height = max(8, self.width // 4), max(8, self.height // 4)
        total = Image.new("L", (width, height), 128)
        for octave in range(octaves):
            count = cells * 2**octave
            grid = (
                max(2, round(count * self.width / self.side / stretch) + 2),
                max(2, round(count * self.height / self.side) + 2),
            )
            if grid[0] > width or grid[1] > height:
                break
            cloud = Image.frombytes("L", grid, self.dice.randbytes(grid[0] * grid[1]))
            cloud = cloud.resize((width, height), Image.Resampling.BICUBIC)
            total = cloud if octave == 0 else Image.blend(total, cloud, 0.5 / (1 + octave * 0.5))
        return total.resize((self.width, self.height), Image.Resampling.BICUBIC)

    def swell(self, cells: float) -> Image.Image:
        """Return soft grey hills of the canvas' size; `cells` across the shorter side."""
        grid = tuple(round(cells * side / self.side) + 3 for side in (self.width, self.height))
        field = Image.frombytes("L", (grid[0], grid[1]), self.dice.randbytes(grid[0] * grid[1]))
        return field.resize((self.width, self.height), Image.Resampling.BICUBIC)

    def clouds(self, colour: Colour, cover: float, start: float, end: float) -> None:
        """Paint clouds between two heights; `cover` (0 to 1) is how much of the sky they take."""
        first, last = round(start * self.height), round(end * self.height)
        if last - first < 8:
            return
        band = self.noise(3.2, 4, stretch=2.4).crop((0, first, self.width, last))
        floor = 216 - cover * 150
        band = band.point([round(min(235.0, max(0.0, (v - floor) * 3.4))) for v in range(256)])
        fade = Image.linear_gradient("L").rotate(180).resize(band.size)
        fade = fade.point([min(255, v * 2) for v in range(256)])
        self.picture.paste(colour, (0, first), ImageChops.multiply(band, fade))

    def ridge(self, height: float, rough: float, waves: float, *, points: int = 160) -> list[Point]:
        """Return a skyline around `height` that sways by `rough`, closed along the lower edge."""
        parts = [
            (self.dice.uniform(0, math.tau), waves * f, 1 / f**1.15)
            for f in (1, 2.1, 4.3, 8.7, 17.1, 33)
        ]
        line: list[Point] = []
        for step in range(points + 1):
            x = step / points
            sway = sum(
                size * math.sin(start + x * math.tau * often) for start, often, size in parts
            )
            line.append((x, height - rough * sway * 0.5))
        return [*line, (1.0, 1.02), (0.0, 1.02)]

    def sprite(self, tile: Image.Image, place: Point) -> None:
        """Put a figure down: `place` is the middle of its lower edge."""
        corner = (
            round(place[0] * self.width - tile.width / 2),
            round(place[1] * self.height - tile.height),
        )
        self.picture.paste(tile, corner, tile)
