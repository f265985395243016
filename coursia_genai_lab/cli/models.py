"""`coursia-genai models`: what model files are here, and how the others come."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import click
from rich.table import Table

from ..errors import GenAIError, InvalidRequest
from ..wire.weights import WeightsList, WeightsView
from .find import as_json as json_option
from .models_here import Here, here
from .models_shown import Shown, size_text
from .shown import console, plain, print_json, told
from .status import print_problem

INTERRUPTED = 130
_STATES = {"present": "green", "wrong": "red", "missing": "dim", "partial": "yellow"}

roots_option = click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder for model files, in place of GenAILab.model_roots; may be given again.",
)


@click.group()
def models() -> None:
    """Show, fetch, check, import and clean up model files."""


@models.command("list", short_help="Show every model, and how to get it.")
@roots_option
@json_option
def list_models(roots: tuple[Path, ...], as_json: bool) -> None:
    """Show every model of the catalogue: what is here, how big, its licence, how to get it."""
    with told(as_json):
        found = here(roots).stock.everything({})
        if as_json:
            print_json(found.model_dump(mode="json"))
        else:
            _print_list(found)


@models.command()
@click.argument("ids", nargs=-1, metavar="[MODEL]...")
@click.option("--service", help="Every model of this service that is not optional.")
@click.option("--all", "everything", is_flag=True, help="Every model of the catalogue.")
@click.option(
    "--accept-licence",
    is_flag=True,
    help="You have read the licences of these models and accept them for this machine.",
)
@click.option("--replace", is_flag=True, help="Also replace wrong files that somebody put there.")
@click.option("--wait/--no-wait", default=True, help="Follow another process that fetches it.")
@roots_option
@json_option
def fetch(
    ids: tuple[str, ...],
    service: str | None,
    everything: bool,
    accept_licence: bool,
    replace: bool,
    wait: bool,
    roots: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Bring what is missing of these models; what is here already stays.

    Ctrl-C ends it and keeps what came; the same command goes on from there.
    """
    with told(as_json):
        place = here(roots, replace_foreign=replace, wait=wait)
        wanted = _wanted(place, ids, service, everything=everything)
        for model_id in wanted:
            _see_to_the_licence(place, model_id, accept=accept_licence, ask=not as_json)
        shown = Shown(as_json)
        try:
            with shown:
                asyncio.run(place.fetch(wanted, shown.step, shown.done))
        except KeyboardInterrupt:
            shown.say("Ended. What came is kept; the same command goes on from there.")
            raise SystemExit(INTERRUPTED) from None
        place.tell_the_lab()


@models.command(short_help="Read model files and compare their hashes.")
@click.argument("ids", nargs=-1, metavar="[MODEL]...")
@click.option("--again", is_flag=True, help="Also files that have not changed since last time.")
@roots_option
@json_option
def verify(ids: tuple[str, ...], again: bool, roots: tuple[Path, ...], as_json: bool) -> None:
    """Read the files of these models, or of all that are here, and compare their hashes."""
    with told(as_json):
        place = here(roots)
        wanted = list(ids) or list(place.stock.offers)
        wrong = read = 0
        shown = Shown(as_json)
        try:
            with shown:
                for model_id in wanted:
                    for checked in place.check(model_id, shown.step, again=again):
                        wrong += checked.verdict == "wrong"
                        read += checked.verdict != "absent"
                        shown.checked(model_id, checked)
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None
        if not read:
            shown.say("None of their files is here; there was nothing to read.")
        if wrong:
            raise SystemExit(1)


@models.command(short_help="List, or delete, what nobody needs.")
@click.option(
    "--days",
    type=click.FloatRange(min=0),
    default=14.0,
    show_default=True,
    help="Unfinished downloads that nobody went on with for so many days.",
)
@click.option("--delete", is_flag=True, help="Delete them; without it they are only listed.")
@roots_option
@json_option
def gc(days: float, delete: bool, roots: tuple[Path, ...], as_json: bool) -> None:
    """List what nobody needs: old unfinished downloads, and fetched files that no spec names.

    Files that the Lab did not put there are never touched, and none while a service file is wrong.
    """
    from ..weights.clean import leftovers, remove
    from ..weights.stock import named_files

    with told(as_json):
        place = here(roots)
        named = None if place.unread else named_files(place.stock.offers)
        if place.unread:
            # What such a file names is needed again once it is mended.
            words = "Fetched files stay, for not all service files could be read"
            click.echo(plain(f"{words}: {place.unread}").plain, err=True)
        found = leftovers(place.stock.roots, named, part_days=days)
        freed = 0
        for one in found:
            gone = delete and remove(one)
            freed += one.size_bytes if gone else 0
            if as_json:
                print_json(
                    {
                        "kind": one.kind,
                        "path": str(one.path),
                        "size_bytes": one.size_bytes,
                        "age_days": round(one.age_seconds / 86_400, 1),
                        "deleted": gone,
                    }
                )
            else:
                what = "unfinished download" if one.kind == "part" else "named by no service"
                verb = "deleted " if gone else ""
                click.echo(plain(f"{verb}{one.path}  {size_text(one.size_bytes)}  {what}").plain)
        if not as_json:
            _say_what_gc_did(len(found), sum(one.size_bytes for one in found), freed, delete=delete)


