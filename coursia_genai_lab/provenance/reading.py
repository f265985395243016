"""Reads what a file says about itself; the file may come from anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from ..wire.provenance import Provenance
from . import jpeg, png, webp, xmp
from .entries import KEYWORD, PARAMETERS, XMP_KEYWORD, from_json
from .file_parts import BrokenFile


def read(data: bytes) -> Provenance | None:
    """Return what a PNG, JPEG or WebP file says of its making; None where it says nothing.

    Never raises: a file that is broken, hostile or of another format says nothing. Whoever can
    write the file can write this too: it proves nothing by itself.
    """
    try:
        for text in _texts(data):
            facts = from_json(text)
            if facts is not None:
                return facts
    except BrokenFile:
        return None
    return None


def written_by(data: bytes) -> Literal["comfyui", "webui"] | None:
    """Return which engine left its own words in a PNG; None: neither, or it is none."""
    try:
        keywords = {keyword for keyword, _ in png.texts_of(data)}
    except BrokenFile:
        return None
    if {"prompt", "workflow"} & keywords:
        return "comfyui"
    return "webui" if PARAMETERS in keywords else None


def _texts(data: bytes) -> Iterator[str]:
    if data.startswith(png.SIGNATURE):
        packets = []
        for keyword, text in png.texts_of(data):
            if keyword == KEYWORD:
                yield text
            elif keyword == XMP_KEYWORD:
                packets.append(text.encode("utf-8"))
    elif data.startswith(b"RIFF"):
        packets = list(webp.packets_of(data))
    else:
        packets = list(jpeg.packets_of(data))
    for packet in packets:
        found = xmp.facts_in(packet)
        if found is not None:
            yield found
