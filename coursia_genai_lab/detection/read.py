"""Read a notebook's cells from bytes, whatever shape it is in, and from disk safely.

msgspec skips the outputs without building them, which is where a notebook's size lies.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

LARGEST_FILE = 100 * 1024 * 1024
MOST_CELLS = 20_000


class Unreadable(Exception):
    """The notebook cannot be read; the text says why, for a person."""


@dataclass(frozen=True)
class Cell:
    """A code cell: its place in the notebook, text and own language ("" for the notebook's)."""

    index: int
    source: str
    language: str = ""


@dataclass(frozen=True)
class Notebook:
    """What detection needs of a notebook."""

    cells: tuple[Cell, ...]
    """Code cells only."""
    language: str = ""
    """Language of the kernel in lower case, "" if the notebook does not say."""
    genai: dict[str, Any] = field(default_factory=dict)
    """`metadata.genai`, the teacher's word."""


class _Cell(msgspec.Struct):
    cell_type: Any = None
    source: Any = None
    input: Any = None
    language: Any = None
    metadata: Any = None


class _Sheet(msgspec.Struct):
    cells: list[_Cell] = []


class _Notebook(msgspec.Struct):
    cells: list[_Cell] = []
    worksheets: list[_Sheet] = []
    metadata: Any = None


_DECODER = msgspec.json.Decoder(_Notebook)


def read_file(path: Path, root: Path | None) -> bytes:
    """Return the bytes of a regular file that lies under root (None: anywhere).

    Opened once; every check is made on the open descriptor, so that a link swapped in between
    leads nowhere.

    Raises:
        Unreadable: absent, a link, no regular file, outside root, or over 100 MB.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not valid"
        raise Unreadable(f"The notebook could not be opened: {reason}.") from None
    try:
        info = os.fstat(descriptor)
        if not stat.S_ISREG(info.st_mode):
            raise Unreadable("It is not a regular file.")
        if info.st_size > LARGEST_FILE:
            raise Unreadable("It is larger than 100 MB and was not examined.")
        if root is not None and not _lies_under(descriptor, path, info, root):
            raise Unreadable("It lies outside the folder that this server shows.")
        with os.fdopen(descriptor, "rb", buffering=0, closefd=False) as stream:
            # A bound near the size: a larger one would allocate that much first.
            return stream.read(info.st_size + 4096) or b""
    except OSError as error:
        raise Unreadable(f"The notebook could not be read: {error.strerror}.") from None
    finally:
        os.close(descriptor)


def _lies_under(descriptor: int, path: Path, info: os.stat_result, root: Path) -> bool:
    real_root = os.path.realpath(root)
    link = f"/proc/self/fd/{descriptor}"
    if os.path.exists(link):  # noqa: PTH110 - pathlib would build objects on the launch's path
        real = os.path.realpath(link)
    else:
        real = os.path.realpath(path)
        now = os.stat(real)  # noqa: PTH116 - as above
        if (now.st_dev, now.st_ino) != (info.st_dev, info.st_ino):
            return False
    return real.startswith(real_root.rstrip(os.sep) + os.sep)


def read_notebook(data: bytes) -> Notebook:
    """Return the code cells and metadata of a notebook in nbformat 2, 3 or 4.

    Raises:
        Unreadable: empty, not JSON, or not a notebook.
    """
    if data[:3] == b"\xef\xbb\xbf":
        data = data[3:]
    # The first bytes tell nearly always; stripping all of a large file would copy it.
    if not data[:64].strip() and not data.strip():
        raise Unreadable("The file is empty.")
    try:
        raw = _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        raw = _decode_leniently(data)
    metadata = raw.metadata if isinstance(raw.metadata, dict) else {}
    genai = metadata.get("genai")
    return Notebook(
        cells=tuple(_code_cells(raw)),
        language=_language(metadata),
        genai=genai if isinstance(genai, dict) else {},
    )


def _decode_leniently(data: bytes) -> _Notebook:
    # Lone surrogates, NaN, bytes that are no UTF-8, cells of odd types: the standard library
    # takes them. It is slower and builds the outputs too, so only the odd file pays for it.
    try:
        document = json.loads(data.decode("utf-8", errors="replace"))
    except (ValueError, RecursionError) as error:
        where = f" near character {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise Unreadable(f"It is not valid JSON{where}.") from None
    if not isinstance(document, dict):
        raise Unreadable("It is JSON, but not a notebook.")
    sheets = [s for s in _list(document.get("worksheets")) if isinstance(s, dict)]
    return _Notebook(
        cells=_cells(document.get("cells")),
        worksheets=[_Sheet(_cells(sheet.get("cells"))) for sheet in sheets],
        metadata=document.get("metadata"),
    )


def _cells(value: Any) -> list[_Cell]:
    names = ("cell_type", "source", "input", "language", "metadata")
    return [
        _Cell(**{name: cell.get(name) for name in names})
        for cell in _list(value)
        if isinstance(cell, dict)
    ]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _code_cells(raw: _Notebook) -> Iterator[Cell]:
    cells = raw.cells + [cell for sheet in raw.worksheets for cell in sheet.cells]
    for index, cell in enumerate(cells[:MOST_CELLS]):
        if cell.cell_type == "code":
            source = _text(cell.source if cell.source is not None else cell.input)
            if source and not source.isspace():
                yield Cell(index, source, _cell_language(cell))


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


def _cell_language(cell: _Cell) -> str:
    metadata = cell.metadata if isinstance(cell.metadata, dict) else {}
    for table, key in (
        ("polyglot_notebook", "kernelName"),
        ("dotnet_interactive", "language"),
        ("vscode", "languageId"),
    ):
        part = metadata.get(table)
        if isinstance(part, dict) and isinstance(part.get(key), str):
            return str(part[key]).lower()
    return cell.language.lower() if isinstance(cell.language, str) else ""


def _language(metadata: dict[str, Any]) -> str:
    spec, info = metadata.get("kernelspec"), metadata.get("language_info")
    for table, key in ((spec, "language"), (info, "name"), (spec, "name")):
        value = table.get(key) if isinstance(table, dict) else None
        if isinstance(value, str) and value:
            return value.lower()
    return ""
