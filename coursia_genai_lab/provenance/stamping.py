"""Writes into a file where its picture comes from, and gives it the format that is wanted."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ..errors import GenerationError
from ..wire.provenance import Provenance
from . import jpeg, png, webp, xmp
from .entries import KEYWORD, PARAMETERS, XMP_KEYWORD, as_json, as_parameters
from .file_parts import BrokenFile

if TYPE_CHECKING:
    from PIL.Image import Image

PictureFormat = Literal["png", "jpeg", "webp"]
_ORIENTATION = 0x0112
MOST_PIXELS = 2**26
"""What is decoded in order to be encoded otherwise: 8192 by 8192."""


@dataclass(frozen=True)
class Measured:
    """Format and size of a picture, by its file; pixels."""

    kind: PictureFormat
    width: int
    height: int


def measure(data: bytes) -> Measured:
    """Return format and size by the file's own headers; nothing is decoded.

    Raises:
        GenerationError: `no_picture`, it is no whole PNG, JPEG or WebP.
    """
    kind = _sniffed(data)
    try:
        return Measured(kind, *{"png": png, "jpeg": jpeg, "webp": webp}[kind].size_of(data))
    except BrokenFile as error:
        raise _no_picture() from error


def stamp(data: bytes, facts: Provenance, kind: PictureFormat, quality: int = 90) -> bytes:
    """Return a picture in the format `kind` with its facts in the file. Blocks; for a thread.

    A file that has the format already keeps its pixels byte by byte; another is encoded, with
    `quality` 0 to 100. All that the engine wrote beside the pixels goes, colour profiles excepted:
    it may hold paths, names, or a signature over what the file is no more.

    Raises:
        GenerationError: `no_picture`, the engine sent no whole PNG, JPEG or WebP.
    """
    found = measure(data)
    try:
        if found.kind != kind or _turned(data, found):
            data = _encoded(data, kind, quality)
        return _written(data, facts, kind)
    except (BrokenFile, OSError, ValueError, SyntaxError) as error:
        raise _no_picture() from error


def _written(data: bytes, facts: Provenance, kind: PictureFormat) -> bytes:
    text = as_json(facts)
    if kind == "png":
        entries = [
            (KEYWORD, text),
            (PARAMETERS, as_parameters(facts)),
            (XMP_KEYWORD, xmp.packet(facts)),
        ]
        return png.with_texts(data, entries)
    packet = xmp.packet(facts, text=text)
    if kind == "webp":
        return webp.with_xmp(data, packet)
    if len(packet.encode("utf-8")) <= jpeg.MOST_IN_ONE:
        return jpeg.with_xmp(data, packet, "")
    more = xmp.second_packet(text)
    return jpeg.with_xmp(data, xmp.packet(facts, more=jpeg.guid_of(more)), more)


def _sniffed(data: bytes) -> PictureFormat:
    if data.startswith(png.SIGNATURE):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "webp"
    raise _no_picture()


def _turned(data: bytes, seen: Measured) -> bool:
    """Say whether the file's EXIF, which is not kept, tells viewers to turn the picture."""
    if not {"png": png, "jpeg": jpeg, "webp": webp}[seen.kind].has_exif(data):
        return False
    if seen.width * seen.height > MOST_PIXELS:
        return False  # it could not be turned: it is given as it lies
    from PIL import Image

    with Image.open(io.BytesIO(data), formats=(seen.kind.upper(),)) as picture:
        return bool(picture.getexif().get(_ORIENTATION, 1) != 1)


def _encoded(data: bytes, kind: PictureFormat, quality: int) -> bytes:
    from PIL import Image, ImageOps

    size = measure(data)
    if size.width * size.height > MOST_PIXELS:
        raise BrokenFile("too many pixels to decode")
    opened = Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP"))
    colours = opened.info.get("icc_profile")
    picture = _fitting(ImageOps.exif_transpose(opened), kind)
    if picture.mode != opened.mode and opened.mode in ("CMYK", "L", "LA", "I;16"):
        colours = None  # a profile is for colours of one kind
    out = io.BytesIO()
    picture.info = {}
    extra = {"icc_profile": colours} if colours else {}
    options = {} if kind == "png" else {"quality": quality}
    picture.save(out, kind.upper(), **options, **extra)
    return out.getvalue()


def _fitting(picture: Image, kind: PictureFormat) -> Image:
    """Return the picture in a mode that the format has."""
    if picture.mode.startswith("I"):
        # Pillow cuts off what is brighter than 255 instead of scaling 16 bits down.
        picture = picture.convert("I").point(lambda value: value / 256).convert("L")
    if kind == "jpeg":
        return picture.convert("RGB")
    see_through = "A" in picture.getbands() or "transparency" in picture.info
    return picture.convert("RGBA" if see_through else "RGB")


def _no_picture() -> GenerationError:
    return GenerationError("The engine sent something that is no picture.", code="no_picture")
