"""Text chunks of PNG files, put in and read without touching the picture."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence

from .file_parts import MOST_PARTS, MOST_TEXT, BrokenFile, Part, joined

SIGNATURE = b"\x89PNG\r\n\x1a\n"
KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS bKGD hIST sBIT pHYs sPLT "
    b"cHRM gAMA iCCP sRGB cICP mDCV cLLI acTL fcTL fdAT".split()
)
"""What the picture itself needs: pixels, colours, frames. Texts, dates, EXIF, signatures over the
former bytes and whatever nobody knows may say things about people, and are left out."""
LONGEST_SIDE = 2**31 - 1


def parts_of(data: bytes) -> list[Part]:
    """Return the chunks of a file up to its end; what lies behind that is none.

    Raises:
        BrokenFile: it is cut off, or holds what no PNG holds.
    """
    if not data.startswith(SIGNATURE):
        raise BrokenFile("no PNG")
    parts: list[Part] = []
    at = len(SIGNATURE)
    while not parts or parts[-1].name != b"IEND":
        size = int.from_bytes(data[at : at + 4], "big")
        name = data[at + 4 : at + 8]
        end = at + 12 + size
        if end > len(data) or len(parts) >= MOST_PARTS or not name.isalpha():
            raise BrokenFile("a chunk is cut off")
        if name[:1].isupper() and name not in KEPT:
            raise BrokenFile("an unknown chunk that the picture depends on")
        parts.append(Part(name, at, end, at + 8, size))
        at = end
    if parts[0].name != b"IHDR" or parts[0].size != 13:
        raise BrokenFile("no header")
    if all(part.name != b"IDAT" for part in parts):
        raise BrokenFile("no pixels")
    return parts


def size_of(data: bytes) -> tuple[int, int]:
    """Return width and height. Raises BrokenFile."""
    header = parts_of(data)[0].content
    width = int.from_bytes(data[header : header + 4], "big")
    height = int.from_bytes(data[header + 4 : header + 8], "big")
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE):
        raise BrokenFile("no size")
    return width, height


def has_exif(data: bytes) -> bool:
    """Say whether the file has a chunk that may tell how the picture is turned."""
    return any(part.name == b"eXIf" for part in parts_of(data))


def with_texts(data: bytes, texts: Sequence[tuple[str, str]]) -> bytes:
    """Return the file with these texts in place of all that it had. Raises BrokenFile."""
    header, *rest = (part for part in parts_of(data) if part.name in KEPT)
    # Behind the header and before the pixels: programs that read no further find them there.
    new = [_chunk(keyword, text) for keyword, text in texts]
    return b"".join([SIGNATURE, *joined(data, [header]), *new, *joined(data, rest)])


def texts_of(data: bytes) -> Iterator[tuple[str, str]]:
    """Give keyword and text of each text chunk that makes sense. Raises BrokenFile."""
    for part in parts_of(data):
        if part.name in (b"tEXt", b"zTXt", b"iTXt") and part.size <= MOST_TEXT:
            content = data[part.content : part.content + part.size]
            keyword, zero, rest = content.partition(b"\0")
            try:
                if zero:
                    yield keyword.decode("latin-1"), _text(part.name, rest)
            except (ValueError, zlib.error):
                continue


def _chunk(keyword: str, text: str) -> bytes:
    body = keyword.encode("latin-1") + b"\0\0\0\0\0" + text.replace("\0", "").encode("utf-8")
    check = zlib.crc32(body, zlib.crc32(b"iTXt"))
    return len(body).to_bytes(4, "big") + b"iTXt" + body + check.to_bytes(4, "big")


def _text(name: bytes, rest: bytes) -> str:
    if name == b"tEXt":
        return rest.decode("latin-1")
    if name == b"zTXt":
        return _unpacked(rest[1:]).decode("latin-1")
    packed, rest = rest[:1] == b"\1", rest[2:]
    _language, _, rest = rest.partition(b"\0")
    _translated, _, rest = rest.partition(b"\0")
    return (_unpacked(rest) if packed else rest).decode("utf-8")


def _unpacked(packed: bytes) -> bytes:
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(packed, MOST_TEXT)
    if not unpacker.eof:
        raise ValueError("cut off, or larger than it may be")
    return text
