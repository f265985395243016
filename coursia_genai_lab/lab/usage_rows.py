"""The rows of an export: jobs with their charges, as a spreadsheet that runs nothing."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timezone

from ..wire.usage import ExportRow, UsageExport
from .charge import MICROUSD_A_CENT
from .generation import KeptGeneration
from .ledger.row import ChargeRow

FORMULA = re.compile(r"(^|[;\t\r\n])(?=[ \"']{0,8}[=+\-@\uff1d\uff0b\uff0d\uff20])|^(?=[\t\r\n])")
"""What makes a spreadsheet compute a cell: whoever named a model must not run anything.

Where commas are decimal signs, tables are cut at semicolons, whatever the quotes around them say.
"""
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What a terminal that shows the table would obey."""
MORE = "MORE ROWS FOLLOW: ask again with since="


def joined(
    made: Iterable[KeptGeneration], charges: Iterable[ChargeRow], *, prompts: bool
) -> list[ExportRow]:
    """Return one row a job, the oldest first; charges that are anonymous stand alone."""
    rows: dict[str, ExportRow] = {}
    for one in made:
        rows[one.id] = ExportRow(
            id=one.id,
            at=one.at,
            person=one.person,
            kind=one.kind,
            service=one.service,
            model=one.model,
            outcome=one.outcome,
            code=one.code or "",
            seconds=round(one.seconds, 3),
            pictures=one.pictures,
            prompt=(one.prompt or "") if prompts else "",
        )
    for charge in charges:
        before = rows.get(charge.job)
        rows[charge.job or f" {charge.id}"] = _with_charge(before, charge)
    return sorted(rows.values(), key=lambda row: (row.at, row.id))


def cut(
    rows: list[ExportRow],
    made: Sequence[KeptGeneration],
    charges: Sequence[ChargeRow],
    *,
    limit: int,
) -> tuple[list[ExportRow], bool]:
    """Return the rows up to where both sources were read, `limit` at most, and whether that cuts.

    Each source was asked for one row more than `limit`.
    """
    ends = [source[limit].at for source in (made, charges) if len(source) > limit]
    whole = [row for row in rows if not ends or row.at < min(ends)]
    return whole[:limit], bool(ends) or len(whole) > limit


def as_csv(export: UsageExport) -> str:
    """Return an export as CSV with a heading; times are ISO 8601 in UTC.

    What would begin a formula gets an apostrophe before it. Where the export is cut, the last row
    says so in its first cell.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    names = list(ExportRow.model_fields)
    writer.writerow(names)
    for row in export.rows:
        values = {**row.model_dump(), "at": _iso(row.at)}
        writer.writerow([_cell(values[name]) for name in names])
    if export.cut:
        last = export.rows[-1].at if export.rows else export.since
        writer.writerow([f"{MORE}{last!r}"])
    return text.getvalue()


def _with_charge(before: ExportRow | None, charge: ChargeRow) -> ExportRow:
    state = {
        "state": charge.state,
        "gpu_seconds": charge.gpu_ms / 1000,
        "cents": charge.microusd / MICROUSD_A_CENT,
        "fallback": charge.fallback,
    }
    if before is None:
        return ExportRow(
            id=charge.job,
            at=charge.at,
            person=charge.person,
            kind="text" if charge.kind == "text" else "",
            service=charge.service,
            model=charge.model,
            pictures=charge.pictures,
            **state,
        )
    state["gpu_seconds"] = before.gpu_seconds + charge.gpu_ms / 1000
    state["cents"] = before.cents + charge.microusd / MICROUSD_A_CENT
    state["fallback"] = charge.fallback or before.fallback
    return before.model_copy(update=state)


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    return FORMULA.sub(r"\1'", CONTROL.sub("\ufffd", value))


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, timezone.utc).isoformat(timespec="milliseconds")
