"""A notebook's JSON, taken apart without building more of it than is looked at.

msgspec skips the outputs, and leaves the code as the bytes it is: most notebooks mention nothing
that detection looks for, and none of their texts is ever made.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from .fragments import Fragments

MOST_FOLLOWED_CODE = 300_000
"""Characters of code above which a notebook is scanned, not followed."""
MOST_FOLLOWED_CELLS = 2_000
MOST_SCANNED_CODE = 600_000
"""Characters of code above which the rest is not even scanned."""
MOST_SCANNED_CELLS = 2_000
LARGEST_CELL = 12 * 1024 * 1024
"""Bytes of JSON above which a cell is data, and is left out."""
MOST_LINES = 200_000
"""Lines of a cell that is written as a list; one with more is left out."""
LONGEST_PART = 100_000
"""Characters at the beginning and at the end of a longer cell that are scanned."""
_LONGEST_METADATA = 256 * 1024


class Unreadable(Exception):
    """The notebook cannot be read; the text says why, for a person."""


class Malformed(Exception):
    """The JSON is none that msgspec takes; the standard library may."""


@dataclass(frozen=True)
class Cell:
    """A code cell: its place in the notebook, text and own language ("" for the notebook's)."""

    index: int
    source: str
    language: str = ""
    tags: frozenset[str] = frozenset()
    """Its `metadata.tags`, by which papermill finds the cell `parameters`."""
    first_line: int = 0
    """Lines of the cell that stand above `source`, where only the cell's end is here."""


@dataclass(frozen=True)
class Notebook:
    """What detection needs of a notebook."""

    cells: tuple[Cell, ...]
    """Code cells only; none where nothing in them is looked for."""
    language: str = ""
    """Language of the kernel in lower case, "" if the notebook does not say."""
    genai: dict[str, Any] = field(default_factory=dict)
    """`metadata.genai`, the teacher's word."""
    count: int = 0
    """How many cells there are, of any kind."""
    long: bool = False
    """Whether it has too much code to be followed: `cells` are those that mention something, if
    they are not too large even for that."""


class _Cell(msgspec.Struct, gc=False):
    cell_type: msgspec.Raw = msgspec.Raw(b"")
    source: msgspec.Raw = msgspec.Raw(b"")
    input: msgspec.Raw = msgspec.Raw(b"")
    language: msgspec.Raw = msgspec.Raw(b"")
    metadata: msgspec.Raw = msgspec.Raw(b"")

    def code(self) -> msgspec.Raw:
        """Return the JSON text of its source; nbformat 2 and 3 call it `input`."""
        absent = bytes(self.source) in (b"", b"null")
        return self.input if absent else self.source


class _Sheet(msgspec.Struct):
    cells: list[_Cell] = []


class _Document(msgspec.Struct):
    cells: list[_Cell] = []
    worksheets: list[_Sheet] = []
    metadata: msgspec.Raw = msgspec.Raw(b"")


class _Metadata(msgspec.Struct):
    kernelspec: msgspec.Raw = msgspec.Raw(b"")
    language_info: msgspec.Raw = msgspec.Raw(b"")
    genai: msgspec.Raw = msgspec.Raw(b"")


METADATA_TABLES = _Metadata.__struct_fields__
_DOCUMENT = msgspec.json.Decoder(_Document)
_METADATA = msgspec.json.Decoder(_Metadata)
_CODE = b'"code"'
LANGUAGE_TABLES = (
    ("polyglot_notebook", "kernelName"),
    ("dotnet_interactive", "language"),
    ("vscode", "languageId"),
)


class Draft:
    """A notebook taken apart as far as its cells; none of their texts is made yet.

    Raises:
        Malformed: see there.
    """

    def __init__(self, data: bytes | bytearray) -> None:
        try:
            document = _DOCUMENT.decode(data)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            raise Malformed from None
        cells = document.cells + [cell for sheet in document.worksheets for cell in sheet.cells]
        self.count = len(cells)
        self._code = [
            (index, cell, code)
            for index, cell in enumerate(cells)
            if memoryview(cell.cell_type) == _CODE and memoryview(code := cell.code())
        ]
        every = len(self._code)
        self._code = [one for one in self._code if not _is_data(one[2])]
        self._cut = len(self._code) < every
        self._metadata = _metadata(document.metadata)
        self._genai = _table(self._metadata.genai)
        self._raw = b"\n".join([code for _, _, code in self._code])

    @property
    def size(self) -> int:
        """Bytes of JSON that hold the code."""
        return len(self._raw)

    def matters(self, fragments: Fragments) -> bool:
        """Return False where neither the code nor the teacher can say that it needs anything."""
        return bool(self._genai) or fragments.may_be_in(self._raw)

    def without_code(self) -> Notebook:
        """Return the notebook as one that does not matter."""
        return Notebook((), count=self.count, long=self._cut)

    def notebook(self, fragments: Fragments) -> Notebook:
        """Return its code cells, or of a long notebook those that mention something."""
        long = self._cut or self.size > 6 * MOST_FOLLOWED_CODE
        long |= len(self._code) > MOST_FOLLOWED_CELLS
        cells = [] if long else [made for one in self._code if (made := _read(*one))]
        if long or sum(len(cell.source) for cell in cells) > MOST_FOLLOWED_CODE:
            long, cells = True, list(self._mentioning(fragments))
        return Notebook(tuple(cells), _language(self._metadata), self._genai, self.count, long)

    def _mentioning(self, fragments: Fragments) -> Iterator[Cell]:
        left, cells = MOST_SCANNED_CODE, MOST_SCANNED_CELLS
        for index, cell, code in self._code:
            made = _read(index, cell, code) if fragments.may_be_in(bytes(code)) else None
            if made and fragments.in_text(made.source.lower()):
                cells -= 1
                for part in _ends(made):
                    left -= len(part.source)
                    if left < 0 or cells < 0:
                        return
                    yield part


def _is_data(code: msgspec.Raw) -> bool:
    size = memoryview(code).nbytes
    if size <= 2 * MOST_LINES:
        return False
    return size > LARGEST_CELL or bytes(code).count(b'"') > 2 * MOST_LINES


def _read(index: int, cell: _Cell, code: msgspec.Raw) -> Cell | None:
    source = _text(_value(code))
    if not source or source.isspace():
        return None
    metadata = _table(cell.metadata)
    return Cell(index, source, _cell_language(cell, metadata), _tags(metadata))


def _ends(cell: Cell) -> Iterator[Cell]:
    if len(cell.source) <= 2 * LONGEST_PART:
        yield cell
        return
    yield replace(cell, source=cell.source[:LONGEST_PART])
    begin = len(cell.source) - LONGEST_PART
    above = cell.source.count("\n", 0, begin)
    yield replace(cell, source=cell.source[begin:], first_line=above)


def _value(raw: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        pass
    # Lone surrogates, bytes that are no UTF-8: the standard library takes them.
    try:
        return json.loads(bytes(raw).decode("utf-8", errors="replace"))
    except (ValueError, RecursionError):
        return None


def _table(raw: msgspec.Raw) -> dict[str, Any]:
    size = memoryview(raw).nbytes
    value = _value(raw) if len("{}") < size <= _LONGEST_METADATA else None
    return value if isinstance(value, dict) else {}


def _metadata(raw: msgspec.Raw) -> _Metadata:
    try:
        return _METADATA.decode(raw) if memoryview(raw) else _Metadata()
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _Metadata()


def _text(source: Any) -> str:
    if isinstance(source, list):
        source = _joined([part for part in source if isinstance(part, str)])
    if not isinstance(source, str):
        return ""
    return source.replace("\r\n", "\n").replace("\r", "\n") if "\r" in source else source


def _joined(lines: list[str]) -> str:
    # Some tools write the lines without their ends; one line with an end says they do not.
    if len(lines) > 1 and not any(line.endswith("\n") for line in lines[:-1]):
        return "\n".join(lines)
    return "".join(lines)


def _tags(metadata: dict[str, Any]) -> frozenset[str]:
    return frozenset(tag for tag in _list(metadata.get("tags")) if isinstance(tag, str))


def _cell_language(cell: _Cell, metadata: dict[str, Any]) -> str:
    for table, key in LANGUAGE_TABLES:
        part = metadata.get(table)
        if isinstance(part, dict) and isinstance(part.get(key), str):
            return str(part[key]).lower()
    own = _value(cell.language) if memoryview(cell.language) else ""
    return own.lower() if isinstance(own, str) else ""


def _language(metadata: _Metadata) -> str:
    spec, info = _table(metadata.kernelspec), _table(metadata.language_info)
    for table, key in ((spec, "language"), (info, "name"), (spec, "name")):
        value = table.get(key)
        if isinstance(value, str) and value:
            return value.lower()
    return ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
