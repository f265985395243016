"""Scenes that people made or dreamt up: city, space, studio backdrop, abstract shapes."""

from __future__ import annotations

import math

from PIL import Image, ImageDraw, ImageFilter, ImageOps

from .canvas import Canvas
from .palette import Mood, harmony, mix, turned
from .sky import WHITE, paint_sky, stars
from .words import Colour, Wishes


def city(canvas: Canvas, mood: Mood, wishes: Wishes) -> None:
    """A skyline in three rows, windows lit when it is dark, mirrored in a river."""
    paint_sky(canvas, mood, wishes, 0.74)
    rows = ((0.3, 17, 0.25), (0.42, 13, 0.6), (0.54, 10, 1.0))
    for top, count, share in rows:
        tone = mix(mix(mood.far, mood.sky_low, 0.35), mix(mood.near, (30, 34, 52), 0.6), share)
        _towers(canvas, mood, tone, top, count, lit=share > 0.5)
    _river(canvas, mood)


def _towers(canvas: Canvas, mood: Mood, tone: Colour, top: float, count: int, *, lit: bool) -> None:
    dice = canvas.dice
    draw = ImageDraw.Draw(canvas.picture)
    evening = mood.dark or sum(mood.sky_top) < 300
    step = canvas.width / count
    for number in range(-1, count + 1):
        left = round((number + dice.uniform(-0.2, 0.2)) * step)
        right = left + round(step * dice.uniform(0.75, 1.15))
        high = round((top + dice.uniform(-0.06, 0.16)) * canvas.height)
        low = round(0.82 * canvas.height)
        shade = turned(tone, 0, dice.uniform(0.88, 1.12))
        draw.rectangle((left, high, right, low), fill=shade)
        kind = dice.randrange(4)
        middle = (left + right) // 2
        if kind == 0:
            mast = round(canvas.side * 0.05)
            draw.line(
                (middle, high - mast, middle, high), fill=shade, width=max(1, canvas.side // 400)
            )
        elif kind == 1:
            draw.polygon(
                [(left, high), (right, high), (middle, high - round(step * 0.5))], fill=shade
            )
        if lit:
            glass = (255, 214, 130) if evening else mix(shade, mood.sky_low, 0.55)
            _windows(canvas, (left, high, right, low), glass, 0.42 if evening else 0.8)


def _windows(canvas: Canvas, box: tuple[int, int, int, int], colour: Colour, share: float) -> None:
    dice = canvas.dice
    draw = ImageDraw.Draw(canvas.picture)
    cell = max(4, canvas.side // 62)
    left, high, right, low = box
    for y in range(high + cell // 2, low - cell, cell):
        for x in range(left + cell // 2, right - cell // 2, cell):
            if dice.random() < share:
                tone = turned(colour, 0, 0.75 + dice.random() * 0.35)
                draw.rectangle((x, y, x + cell // 2, y + cell * 3 // 5), fill=tone)


def _river(canvas: Canvas, mood: Mood) -> None:
    bank = round(0.8 * canvas.height)
    deep = canvas.height - bank
    mirror = ImageOps.flip(canvas.picture.crop((0, bank - deep, canvas.width, bank)))
    # Shrinking and stretching sideways smears the mirror image like moving water does.
    mirror = mirror.resize((canvas.width, max(2, deep // 6))).resize((canvas.width, deep))
    tint = Image.new("RGB", mirror.size, mix(mood.water, (8, 16, 36), 0.3))
    canvas.picture.paste(Image.blend(mirror, tint, 0.5), (0, bank))
    dice = canvas.dice
    for _ in range(60):
        y = 0.805 + 0.19 * dice.random()
        x, wide = dice.random(), dice.uniform(0.01, 0.05)
        canvas.polygon([(x, y), (x + wide, y - 0.0015), (x + wide * 2, y), (x + wide, y + 0.0015)],
                       mix(mood.sky_low, WHITE, 0.4), 0.3)  # fmt: skip


def space(canvas: Canvas, mood: Mood, wishes: Wishes) -> None:
    """Nebulae, stars and a few planets."""
    dice = canvas.dice
    colours = harmony(dice, wishes, 4)
    dark = mix((4, 5, 16), colours[0], 0.1)
    canvas.gradient(dark, mix(dark, (24, 10, 40), 0.5))
    for number in range(2):
        cloud = canvas.noise(2.2 + number, 5)
        mask = cloud.point([round(min(200.0, max(0.0, (v - 112) * 2.2))) for v in range(256)])
        canvas.picture.paste(turned(colours[number], 0, 0.95), (0, 0), mask)
        bright = cloud.point([round(min(150.0, max(0.0, (v - 158) * 3))) for v in range(256)])
        canvas.picture.paste(mix(colours[number + 1], WHITE, 0.45), (0, 0), bright)
    stars(canvas, 420, 1.0)
    _planet(
        canvas,
        (dice.uniform(0.24, 0.45), dice.uniform(0.36, 0.6)),
        dice.uniform(0.13, 0.2),
        colours[2],
        ring=True,
    )
    _planet(
        canvas,
        (dice.uniform(0.68, 0.86), dice.uniform(0.5, 0.78)),
        dice.uniform(0.04, 0.08),
        colours[3],
        ring=False,
    )


def _planet(
    canvas: Canvas, place: tuple[float, float], radius: float, colour: Colour, *, ring: bool
) -> None:
    reach = max(4, round(radius * canvas.side))
    size = reach * 2
    bands = canvas.noise(1.2, 4, stretch=6).resize((size * 2, size * 2))
    body = ImageOps.colorize(
        bands, turned(colour, 0.03, 0.5), turned(colour, -0.04, 1.4), mid=colour
    )
    light = Image.radial_gradient("L").resize((size * 4, size * 4))
    light = light.crop(
        (size * 2 - size // 2, size * 2 - size // 2, size * 4 - size // 2, size * 4 - size // 2)
    )
    light = light.point([max(0, min(215, (v - 40) * 3 // 2)) for v in range(256)])
    body.paste((4, 5, 16), (0, 0), light)
    mask = Image.new("L", body.size)
    ImageDraw.Draw(mask).ellipse((2, 2, size * 2 - 3, size * 2 - 3), fill=255)
    corner = (round(place[0] * canvas.width) - reach, round(place[1] * canvas.height) - reach)
    canvas.glow(place, radius * 1.7, colour, 0.5)
    hoop = _hoop(reach, turned(colour, 0.08, 1.35)) if ring else None
    middle = (corner[0] + reach, corner[1] + reach)
    if hoop is not None:
        back = hoop.crop((0, 0, hoop.width, hoop.height // 2))
        canvas.picture.paste(
            back, (middle[0] - hoop.width // 2, middle[1] - hoop.height // 2), back
        )
    canvas.picture.paste(body.reduce(2), corner, mask.reduce(2))
    if hoop is not None:
        front = hoop.crop((0, hoop.height // 2, hoop.width, hoop.height))
        canvas.picture.paste(front, (middle[0] - hoop.width // 2, middle[1]), front)


def _hoop(reach: int, colour: Colour) -> Image.Image:
    wide, high = reach * 8, reach * 2
    hoop = Image.new("RGBA", (wide, high), (*colour, 0))
    draw = ImageDraw.Draw(hoop)
    for number, alpha in enumerate((210, 120, 220, 90)):
        inset = number * reach // 5
        box = (inset, inset // 4, wide - 1 - inset, high - 1 - inset // 4)
        draw.ellipse(box, outline=(*colour, alpha), width=max(1, reach // 7))
    return hoop.resize((wide // 2, high // 2), Image.Resampling.BOX)


def studio(canvas: Canvas, mood: Mood, wishes: Wishes) -> None:
    """A plain backdrop with soft light and a few large rings."""
    colours = harmony(canvas.dice, wishes, 3)
    base = mix(colours[0], mood.sky_top, 0.35)
    canvas.gradient(mix(base, (20, 20, 40), 0.25), mix(base, WHITE, 0.2))
    canvas.glow((0.5, 0.45), 0.95, mix(base, WHITE, 0.7), 0.85)
    for number in range(3):
        tone = mix(colours[1], WHITE, 0.25 * number)
        canvas.disc((0.5, 0.5), 0.43 - number * 0.05, tone, 0.3)


def abstract(canvas: Canvas, mood: Mood, wishes: Wishes) -> None:
    """Flowing bands, a mosaic of triangles, or floating shapes."""
    canvas.dice.choice((_bands, _facets, _shapes))(canvas, wishes)


def _bands(canvas: Canvas, wishes: Wishes) -> None:
    colours = harmony(canvas.dice, wishes, 6)
    flow = canvas.swell(1.6)
    table: list[int] = []
    for value in range(256):
        place = value / 255 * 14 % len(colours)
        first, share = int(place), place % 1
        # A hard edge with a soft slope behind it looks like folded paper.
        table += mix(colours[first], colours[(first + 1) % len(colours)], share**2 * 0.55)
    flow.putpalette(table)
    # Grey has 256 levels only; a little blur takes the stairs off the edges.
    canvas.picture.paste(flow.convert("RGB").filter(ImageFilter.BoxBlur(1.5)))


def _facets(canvas: Canvas, wishes: Wishes) -> None:
    dice = canvas.dice
    colours = harmony(dice, wishes, 5)
    columns = 11
    rows = max(3, round(columns * canvas.height / canvas.width))
    grid = [
        [((x + dice.uniform(-0.38, 0.38)) / columns, (y + dice.uniform(-0.38, 0.38)) / rows)
         for x in range(-1, columns + 2)] for y in range(-1, rows + 2)
    ]  # fmt: skip
    big = Image.new("RGB", (canvas.width, canvas.height))
    draw = ImageDraw.Draw(big)
    for y in range(rows + 2):
        for x in range(columns + 2):
            a, b, c, d = grid[y][x], grid[y][x + 1], grid[y + 1][x], grid[y + 1][x + 1]
            for corners in ((a, b, c), (b, d, c)):
                at = sum(p[0] for p in corners) / 3, sum(p[1] for p in corners) / 3
                place = max(0.0, min(0.999, (at[0] * 0.6 + at[1] * 0.8) / 1.4)) * (len(colours) - 1)
                tone = mix(colours[int(place)], colours[int(place) + 1], place % 1)
                points = [(p[0] * canvas.width, p[1] * canvas.height) for p in corners]
                draw.polygon(points, fill=turned(tone, 0, dice.uniform(0.84, 1.2)))
    canvas.picture.paste(big)


def _shapes(canvas: Canvas, wishes: Wishes) -> None:
    dice = canvas.dice
    colours = harmony(dice, wishes, 6)
    paper = mix(colours[1], (250, 244, 230), 0.82)
    canvas.gradient(paper, mix(paper, colours[0], 0.18))
    narrow = canvas.side / canvas.width, canvas.side / canvas.height
    for _ in range(22):
        x, y, size = dice.random(), dice.random(), dice.uniform(0.03, 0.17)
        tone, alpha = dice.choice(colours), dice.uniform(0.55, 0.95)
        kind = dice.randrange(4)
        if kind == 0:
            canvas.disc((x, y), size, tone, alpha)
            canvas.disc((x, y), size * 0.6, dice.choice(colours), alpha)
        else:
            corners = (3, 4, 24)[kind - 1]
            turn, span = dice.uniform(0, math.tau), math.pi if kind == 3 else math.tau
            points = [
                (x + size * narrow[0] * math.cos(turn + span * i / corners),
                 y + size * narrow[1] * math.sin(turn + span * i / corners))
                for i in range(corners + (kind == 3))
            ]  # fmt: skip
            canvas.polygon(points, tone, alpha)
    draw = ImageDraw.Draw(canvas.picture)
    for _ in range(7):
        x, y = dice.random() * canvas.width, dice.random() * canvas.height
        turn, length = dice.uniform(0, math.pi), dice.uniform(0.2, 0.6) * canvas.side
        end = (x + length * math.cos(turn), y + length * math.sin(turn))
        draw.line((x, y, *end), fill=(36, 36, 48), width=max(1, canvas.side // 260))
