"""XMP in JPEG files, put in and read without touching the picture."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from .file_parts import MOST_PARTS, MOST_TEXT, BrokenFile, Part, joined

XMP = b"http://ns.adobe.com/xap/1.0/\0"
MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
MOST_IN_ONE = 65_000
"""Bytes of a packet that fit into one segment; longer ones are divided as the standard says."""
_SOI, _EOI, _SOS = b"\xff\xd8", b"\xd9", b"\xda"
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_SIZES = frozenset(bytes([code]) for code in range(0xC0, 0xD0)) - {b"\xc4", b"\xc8", b"\xcc"}


def parts_of(data: bytes) -> list[Part]:
    """Return the segments of a file up to its end, scans with what follows them.

    Raises:
        BrokenFile: it is cut off, or no JPEG.
    """
    if not data.startswith(_SOI):
        raise BrokenFile("no JPEG")
    parts: list[Part] = []
    at = 2
    while not parts or parts[-1].name != _EOI:
        start = at
        while data[at : at + 2] == b"\xff\xff":
            at += 1
        name = data[at + 1 : at + 2]
        if data[at : at + 1] != b"\xff" or not name or len(parts) >= MOST_PARTS:
            raise BrokenFile("a segment is cut off")
        if name in (_EOI, b"\x01"):
            parts.append(Part(name, start, at + 2, at + 2, 0))
            at += 2
            continue
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        end = at + 2 + size
        if size < 2 or end > len(data):
            raise BrokenFile("a segment is cut off")
        content = at + 4
        if name == _SOS:
            found = _END_OF_SCAN.search(data, end)
            if found is None:
                raise BrokenFile("a scan is cut off")
            end = found.start()
        parts.append(Part(name, start, end, content, size - 2))
        at = end
    if all(part.name != _SOS for part in parts):
        raise BrokenFile("no pixels")
    return parts


def size_of(data: bytes) -> tuple[int, int]:
    """Return width and height. Raises BrokenFile."""
    for part in parts_of(data):
        if part.name in _SIZES and part.size >= 6:
            at = part.content + 1
            height = int.from_bytes(data[at : at + 2], "big")
            width = int.from_bytes(data[at + 2 : at + 4], "big")
            if width and height:
                return width, height
    raise BrokenFile("no size")


def has_exif(data: bytes) -> bool:
    """Say whether the file has a segment that may tell how the picture is turned."""
    return any(
        part.name == b"\xe1" and data.startswith(b"Exif\0", part.content) for part in parts_of(data)
    )


def with_xmp(data: bytes, packet: str, more: str) -> bytes:
    """Return the file with this XMP in place of all that it said. Raises BrokenFile.

    `more` is a second packet that the first names by `guid_of`; empty: there is none.
    """
    kept = [part for part in parts_of(data) if _is_kept(data, part)]
    # JFIF wants to be first.
    first = [part for part in kept[:1] if part.name == b"\xe0"]
    new = [_segment(XMP + packet.encode("utf-8")), *_divided(more)]
    return b"".join([_SOI, *joined(data, first), *new, *joined(data, kept[len(first) :])])


def guid_of(more: str) -> str:
    """Return the name that the standard gives a second packet."""
    return hashlib.md5(more.encode("utf-8"), usedforsecurity=False).hexdigest().upper()


def packets_of(data: bytes) -> Iterator[bytes]:
    """Give the first packet, then the one in several parts. Raises BrokenFile."""
    pieces: dict[bytes, dict[int, bytes]] = {}
    whole: dict[bytes, int] = {}
    for part in parts_of(data):
        if part.name != b"\xe1":
            continue
        content = data[part.content : part.content + part.size]
        if content.startswith(XMP):
            yield content[len(XMP) :]
        elif content.startswith(MORE_XMP):
            guid, rest = content[len(MORE_XMP) :][:32], content[len(MORE_XMP) + 32 :]
            whole[guid] = int.from_bytes(rest[:4], "big")
            pieces.setdefault(guid, {})[int.from_bytes(rest[4:8], "big")] = rest[8:]
    for guid, found in pieces.items():
        packet = b"".join(found[at] for at in sorted(found))
        if len(packet) == whole[guid] <= 2 * MOST_TEXT:
            yield packet


def _is_kept(data: bytes, part: Part) -> bool:
    """Say whether the picture needs a segment: colours yes; EXIF, comments, signatures no."""
    code = part.name[0]
    if code == 0xE0:
        return data.startswith(b"JFIF\0", part.content)
    if code == 0xE2:
        return data.startswith(b"ICC_PROFILE\0", part.content)
    if code == 0xEE:
        return data.startswith(b"Adobe", part.content)
    return not (0xE0 <= code <= 0xEF or code == 0xFE)


def _divided(more: str) -> Iterator[bytes]:
    packet, guid = more.encode("utf-8"), guid_of(more).encode("ascii")
    for at in range(0, len(packet), MOST_IN_ONE):
        place = len(packet).to_bytes(4, "big") + at.to_bytes(4, "big")
        yield _segment(MORE_XMP + guid + place + packet[at : at + MOST_IN_ONE])


def _segment(content: bytes) -> bytes:
    return b"\xff\xe1" + (len(content) + 2).to_bytes(2, "big") + content
