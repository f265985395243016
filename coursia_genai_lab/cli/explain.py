"""`coursia-genai detect --explain`: the cells of a notebook with the lines that decided."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from rich.text import Text

from ..catalog import ServiceSpec
from ..detection.profile import Detector
from ..detection.signs import LONGEST_LINE, masked
from ..wire.notebooks import Evidence, Profile, Section
from .code_cells import code_cells
from .detect_words import in_short, on_opening, rule_words, word_of
from .shown import console, plain, print_json
from .walk import shown_path

AROUND = 2
"""Lines shown before and after one that is marked."""
WHOLE = 12
"""Lines up to which a cell is shown as a whole."""
TAB = 4
LEGEND = "▶ decides, · supports"

Marks = Mapping[int, Sequence[Evidence]]
"""Line, from 1; 0 for the cell as a whole -> what it shows."""


def explain(
    files: Sequence[Path],
    detector: Detector,
    specs: Mapping[str, ServiceSpec],
    *,
    as_json: bool,
    needing: bool = False,
) -> None:
    """Print for each file why it is taken for what it is; as JSON, its whole profile a line.

    `needing` leaves out those that need no image service.
    """
    first = True
    for path in files:
        profile = detector.profile_file(path, api_path=shown_path(path))
        if needing and not profile.needs_image_service:
            continue
        if as_json:
            print_json(profile.model_dump(mode="json"))
            continue
        if not first:
            console().print()
        first = False
        _print(profile, code_cells(path) if profile.evidence else {}, specs)


def _print(
    profile: Profile, cells: Mapping[int, Sequence[str]], specs: Mapping[str, ServiceSpec]
) -> None:
    _say(plain(profile.path, "bold"))
    _say(plain(in_short(profile)))
    if profile.note:
        _say(plain(profile.note, "yellow"))
    for line in word_of(profile):
        _say(plain(line))
    for item in profile.evidence:
        if item.cell < 0 and item.rule != "metadata":
            _say(plain(f"{item.service}: {item.excerpt}", "dim"))
    marked = _marked(profile.evidence)
    if marked:
        _say(plain(LEGEND, "dim"))
    sections: Sequence[Section | None] = profile.sections or [None]
    for section in sections:
        if section is not None:
            _say(plain(""))
            _say(plain(_heading(section), "bold"))
        for cell in sorted(marked):
            if section is None or section.first_cell <= cell <= section.last_cell:
                _print_cell(cell, cells.get(cell, []), marked[cell])
    _say(plain(""))
    for line in on_opening(profile, specs):
        _say(plain(line))


def _marked(evidence: Sequence[Evidence]) -> dict[int, dict[int, list[Evidence]]]:
    found: dict[int, dict[int, list[Evidence]]] = {}
    for item in evidence:
        if item.cell >= 0:
            found.setdefault(item.cell, {}).setdefault(item.line, []).append(item)
    return found


def _heading(section: Section) -> str:
    first, last = section.first_cell + 1, section.last_cell + 1
    place = f"Cell {first}" if first == last else f"Cells {first} to {last}"
    return f"── {place}: {', '.join([section.kind, *section.services])} ──"


def _print_cell(cell: int, lines: Sequence[str], marks: Marks) -> None:
    _say(plain(f"Cell {cell + 1}", "bold"))
    for item in marks.get(0, ()):
        _say(_reason(item))
    last = 0
    for line in _shown_lines(len(lines), marks):
        if line > last + 1:
            _say(_gap(line - last - 1))
        _print_line(line, lines[line - 1], marks.get(line, ()))
        last = line
    if len(lines) > last:
        _say(_gap(len(lines) - last))
    # The file has changed since it was examined: what detection kept is all there is.
    for line in sorted(line for line in marks if line > len(lines)):
        _print_line(line, marks[line][0].excerpt, marks[line])


def _print_line(line: int, words: str, found: Sequence[Evidence]) -> None:
    _say(_code(line, words, found))
    for item in {(item.service, item.rule): item for item in found}.values():
        _say(_reason(item))


def _shown_lines(count: int, marks: Collection[int]) -> Iterator[int]:
    for line in range(1, count + 1):
        near = range(line - AROUND, line + AROUND + 1)
        if count <= WHOLE or any(mark in near for mark in marks):
            yield line


def _gap(lines: int) -> Text:
    return plain(f"       … {lines} line{'' if lines == 1 else 's'}", "dim")


def _code(number: int, line: str, found: Sequence[Evidence]) -> Text:
    sign = "▶" if any(item.strong for item in found) else "·" if found else " "
    words = masked(line[:LONGEST_LINE].expandtabs(TAB)).rstrip()
    style = "" if sign == "▶" else "dim"
    return plain(f"{sign} {number:4d}  {words}", f"bold {style}" if found else style)


def _reason(item: Evidence) -> Text:
    words = f"       └ {item.service}: {rule_words(item.rule)}"
    return plain(words, "cyan" if item.strong else "dim cyan")


def _say(text: Text) -> None:
    # A long line is cut at the edge: wrapped code would hide which line is which.
    console().print(text, no_wrap=True, overflow="ellipsis", crop=True)
