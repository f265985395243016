"""`coursia-genai ledger`: what was bought, and charges whose end nobody heard."""

from __future__ import annotations

from datetime import datetime
from typing import get_args

import click
from rich.table import Table

from ..wire.usage import ChargeState, ChargeView
from .find import as_json as json_option
from .find import need_lab, where
from .shown import console, plain, print_json, told

_STYLES = {"settled": "green", "unknown": "yellow", "refunded": "dim"}


@click.group(invoke_without_command=True, short_help="Show what was paid for, or has not ended.")
@click.option("--state", type=click.Choice(get_args(ChargeState)), default=None, help="Only these.")
@click.option(
    "--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many."
)
@where
@json_option
@click.pass_context
def ledger(
    context: click.Context, state: str | None, limit: int, url: str, token: str, as_json: bool
) -> None:
    """Show the newest charges that somebody was paid for, or that have not ended.

    `unknown` are those whose end nobody heard: a provider was asked, and the Lab, the network or
    the provider died. They count at their worst until an admin has looked at the provider's bill.
    """
    context.obj = (url, token, as_json)
    if context.invoked_subcommand is not None:
        return
    with told(as_json), need_lab(url, token).client() as lab:
        view = lab.ledger(state or "", limit=limit)
        if as_json:
            print_json(view.model_dump(mode="json"))
        elif not view.charges:
            click.echo("No such charges.")
        else:
            _print(view.charges)


@ledger.command("resolve", short_help="Say what the charge CHARGE came to.")
@click.argument("charge")
@click.option("--cents", type=click.FloatRange(min=0), help="US cents that the provider charged.")
@click.option("--refund", is_flag=True, help="The provider charged nothing.")
@where
@json_option
@click.pass_obj
def resolve(
    said: tuple[str, str, bool],
    charge: str,
    cents: float | None,
    refund: bool,
    url: str,
    token: str,
    as_json: bool,
) -> None:
    """Say what CHARGE came to, by the id of its job; for admins, and kept in the audit."""
    as_json = as_json or said[2]
    if refund == (cents is not None):
        raise click.UsageError("Give either --cents or --refund.")
    with told(as_json), need_lab(url or said[0], token or said[1]).client() as lab:
        view = lab.resolve_charge(charge, cents)
        if as_json:
            print_json(view.model_dump(mode="json"))
        else:
            click.echo(f"The charge is {view.state}: {view.cents:g} cents.")


def _print(charges: list[ChargeView]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("job", "when", "state", "cents", "person", "service", "model", "why"):
        table.add_column(heading, overflow="fold")
    for one in charges:
        table.add_row(
            plain(one.id),
            f"{datetime.fromtimestamp(one.at).astimezone():%Y-%m-%d %H:%M}",
            plain(one.state, _STYLES.get(one.state, "")),
            f"{one.cents:g}",
            plain(one.person),
            plain(one.service),
            plain(one.model),
            plain(one.fallback),
        )
    console().print(table)
