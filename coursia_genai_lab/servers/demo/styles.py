"""Styles over a whole picture: sketch, sepia, cross stitch, pixels, cartoon, paint and others."""

from __future__ import annotations

import random
from collections.abc import Callable

from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

Style = Callable[[Image.Image, random.Random], Image.Image]


def _sketch(picture: Image.Image, dice: random.Random) -> Image.Image:
    grey = ImageOps.grayscale(picture)
    # Dividing by the blurred negative leaves the lines, as a pencil drawing does.
    soft = ImageChops.invert(grey).filter(ImageFilter.BoxBlur(max(2, min(picture.size) // 110)))
    lines = ImageChops.add(grey, soft, 1, 0).point([v if v < 250 else 255 for v in range(256)])
    lines = ImageOps.autocontrast(lines, cutoff=(3, 25))
    return ImageOps.colorize(lines, (44, 42, 50), (250, 247, 238)).convert("RGB")


def _sepia(picture: Image.Image, dice: random.Random) -> Image.Image:
    grey = ImageOps.autocontrast(ImageOps.grayscale(picture), cutoff=1)
    return ImageOps.colorize(grey, (44, 26, 12), (250, 232, 200), mid=(164, 122, 80))


def _mono(picture: Image.Image, dice: random.Random) -> Image.Image:
    return ImageOps.autocontrast(ImageOps.grayscale(picture), cutoff=1).convert("RGB")


def _stitch(picture: Image.Image, dice: random.Random) -> Image.Image:
    cell = max(6, min(picture.size) // 76)
    columns, rows = -(-picture.width // cell), -(-picture.height // cell)
    small = picture.resize((columns, rows), Image.Resampling.BOX)
    small = small.quantize(28, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    threads = small.resize((columns * cell, rows * cell), Image.Resampling.NEAREST)
    # One cross, bright on its threads and dark in the holes, is laid over every cell.
    cross = Image.new("L", (cell * 4, cell * 4), 158)
    draw = ImageDraw.Draw(cross)
    draw.line((2, cell * 4 - 3, cell * 4 - 3, 2), fill=226, width=cell)
    draw.line((2, 2, cell * 4 - 3, cell * 4 - 3), fill=255, width=cell)
    cross = cross.reduce(4)
    row = Image.new("L", (columns * cell, cell))
    for column in range(columns):
        row.paste(cross, (column * cell, 0))
    cloth = Image.new("L", threads.size)
    for line in range(rows):
        cloth.paste(row, (0, line * cell))
    woven = ImageChops.multiply(threads, Image.merge("RGB", (cloth,) * 3))
    return ImageEnhance.Brightness(woven).enhance(1.1).crop((0, 0, *picture.size))


def _pixel(picture: Image.Image, dice: random.Random) -> Image.Image:
    cell = max(4, min(picture.size) // 72)
    small = picture.resize(
        (max(1, picture.width // cell), max(1, picture.height // cell)), Image.Resampling.BOX
    )
    small = small.quantize(24, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    return small.resize(picture.size, Image.Resampling.NEAREST)


def _cartoon(picture: Image.Image, dice: random.Random) -> Image.Image:
    flat = _half(picture, lambda small: small.filter(ImageFilter.MedianFilter(5)))
    flat = ImageEnhance.Color(ImageOps.posterize(flat, 4)).enhance(1.5)
    edges = ImageOps.grayscale(picture).filter(ImageFilter.FIND_EDGES)
    ink = edges.point([0 if v > 38 else 255 for v in range(256)]).filter(ImageFilter.MinFilter(3))
    ImageDraw.Draw(ink).rectangle((0, 0, ink.width - 1, ink.height - 1), outline=255, width=4)
    return ImageChops.multiply(flat, Image.merge("RGB", (ink,) * 3))


def _paint(picture: Image.Image, dice: random.Random) -> Image.Image:
    strokes = _half(picture, lambda small: small.filter(ImageFilter.ModeFilter(5)))
    strokes = ImageEnhance.Color(strokes).enhance(1.25)
    cells = (max(2, picture.width // 5), max(2, picture.height // 5))
    grain = Image.frombytes("L", cells, dice.randbytes(cells[0] * cells[1]))
    grain = grain.point([212 + v * 43 // 255 for v in range(256)])
    grain = grain.resize(picture.size, Image.Resampling.BICUBIC)
    return ImageChops.multiply(strokes, Image.merge("RGB", (grain,) * 3))


def _blur(picture: Image.Image, dice: random.Random) -> Image.Image:
    radius = max(2, min(picture.size) // 90)
    soft = picture.filter(ImageFilter.BoxBlur(radius)).filter(ImageFilter.BoxBlur(radius))
    return Image.blend(soft, ImageChops.screen(soft, soft), 0.3)


def _invert(picture: Image.Image, dice: random.Random) -> Image.Image:
    return ImageOps.invert(picture)


def _neon(picture: Image.Image, dice: random.Random) -> Image.Image:
    edges = ImageOps.autocontrast(ImageOps.grayscale(picture).filter(ImageFilter.FIND_EDGES))
    light = ImageChops.screen(edges, edges.filter(ImageFilter.BoxBlur(max(2, edges.width // 160))))
    dark = ImageEnhance.Brightness(ImageEnhance.Color(picture).enhance(2.0)).enhance(0.34)
    glow = ImageOps.colorize(light, (0, 0, 0), (255, 240, 255), mid=(240, 40, 200))
    return ImageChops.screen(dark, glow)


def _half(picture: Image.Image, work: Callable[[Image.Image], Image.Image]) -> Image.Image:
    # The slow filters see a small copy: the strokes come out the larger for it.
    by = max(1, min(picture.size) // 340)
    small = work(picture.reduce(by) if by > 1 else picture)
    return small.resize(picture.size, Image.Resampling.BICUBIC)


STYLES: dict[str, Style] = {
    "sketch": _sketch, "sepia": _sepia, "mono": _mono, "stitch": _stitch, "pixel": _pixel,
    "cartoon": _cartoon, "paint": _paint, "blur": _blur, "invert": _invert, "neon": _neon,
}  # fmt: skip


def restyle(picture: Image.Image, styles: tuple[str, ...], dice: random.Random) -> Image.Image:
    """Return `picture` in at most two of the styles, in their order."""
    for name in styles[:2]:
        picture = STYLES[name](picture, dice)
    return picture