@models.command("import")
@click.argument("folder", type=click.Path(path_type=Path))
@click.argument("ids", nargs=-1, metavar="[MODEL]...")
@click.option("--link", is_flag=True, help="Hard links where the disk allows it, else copies.")
@click.option("--replace", is_flag=True, help="Also replace wrong files that somebody put there.")
@click.option("--accept-licence", is_flag=True, help="You accept their licences for this machine.")
@roots_option
@json_option
def import_models(
    folder: Path,
    ids: tuple[str, ...],
    link: bool,
    replace: bool,
    accept_licence: bool,
    roots: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Take missing files from FOLDER, for machines without a network.

    A file is taken that has the published hash, where there is one, else the name and size.
    """
    with told(as_json):
        place = here(roots, replace_foreign=replace)
        wanted = _wanted(place, ids, None, everything=not ids)
        shown = Shown(as_json)
        try:
            with shown:
                taken = place.bring(
                    folder,
                    wanted,
                    shown,
                    link=link,
                    allowed=lambda model_id: _licence_is_seen_to(
                        place, model_id, accept=accept_licence, ask=not as_json
                    ),
                )
        except KeyboardInterrupt:
            raise SystemExit(INTERRUPTED) from None
        if not taken:
            shown.say("Nothing was taken.")
        if ids and any(place.stock.view(model_id).state != "present" for model_id in ids):
            raise SystemExit(1)
        place.tell_the_lab()


def _wanted(
    place: Here, ids: tuple[str, ...], service: str | None, *, everything: bool
) -> list[str]:
    chosen = [place.stock.offer(model_id).model.id for model_id in ids]
    if service is not None:
        offers = place.stock.of_service(service)
        needed = [one for one in offers if not one.model.optional] or offers
        chosen += [one.model.id for one in needed]
    if everything:
        chosen += list(place.stock.offers)
    if not chosen:
        raise InvalidRequest(
            "Which models?",
            "Name some, or --service NAME, or --all. This shows them:",
            command="coursia-genai models list",
        )
    return list(dict.fromkeys(chosen))


def _see_to_the_licence(place: Here, model_id: str, *, accept: bool, ask: bool) -> None:
    model = place.stock.offer(model_id).model
    if not place.licences.must_accept(model):
        return
    if not accept and ask and sys.stdin.isatty():
        click.echo(f"{model.title}: {model.licence}  {model.licence_url or ''}")
        accept = click.confirm("Have you read this licence, and do you accept it for this machine?")
    if not accept:
        raise place.licence_open(model)
    place.accept(model)


def _licence_is_seen_to(place: Here, model_id: str, *, accept: bool, ask: bool) -> bool:
    try:
        _see_to_the_licence(place, model_id, accept=accept, ask=ask)
    except GenAIError as error:
        click.echo(plain(str(error)).plain, err=True)
        return False
    return True


def _say_what_gc_did(count: int, size: int, freed: int, *, delete: bool) -> None:
    if not count:
        click.echo("Nothing to clean up.")
    elif delete:
        click.echo(f"{size_text(freed)} freed.")
    else:
        click.echo(f"{size_text(size)} could be freed: coursia-genai models gc --delete")


def _print_list(found: WeightsList) -> None:
    screen = console()
    for root in found.roots:
        room = "" if root.free_bytes is None else f", {size_text(root.free_bytes)} free"
        screen.print(plain(f"{root.path}{room}"))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("model", "services", "size", "state", "licence", "to get it"):
        table.add_column(name, overflow="fold")
    for model in found.models:
        table.add_row(
            plain(model.id),
            plain(", ".join(model.services)),
            plain(size_text(model.size_bytes)),
            plain(_state(model), _STATES.get(model.state, "yellow")),
            plain(_licence(model)),
            plain(_how(model)),
        )
    screen.print(table)
    problems = [root.problem for root in found.roots] + [found.problem]
    problems += [model.problem for model in found.models]
    for problem in dict.fromkeys(one for one in problems if one is not None):
        print_problem(screen, problem)


def _state(model: WeightsView) -> str:
    if model.state == "present":
        return "here, checked" if all(file.verified for file in model.files) else "here"
    if model.state == "partial" and model.missing_bytes:
        return f"partial, {size_text(model.missing_bytes)} to come"
    return model.state


def _licence(model: WeightsView) -> str:
    if model.must_accept:
        return f"{model.licence} (to be accepted)"
    if model.accepted_by:
        when = time.strftime("%Y-%m-%d", time.localtime(model.accepted_at or 0))
        return f"{model.licence} (accepted by {model.accepted_by}, {when})"
    return model.licence


def _how(model: WeightsView) -> str:
    if model.state == "present":
        return ""
    if not model.can_fetch and not any(file.source for file in model.files):
        return "coursia-genai models import FOLDER"
    token = " (needs HF_TOKEN)" if model.token_missing else ""
    return f"coursia-genai models fetch {model.id}{token}"
