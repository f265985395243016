"""`coursia-genai usage`: what was made, what it cost, what is left; to take away or to forget."""

from __future__ import annotations

import time
from datetime import datetime

import click
from rich.table import Table

from ..lab.usage_rows import as_csv
from ..wire.usage import Allowance, UsageView
from .find import as_json as json_option
from .find import need_lab, where
from .shown import console, plain, print_json, told

DAY = 86400.0
EVERYBODY = "*"
_SPANS = {"hour": "this hour", "day": "today", "week": "this week", "month": "this month"}

days_option = click.option(
    "--days",
    type=click.FloatRange(min=0),
    default=7.0,
    show_default=True,
    help="How far back.",
)
person_option = click.option(
    "--person", default="", help="Another person; for teachers and admins."
)


@click.group(invoke_without_command=True, short_help="Show what you used, its cost, what is left.")
@days_option
@person_option
@where
@json_option
@click.pass_context
def usage(
    context: click.Context, days: float, person: str, url: str, token: str, as_json: bool
) -> None:
    """Show what you had made lately, what it cost, and what your quotas leave."""
    context.obj = (url, token, as_json)
    if context.invoked_subcommand is not None:
        return
    with told(as_json), need_lab(url, token).client() as lab:
        view = lab.usage(person, time.time() - days * DAY)
        if as_json:
            print_json(view.model_dump(mode="json"))
        else:
            _print(view)


@usage.command("export", short_help="Print every job and its cost as a table.")
@days_option
@person_option
@click.option("--everybody", is_flag=True, help="The whole class; for teachers and admins.")
@click.option(
    "--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True
)
@where
@json_option
@click.pass_obj
def export_usage(
    said: tuple[str, str, bool],
    days: float,
    person: str,
    everybody: bool,
    form: str,
    url: str,
    token: str,
    as_json: bool,
) -> None:
    """Print every job with what it cost, as a table for spreadsheets or as JSON."""
    as_json = as_json or said[2] or form == "json"
    whose = EVERYBODY if everybody else person
    with told(as_json), need_lab(url or said[0], token or said[1]).client() as lab:
        export = lab.export_usage(whose, time.time() - days * DAY)
        if as_json:
            print_json(export.model_dump(mode="json"))
        else:
            click.echo(as_csv(export), nl=False)
        if export.cut:
            click.echo("There are more rows than one export holds.", err=True)


@usage.command("erase", short_help="Forget your name and prompts; sums stay.")
@person_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@where
@json_option
@click.pass_obj
def erase_usage(
    said: tuple[str, str, bool], person: str, yes: bool, url: str, token: str, as_json: bool
) -> None:
    """Let record and ledger forget your name and your prompts, and delete your small pictures;
    sums and quotas stay.
    """
    as_json = as_json or said[2]
    if not yes:
        click.confirm("This cannot be undone. Forget it?", abort=True)
    with told(as_json), need_lab(url or said[0], token or said[1]).client() as lab:
        erased = lab.erase_usage(person)
        if as_json:
            print_json(erased.model_dump(mode="json"))
        else:
            click.echo(
                f"Forgotten: whose {erased.generations} generations and {erased.charges} charges "
                f"were. Deleted: {erased.thumbnails} small pictures."
            )


def _print(view: UsageView) -> None:
    screen = console()
    since = datetime.fromtimestamp(view.since).astimezone()
    words = (
        f"Since {since:%Y-%m-%d %H:%M}: {view.pictures} pictures, {view.seconds:.0f} s of engines"
    )
    screen.print(plain(f"{words}, {view.failed} failed, {_dollars(view.cents)}"))
    if view.unknown:
        many = "1 charge" if view.unknown == 1 else f"{view.unknown} charges"
        counts = "counts at its" if view.unknown == 1 else "count at their"
        words = (
            f"{many} whose end nobody heard {counts} worst; an admin looks: coursia-genai ledger"
        )
        screen.print(plain(words, "yellow"))
    if not view.left:
        screen.print(plain("No quota concerns you."))
        return
    table = Table(box=None, pad_edge=False, show_header=False)
    for _ in range(3):
        table.add_column(overflow="fold")
    for one in view.left:
        table.add_row(plain(_whose(one)), plain(_left(one)), plain(_renews(one)))
    screen.print(table)


def _whose(one: Allowance) -> str:
    name = {"person": "you", "course": "the course"}.get(one.scope, f"{one.scope} {one.name}")
    return f"{name}, {_SPANS.get(one.window, 'the whole course')}"


def _left(one: Allowance) -> str:
    words = []
    if one.pictures is not None:
        words.append(f"{one.pictures_left} of {one.pictures} pictures")
    if one.gpu_seconds is not None:
        words.append(f"{one.gpu_seconds_left:.0f} of {one.gpu_seconds:.0f} s of the GPU")
    if one.cents is not None and one.cents_left is not None:
        words.append(f"{_dollars(one.cents_left)} of {_dollars(one.cents)}")
    return ", ".join(words) + " left"


def _renews(one: Allowance) -> str:
    if one.renews_at is None:
        return ""
    return f"until {datetime.fromtimestamp(one.renews_at).astimezone():%Y-%m-%d %H:%M}"


def _dollars(cents: float) -> str:
    return f"${cents / 100:.2f}" if round(cents, 6) == round(cents) else f"${cents / 100:.4f}"
