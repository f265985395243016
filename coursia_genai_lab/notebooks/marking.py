"""Change the teacher's word in a notebook's bytes and keep every other byte."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from ..errors import Conflict, GenAIError, InvalidRequest
from .json_edit import Layout, layout_of, plain_value, with_member, without_member, written
from .json_spans import ObjectSpan, object_at, white_end
from .word import WORDS, Change, same, word_of

_ENTRIES = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True)
class Marked:
    """A notebook with the word changed."""

    data: bytes = field(repr=False)
    before: dict[str, Any]
    """The teacher's word as it was: those of `WORDS` that were set."""
    after: dict[str, Any]
    changed: bool


def mark_bytes(data: bytes, change: Change) -> Marked:
    """Return a notebook's bytes with the teacher's word changed, every other byte as it was.

    The word is read back from the result before it is returned.

    Raises:
        InvalidRequest: empty, not JSON, or not a notebook.
        Conflict: its metadata cannot be edited safely (a key stands twice, say).
    """
    try:
        return _marked(data, change)
    except RecursionError:
        raise _no_notebook("It is nested too deeply for any program.", "broken_notebook") from None


def _marked(data: bytes, change: Change) -> Marked:
    start = len(codecs.BOM_UTF8) if data.startswith(codecs.BOM_UTF8) else 0
    entries = _checked(memoryview(data)[start:])
    top = _notebook_at(data, white_end(data, start), entries)
    metadata = _object_in(data, top, "metadata", "metadata")
    genai = _object_in(data, metadata, "genai", "metadata.genai") if metadata else None
    now = plain_value(data[genai.start : genai.end]) if genai else {}
    wanted = change.applied_to(now)
    if genai:
        _refuse_doubles(genai, WORDS, "metadata.genai")
    if same(now, wanted):
        return Marked(data, word_of(now), word_of(now), changed=False)
    made = _spliced(data, top, metadata, genai, now, wanted)
    _check_result(made, start, wanted)
    return Marked(made, word_of(now), word_of(wanted), changed=True)


def _spliced(
    data: bytes,
    top: ObjectSpan,
    metadata: ObjectSpan | None,
    genai: ObjectSpan | None,
    now: Mapping[str, Any],
    wanted: Mapping[str, Any],
) -> bytes:
    # Each object is changed in its own small piece: the outputs are copied once, at the end.
    outermost = Layout(unit=b"")
    around = layout_of(data, top, outermost)
    if metadata is None:
        whole = dict(sorted(wanted.items()))
        value = written({"genai": whole}, around)
        return with_member(data, top, "metadata", value, outermost)
    inner = layout_of(data, metadata, around)
    piece, within = _piece(data, metadata)
    if not wanted:
        piece = without_member(piece, within, "genai")
    else:
        if genai is None:
            value = written(dict(sorted(wanted.items())), inner)
        else:
            value = _edited(data[genai.start : genai.end], inner, now, wanted)
        piece = with_member(piece, within, "genai", value, around)
    return data[: metadata.start] + piece + data[metadata.end :]


def _edited(
    piece: bytes, outer: Layout, now: Mapping[str, Any], wanted: Mapping[str, Any]
) -> bytes:
    for key in WORDS:
        span = object_at(piece)
        assert span is not None
        if key in wanted and not (key in now and same(now[key], wanted[key])):
            value = written(wanted[key], layout_of(piece, span, outer))
            piece = with_member(piece, span, key, value, outer)
        elif key in now and key not in wanted:
            piece = without_member(piece, span, key)
    return piece


def _piece(data: bytes, span: ObjectSpan) -> tuple[bytes, ObjectSpan]:
    piece = data[span.start : span.end]
    within = object_at(piece)
    assert within is not None
    return piece, within


def _checked(data: memoryview) -> dict[str, msgspec.Raw]:
    try:
        return _ENTRIES.decode(data)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        # NaN and lone surrogates, which Jupyter writes and reads, are for the standard library.
        _check_leniently(bytes(data))
        return {}


def _check_leniently(data: bytes) -> None:
    if not data.strip():
        raise _no_notebook("The file is empty.", "empty_notebook")
    try:
        value = plain_value(data)
    except ValueError as error:
        where = ""
        if isinstance(error, json.JSONDecodeError):
            where = f" near line {error.lineno}, column {error.colno}"
        raise _no_notebook(f"It is not valid JSON{where}.", "broken_notebook") from None
    if not isinstance(value, dict):
        raise _no_notebook("It is JSON, but not a notebook.", "not_a_notebook")


def _notebook_at(data: bytes, start: int, known: Mapping[str, msgspec.Raw]) -> ObjectSpan:
    top = object_at(data, start, known)
    if top is None or not any(top.named(key) for key in ("cells", "worksheets", "nbformat")):
        raise _no_notebook("It is JSON, but not a notebook.", "not_a_notebook")
    return top


def _object_in(data: bytes, outer: ObjectSpan, key: str, shown: str) -> ObjectSpan | None:
    _refuse_doubles(outer, (key,), shown)
    for member in outer.named(key):
        found = object_at(data, member.value_start)
        if found is None and data[member.value_start : member.end] != b"null":
            raise Conflict(
                f"{shown} is not an object, so nothing can be written into it.",
                "Open the notebook in JupyterLab, correct its metadata, and save it.",
                code="odd_metadata",
            )
        return found
    return None


def _refuse_doubles(span: ObjectSpan, keys: Sequence[str], shown: str) -> None:
    for key in keys:
        if len(span.named(key)) > 1:
            raise Conflict(
                f"The key {key!r} stands twice ({shown}), and programs differ in which one counts.",
                "Open the notebook in JupyterLab and save it: one of them is kept.",
                code="double_key",
            )


def _no_notebook(message: str, code: str) -> GenAIError:
    remedy = "Open it in a text editor, or take an earlier version of the file."
    return InvalidRequest(message, remedy, code=code)


def _check_result(made: bytes, start: int, wanted: Mapping[str, Any]) -> None:
    entries = _checked(memoryview(made)[start:])
    top = object_at(made, white_end(made, start), entries)
    assert top is not None
    [member] = top.named("metadata")
    written_down = plain_value(made[member.value_start : member.end])
    if not same(written_down.get("genai", {}), dict(wanted)):
        raise GenAIError("The change could not be made; the file is as it was.", code="defect")
