"""`coursia-genai timeline`: what the Lab did, for whom, why, and how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

import click
from jupyter_core.paths import jupyter_data_dir
from rich.table import Table

from ..lab.read_timeline import read_timeline
from ..lab.store.place import find_place
from ..wire.timeline import TimelineEntry, TimelineView
from .find import FoundLab, find_lab, where
from .find import as_json as json_option
from .shown import console, plain, print_json, told

FOLLOW_SECONDS = 1.0
MOST = 500
STORE_VARIABLE = "COURSIA_GENAI_STORE"
_STYLES = {"ready": "green", "failed": "red", "stopped": "dim", "released": "dim"}

Ask = Callable[[int], TimelineView]


@click.command()
@click.option("--service", default=None, help="Only what happened to this service.")
@click.option(
    "--limit",
    type=click.IntRange(1, MOST),
    default=50,
    show_default=True,
    help="How many entries, the newest.",
)
@click.option("--follow", is_flag=True, help="Go on with what happens from now on.")
@click.option(
    "--store",
    default="",
    envvar=STORE_VARIABLE,
    help="Read this record and ask no Lab: as GenAILab.store_url. Name a file that holds the "
    f"URL rather than a password. Also {STORE_VARIABLE}.",
)
@where
@json_option
def timeline(
    service: str | None,
    limit: int,
    follow: bool,
    store: str,
    url: str,
    token: str,
    as_json: bool,
) -> None:
    """Show what the Lab did and why, the newest last.

    The running Lab is asked; without one, the record that the last one left is read.
    """
    with told(as_json):
        found = None if store else find_lab(url, token)
        ask = _of_lab(found, service) if found else _of_store(store, service)
        view = ask(limit)
        entries = list(reversed(view.entries))
        _print(entries, as_json)
        if not entries and not as_json and not follow:
            click.echo("Nothing has happened yet.")
        if follow:
            with suppress(KeyboardInterrupt):
                _follow(ask, entries, as_json)


def _of_lab(found: FoundLab, service: str | None) -> Ask:
    def ask(limit: int) -> TimelineView:
        with found.client() as lab:
            return lab.timeline(service, limit=limit)

    return ask


def _of_store(store: str, service: str | None) -> Ask:
    place = find_place(store, jupyter_data_dir())

    def ask(limit: int) -> TimelineView:
        return read_timeline(place, service=service, limit=limit)

    return ask


def _follow(ask: Ask, shown: Sequence[TimelineEntry], as_json: bool) -> None:
    # Ids count in one store, and an entry that no store has taken yet has none of its own.
    seen = {_key(entry) for entry in shown}
    since = min((entry.at for entry in shown), default=0.0)
    while True:
        page = [entry for entry in reversed(ask(MOST).entries) if entry.at >= since]
        _print([entry for entry in page if _key(entry) not in seen], as_json)
        seen |= {_key(entry) for entry in page}
        time.sleep(FOLLOW_SECONDS)


def _key(entry: TimelineEntry) -> tuple[float, str, str]:
    return (entry.at, entry.service, entry.event)


def _print(entries: Sequence[TimelineEntry], as_json: bool) -> None:
    if as_json:
        for entry in entries:
            print_json(entry.model_dump(mode="json"))
    elif entries:
        table = Table(box=None, pad_edge=False, show_header=False)
        for style in ("dim", "bold", "", ""):
            table.add_column(style=style, overflow="fold")
        for entry in entries:
            table.add_row(
                _when(entry.at),
                plain(entry.service),
                plain(entry.event, _STYLES.get(entry.event, "yellow")),
                plain(_words(entry)),
            )
        console().print(table)


def _when(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def _words(entry: TimelineEntry) -> str:
    words = [f"by {entry.by}" if entry.by else ""]
    words.append(f"after {entry.seconds:.1f} s" if entry.seconds is not None else "")
    words.append(entry.reason)
    return "; ".join(word for word in words if word)
