"""Read the rows of a data frame as requests, whichever library it is of; none is imported."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from ..errors import InvalidRequest

ARGUMENTS = frozenset(
    {"prompt", "model", "size", "seed", "n", "steps", "guidance", "negative_prompt", "workflow"}
)
WHOLE = frozenset({"seed", "n", "steps"})


def rows_of(table: object) -> list[Mapping[str, Any]] | None:
    """Return a data frame's rows as arguments of `generate`; None: it is no data frame.

    A row takes part with the columns that are named as arguments; an empty cell counts as not
    given. Other columns (a number, a remark) are the person's own.

    Raises:
        InvalidRequest: no column is named `prompt`.
    """
    records = _records(table)
    if records is None:
        return None
    names = [str(name) for name in getattr(table, "columns", [])]
    if "prompt" not in names:
        found = ", ".join(names[:20]) or "none"
        raise InvalidRequest(
            f"prompts: the table has no column `prompt`; its columns: {found}.",
            'Rename the column of the texts to "prompt", or pass that column alone.',
        )
    return [_arguments(record) for record in records]


def _records(table: object) -> Iterable[Mapping[Any, Any]] | None:
    if not hasattr(table, "columns"):
        return None
    if hasattr(table, "to_dicts"):  # polars
        polars: Iterable[Mapping[Any, Any]] = table.to_dicts()
        return polars
    if hasattr(table, "to_dict"):  # pandas
        pandas: Iterable[Mapping[Any, Any]] = table.to_dict(orient="records")
        return pandas
    return None


def _arguments(record: Mapping[Any, Any]) -> dict[str, Any]:
    row = {str(name): value for name, value in record.items()}
    return {name: _cell(name, row[name]) for name in row if name in ARGUMENTS and _given(row[name])}


def _given(value: object) -> bool:
    if value is None or value == "":
        return False
    try:
        # pandas writes NaN, or a value that equals nothing, where a cell is empty.
        return not (isinstance(value, float) and math.isnan(value)) and bool(value == value)
    except (TypeError, ValueError):
        return True


def _cell(name: str, value: Any) -> Any:
    # A column with an empty cell comes as floats, numpy's own numbers as theirs.
    plain = value.item() if hasattr(value, "item") else value
    if name in WHOLE and isinstance(plain, float) and plain.is_integer():
        return int(plain)
    return plain
