"""The marks of a demo picture: a ribbon, a caption, and words in the file itself."""

from __future__ import annotations

import io
import unicodedata

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

SOFTWARE = "CoursIA GenAI Lab demo engine"
NOTICE = "Demo picture, made by a program and not by a camera or an image model."
# IPTC's word for a picture that software made without a trained model.
SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia"
RED = (196, 30, 58)
FORMATS = {"png": "PNG", "jpeg": "JPEG", "webp": "WEBP"}


def stamp(picture: Image.Image, prompt: str) -> Image.Image:
    """Return a copy of `picture` with the DEMO ribbon and the first words of the prompt."""
    marked = picture.copy()
    side = min(marked.size)
    if side < 200:
        _bar(marked)
        return marked
    ribbon = _ribbon(max(64, min(side // 3, 300)))
    marked.paste(ribbon, (marked.width - ribbon.width, 0), ribbon)
    _caption(marked, plain(prompt), max(11, min(22, side // 44)))
    return marked


def label(picture: Image.Image, box: tuple[int, int, int, int]) -> None:
    """Put a small DEMO label into the lower middle of `box`, where most masks are still wide."""
    left, top, right, low = box
    wide = max(8, round(min(right - left, (low - top) * 2) * 0.36))
    high = max(5, round(wide * 0.32))
    middle = ((left + right) / 2, top + (low - top) * 0.74)
    corner = (round(middle[0] - wide / 2), round(middle[1] - high / 2))
    draw = ImageDraw.Draw(picture)
    draw.rounded_rectangle((*corner, corner[0] + wide, corner[1] + high), high // 4, fill=RED)
    draw.text(middle, "DEMO", fill="white", anchor="mm", font=_font(high * 0.8))


def plain(text: str) -> str:
    """Return `text` in the letters of the built-in font: accents folded, the rest left out."""
    folded = unicodedata.normalize("NFKD", text.replace("œ", "oe").replace("’", "'"))
    ascii_only = folded.encode("ascii", "ignore").decode("ascii")
    return " ".join("".join(c if c.isprintable() else " " for c in ascii_only).split())


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _bar(picture: Image.Image) -> None:
    height = max(11, picture.height // 5)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, picture.width, height), fill=RED)
    middle = (picture.width / 2, height / 2)
    size = min(height * 0.8, picture.width / 3.2)
    draw.text(middle, "DEMO", fill="white", anchor="mm", font=_font(size))


def _ribbon(side: int) -> Image.Image:
    tile = Image.new("RGBA", (side * 2, side * 2), (0, 0, 0, 0))
    band = Image.new("RGBA", (side * 2, side // 3), (*RED, 235))
    draw = ImageDraw.Draw(band)
    for y in (side // 36 + 1, band.height - side // 36 - 2):
        draw.line((0, y, band.width, y), fill=(255, 255, 255, 150), width=max(1, side // 110))
    place = (band.width / 2, band.height / 2)
    draw.text(
        place, "DEMO", fill="white", anchor="mm", font=_font(side * 0.2), stroke_width=side // 160
    )
    tile.paste(band, (0, side - band.height // 2))
    turned = tile.rotate(-45, Image.Resampling.BICUBIC)
    # The middle of the band comes a little up and right of the middle of the corner's tile.
    left, top = round(side * 0.42), round(side * 0.58)
    return turned.crop((left, top, left + side, top + side))


def _caption(picture: Image.Image, text: str, size: int) -> None:
    font = _font(size)
    room = picture.width - 2 * size
    words = f"DEMO · {text}" if text else "DEMO"
    # No letter is narrower than a fifth of the size; what cannot fit is not measured bit by bit.
    words = words.replace("·", "-")[: 5 * room // size + 1]
    while words and font.getlength(words) > room:
        words = words[: max(0, len(words) - 4)].rstrip(" .") + "..." if len(words) > 8 else ""
    height = size * 2
    box = (0, picture.height - height, picture.width, picture.height)
    dark = picture.crop(box).point([value // 9 for value in range(256)] * len(picture.getbands()))
    if dark.mode == "RGBA":
        dark.putalpha(255)
    picture.paste(dark, box[:2])
    ImageDraw.Draw(picture).text(
        (size * 0.8, picture.height - height / 2), words, fill="white", anchor="lm", font=font
    )


def encode(
    picture: Image.Image, kind: str = "png", quality: int = 90, texts: dict[str, str] | None = None
) -> bytes:
    """Return `picture` as a file of `kind` (png, jpeg, webp) that says in itself what it is.

    `texts` are further PNG text entries.
    """
    out = io.BytesIO()
    if kind == "png":
        info = PngInfo()
        entries = {
            "Software": SOFTWARE,
            "Description": NOTICE,
            "DigitalSourceType": SOURCE_TYPE,
            **(texts or {}),
        }
        for key, text in entries.items():
            info.add_text(key, text)
        picture.save(out, "PNG", pnginfo=info, compress_level=2)
        return out.getvalue()
    exif = Image.Exif()
    exif[0x0131], exif[0x010E] = SOFTWARE, NOTICE
    flat = picture.convert("RGB") if kind == "jpeg" else picture
    flat.save(out, FORMATS[kind], quality=quality, exif=exif)
    return out.getvalue()
