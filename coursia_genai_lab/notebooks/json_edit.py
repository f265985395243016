"""Change one member of a JSON object and leave every other byte as it is.

What is written looks as its neighbours do: their line ends, indentation, colons and, where the
keys are sorted (as Jupyter saves them), their order. Taking away what was added gives the bytes
from before, unless an object without members holds white space.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Any

from .json_spans import ObjectSpan, white_end

_LONGEST_COLON = 8


@dataclass(frozen=True)
class Layout:
    """How the members of an object are set."""

    gap: bytes = b"\n"
    """Between a comma and the next key: a line end with indentation, a space, or nothing."""
    unit: bytes = b" "
    """What one level indents more."""
    colon: bytes = b": "

    @property
    def on_lines(self) -> bool:
        """Return whether each member has its own line."""
        return b"\n" in self.gap

    def deeper(self) -> Layout:
        """Return the layout of an object within."""
        return replace(self, gap=self.gap + self.unit) if self.on_lines else self


def layout_of(data: bytes, span: ObjectSpan, outer: Layout) -> Layout:
    """Return how the members of an object are set; one without any follows what is around it."""
    if not span.members:
        return outer.deeper()
    first = span.members[0]
    opening = data[span.start + 1 : first.start]
    colon = data[first.key_end : first.value_start]
    if len(colon) > _LONGEST_COLON or b"\n" in colon:
        colon = outer.colon
    if b"\n" in opening:
        indent = opening.rpartition(b"\n")[2]
        around = outer.gap.rpartition(b"\n")[2]
        nested = outer.on_lines and indent.startswith(around)
        return Layout(
            gap=(b"\r\n" if b"\r\n" in opening else b"\n") + indent,
            unit=indent[len(around) :] if nested else outer.unit or b" ",
            colon=colon,
        )
    # A single member shows no comma: what is around it does, or at least how it spaces colons.
    gap = outer.gap if not outer.on_lines else b" " if colon.endswith(b" ") else b""
    if len(span.members) > 1:
        comma = data.index(b",", first.end)
        gap = data[comma + 1 : white_end(data, comma + 1)]
    return Layout(gap=b" " if b"\n" in gap else gap, unit=b"", colon=colon)


def written(value: Any, layout: Layout) -> bytes:
    """Return a value as JSON, for a member of an object of that layout."""
    colon = layout.colon.decode("ascii")
    if not layout.on_lines:
        gap = layout.gap.decode("ascii")
        return json.dumps(value, separators=("," + gap, colon)).encode()
    text = json.dumps(value, indent=layout.unit.decode("ascii"), separators=(",", colon))
    return text.encode().replace(b"\n", layout.gap)


def with_member(data: bytes, span: ObjectSpan, key: str, value: bytes, outer: Layout) -> bytes:
    """Return the bytes with that member set; `value` is JSON, `outer` the layout around."""
    layout = layout_of(data, span, outer)
    for member in span.named(key)[-1:]:
        return data[: member.value_start] + value + data[member.end :]
    text = json.dumps(key).encode() + layout.colon + value
    if not span.members:
        closing = outer.gap if layout.on_lines else b""
        opening = layout.gap if layout.on_lines else b""
        return b"".join((data[: span.start + 1], opening, text, closing, data[span.end - 1 :]))
    keys = [member.key for member in span.members]
    place = bisect_left(keys, key) if keys == sorted(keys) else len(keys)
    if place == len(keys):
        at = span.members[-1].end
        return data[:at] + b"," + layout.gap + text + data[at:]
    at = span.members[place].start
    return data[:at] + text + b"," + layout.gap + data[at:]


def without_member(data: bytes, span: ObjectSpan, key: str) -> bytes:
    """Return the bytes without that member; an object that held nothing else becomes `{}`."""
    place = [member.key for member in span.members].index(key)
    members = span.members
    if len(members) == 1:
        return data[: span.start + 1] + data[span.end - 1 :]
    if place == len(members) - 1:
        return data[: members[place - 1].end] + data[members[place].end :]
    return data[: members[place].start] + data[members[place + 1].start :]


def plain_value(data: bytes) -> Any:
    """Return what JSON text means; bytes that are no UTF-8 become replacement characters."""
    return json.loads(data.decode("utf-8", errors="replace"))
