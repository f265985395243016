"""Part a notebook into runs of cells that use image services and runs that do not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import pairwise

from ..wire.notebooks import Section

LONGEST_ABSORBED = 2
"""Code cells that may join the genai cells around them: a set-up, a look at a result."""


def find_sections(
    code_cells: Sequence[int],
    count: int,
    *,
    uses: Mapping[int, Collection[str]],
    studies: Collection[int],
) -> list[Section]:
    """Return the sections of a notebook of `count` cells; together they cover it.

    A code cell is genai when it uses a service (`uses`: cell -> services). Any other is classic,
    but a run of at most LONGEST_ABSORBED code cells between two genai cells, or between one and
    an end of the notebook, joins them unless one of its cells is a study of its own (`studies`).
    A cell without code goes with the next code cell, at the end with the one before.
    """
    if count <= 0:
        return []
    genai = _smoothed([cell in uses for cell in code_cells], code_cells, studies)
    kinds = dict(zip(code_cells, genai, strict=True))
    found: list[Section] = []
    start = 0
    for before, cell in pairwise(code_cells):
        if kinds[cell] != kinds[before]:
            # The cells without code between the two belong to the later one.
            found.append(_section(kinds[before], start, before, uses))
            start = before + 1
    found.append(_section(bool(genai) and genai[-1], start, count - 1, uses))
    return found


def _smoothed(genai: list[bool], code_cells: Sequence[int], studies: Collection[int]) -> list[bool]:
    made = list(genai)
    if not any(genai):
        return made
    start = 0
    while start < len(genai):
        end = start
        while end < len(genai) and genai[end] == genai[start]:
            end += 1
        short = end - start <= LONGEST_ABSORBED
        if not genai[start] and short and not any(c in studies for c in code_cells[start:end]):
            made[start:end] = [True] * (end - start)
        start = end
    return made


def _section(genai: bool, first: int, last: int, uses: Mapping[int, Collection[str]]) -> Section:
    services: Iterable[str] = ()
    if genai:
        services = (name for cell in range(first, last + 1) for name in uses.get(cell, ()))
    return Section(
        kind="genai" if genai else "classic",
        first_cell=first,
        last_cell=last,
        services=list(dict.fromkeys(services)),
    )
