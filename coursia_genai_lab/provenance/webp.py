"""XMP in WebP files, put in and read without touching the picture."""

from __future__ import annotations

from collections.abc import Iterator

from .file_parts import MOST_PARTS, BrokenFile, Part, joined

KEPT = frozenset({b"ICCP", b"ANIM", b"ANMF", b"ALPH", b"VP8 ", b"VP8L"})
"""What the picture itself needs; EXIF and what nobody knows is left out."""
_ICC, _ALPHA, _EXIF, _XMP, _ANIMATION = 0x20, 0x10, 0x08, 0x04, 0x02


def parts_of(data: bytes) -> list[Part]:
    """Return the chunks of a file. Raises BrokenFile: it is cut off, or no WebP."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP":
        raise BrokenFile("no WebP")
    last = 8 + int.from_bytes(data[4:8], "little")
    # Some writers leave out the last filling byte.
    if last > len(data) + 1:
        raise BrokenFile("the file is cut off")
    parts: list[Part] = []
    at = 12
    while at + 8 <= min(last, len(data)):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + size > len(data) or len(parts) >= MOST_PARTS:
            raise BrokenFile("a chunk is cut off")
        end = at + 8 + size + size % 2
        parts.append(Part(data[at : at + 4], at, end, at + 8, size))
        at = end
    if not any(part.name in (b"VP8 ", b"VP8L", b"ANMF") for part in parts):
        raise BrokenFile("no pixels")
    return parts


def size_of(data: bytes) -> tuple[int, int]:
    """Return width and height. Raises BrokenFile."""
    width, height, _ = _canvas(data, parts_of(data))
    return width, height


def has_exif(data: bytes) -> bool:
    """Say whether the file has a chunk that may tell how the picture is turned."""
    return any(part.name == b"EXIF" for part in parts_of(data))


def with_xmp(data: bytes, packet: str) -> bytes:
    """Return the file with this XMP in place of all that it said. Raises BrokenFile."""
    parts = parts_of(data)
    width, height, flags = _canvas(data, parts)
    kept = [part for part in parts if part.name in KEPT]
    head = bytes([(flags | _XMP) & ~_EXIF]) + bytes(3) + _three(width - 1) + _three(height - 1)
    pieces = b"".join(joined(data, kept))
    # The last chunk may have come without its filling byte.
    body = b"WEBP" + _chunk(b"VP8X", head) + pieces + bytes(len(pieces) % 2)
    body += _chunk(b"XMP ", packet.encode("utf-8"))
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def packets_of(data: bytes) -> Iterator[bytes]:
    """Give the XMP packets. Raises BrokenFile."""
    for part in parts_of(data):
        if part.name == b"XMP ":
            yield data[part.content : part.content + part.size]


def _canvas(data: bytes, parts: list[Part]) -> tuple[int, int, int]:
    """Return width, height and the flags of the extended header, made up where there is none."""
    first = parts[0]
    head = data[first.content : first.content + first.size]
    if first.name == b"VP8X" and len(head) >= 10:
        names = {part.name for part in parts}
        flags = head[0] & (_ALPHA | (_ANIMATION if b"ANIM" in names else 0))
        flags |= _ICC if b"ICCP" in names else 0
        return _number(head[4:7]) + 1, _number(head[7:10]) + 1, flags
    if first.name == b"VP8L" and len(head) >= 5 and head[0] == 0x2F:
        bits = _number(head[1:5])
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, _ALPHA if bits >> 28 & 1 else 0
    if first.name == b"VP8 " and len(head) >= 10 and head[3:6] == b"\x9d\x01\x2a":
        width, height = _number(head[6:8]) & 0x3FFF, _number(head[8:10]) & 0x3FFF
        if width and height:
            return width, height, 0
    raise BrokenFile("no size")


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def _number(data: bytes) -> int:
    return int.from_bytes(data, "little")


def _three(number: int) -> bytes:
    return number.to_bytes(3, "little")
