"""Small pictures of large ones: bounded, pixels alone, whatever an engine sends."""

from __future__ import annotations

import io
import random
import struct
import zlib

import pytest
from PIL import Image, PngImagePlugin
from small_pictures import picture, size_of

from coursia_genai_lab.lab.thumbnail_drawing import MOST_BYTES, SIDE, drawn

SECRET = "a prompt that nobody else is to read"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_thumbnail_is_a_small_webp_in_the_shape_of_its_picture(kind: str) -> None:
    thumbnail = drawn(picture((1024, 640), kind))
    assert thumbnail is not None
    assert size_of(thumbnail) == (96, 60)
    assert len(thumbnail) <= MOST_BYTES


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P", "1", "I;16", "CMYK"])
def test_pictures_of_every_mode_are_drawn(mode: str) -> None:
    out = io.BytesIO()
    Image.new(mode, (300, 200)).save(out, "JPEG" if mode == "CMYK" else "PNG")
    thumbnail = drawn(out.getvalue())
    assert thumbnail is not None
    assert size_of(thumbnail) == (96, 64)


def test_colours_stay_what_they_are() -> None:
    out = io.BytesIO()
    halves = Image.new("RGB", (400, 400), "red")
    halves.paste("blue", (0, 0, 200, 400))
    halves.save(out, "PNG")
    thumbnail = drawn(out.getvalue())
    assert thumbnail is not None
    with Image.open(io.BytesIO(thumbnail)) as shown:
        red, _, blue = shown.convert("RGB").getpixel((20, 48))
        assert blue > 200 > 60 > red
        red, _, blue = shown.convert("RGB").getpixel((76, 48))
        assert red > 200 > 60 > blue


def test_nothing_but_pixels_is_in_it() -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text("parameters", SECRET)
    words.add_itxt("XML:com.adobe.xmp", SECRET)
    exif = Image.Exif()
    exif[0x010E] = SECRET
    whole = picture(pnginfo=words, exif=exif, icc_profile=SECRET.encode())
    camera = picture(kind="JPEG", exif=exif, comment=SECRET.encode(), icc_profile=b"p" * 200)
    for file in (whole, camera, picture(kind="WEBP", exif=exif, xmp=SECRET.encode())):
        thumbnail = drawn(file)
        assert thumbnail is not None
        assert SECRET.encode() not in thumbnail
        chunks = {thumbnail[at : at + 4] for at in range(12, len(thumbnail) - 4)}
        assert not chunks & {b"EXIF", b"XMP ", b"ICCP"}


def test_noise_is_drawn_worse_sooner_than_too_large() -> None:
    dice = random.Random(3)
    out = io.BytesIO()
    Image.frombytes("RGBA", (96, 96), dice.randbytes(4 * 96 * 96)).save(out, "PNG")
    thumbnail = drawn(out.getvalue())
    assert thumbnail is None or len(thumbnail) <= MOST_BYTES


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few hundred bytes that says it has so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = chunk(b"IDAT", zlib.compress(bytes(4000)))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + rows + chunk(b"IEND", b"")


def moving() -> bytes:
    out = io.BytesIO()
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        bomb(60_000, 60_000),
        bomb(30_000, 2_000),
        bomb(0, 5),
        picture()[:2000],
        moving(),
    ],
    ids=["empty", "head", "svg", "gif", "bomb", "large", "no-width", "cut", "moving"],
)
def test_what_is_hostile_or_broken_has_no_thumbnail(data: bytes) -> None:
    assert drawn(data) is None


@pytest.mark.parametrize("size", [(1, 30_000), (30_000, 1), (1, 1), (97, 3)])
def test_strips_and_dots_are_drawn(size: tuple[int, int]) -> None:
    out = io.BytesIO()
    Image.new("RGB", size, "green").save(out, "PNG")
    thumbnail = drawn(out.getvalue())
    assert thumbnail is not None
    width, height = size_of(thumbnail)
    assert 1 <= min(width, height) <= max(width, height) <= SIDE
