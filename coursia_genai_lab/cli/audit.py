"""`coursia-genai audit`: who changed what others may do, or what is known of them."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

import click
from rich.table import Table

from ..wire.audit import AuditEntry, Deed
from .find import as_json as json_option
from .find import need_lab, where
from .shown import console, plain, print_json, told


@click.command(short_help="Show deeds that changed others' rights.")
@click.option("--deed", type=click.Choice(get_args(Deed)), default=None, help="Only these.")
@click.option("--person", default="", help="Only what this person did.")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many."
)
@where
@json_option
def audit(deed: str | None, person: str, limit: int, url: str, token: str, as_json: bool) -> None:
    """Show deeds that changed what others may do, the newest last; for teachers and admins."""
    with told(as_json), need_lab(url, token).client() as lab:
        entries = list(reversed(lab.audit(deed=deed or "", person=person, limit=limit).entries))
        if as_json:
            for entry in entries:
                print_json(entry.model_dump(mode="json"))
        elif not entries:
            click.echo("Nothing has been noted.")
        else:
            _print(entries)


def _print(entries: list[AuditEntry]) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    for style in ("dim", "", "bold", "", ""):
        table.add_column(style=style, overflow="fold")
    for one in entries:
        table.add_row(
            f"{datetime.fromtimestamp(one.at).astimezone():%Y-%m-%d %H:%M:%S}",
            plain(one.person or "the Lab"),
            plain(one.deed),
            plain(one.subject),
            plain(one.detail),
        )
    console().print(table)
