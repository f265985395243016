"""`coursia-genai mark`: write the teacher's word into notebooks."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ..catalog import Catalog
from ..detection.profile import Detector
from ..errors import GenAIError, InvalidRequest
from ..notebooks.files import mark_file
from ..notebooks.word import FALLBACKS, MODES, UNSET, Change
from .find import as_json as json_option
from .mark_shown import Outcome, print_end, print_outcome
from .open_notebooks import running_in_jupyter
from .shown import console, plain, told
from .walk import catalog_with, notebooks, services_path, shown_path


@click.command(short_help="Write into notebooks what they need.")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--services",
    metavar="A,B",
    help=f"It needs just these, and is switched on. {UNSET!r}: what its code shows.",
)
@click.option("--off", is_flag=True, help="No GenAI for it; services that it names stay noted.")
@click.option("--auto", is_flag=True, help="Take the whole word away: its code decides again.")
@click.option("--mode", type=click.Choice([*MODES, UNSET]), help="The mode for it.")
@click.option(
    "--fallback",
    type=click.Choice([*FALLBACKS, UNSET]),
    help="What happens when a local service cannot answer: ask for the cloud, take it, do without.",
)
@click.option("--dry-run", is_flag=True, help="Say what would change; write nothing.")
@click.option("--yes", is_flag=True, help="Change what is below a folder without asking.")
@services_path
@json_option
def mark(
    paths: tuple[Path, ...],
    services: str | None,
    off: bool,
    auto: bool,
    mode: str | None,
    fallback: str | None,
    dry_run: bool,
    yes: bool,
    services_path: Path | None,
    as_json: bool,
) -> None:
    """Write into notebooks what they need, in place of what detection finds.

    PATHS are notebooks, or folders: then all notebooks below are meant, once you agree. The word
    is kept in `metadata.genai`; every other byte of a file stays. What is not named stays as it
    is. Status 1: some file was refused; 2: bad usage, nothing was written.
    """
    catalog = catalog_with(services_path)
    with told(as_json, status=2):
        change = _change(catalog, services, off, auto, mode, fallback)
        files = _agreed(paths, ask=not (yes or dry_run), as_json=as_json)
    detector = Detector(catalog)
    running = running_in_jupyter(files)
    done: list[Outcome] = []
    try:
        for path in files:
            done.append(_mark(path, change, detector, dry_run, path in running))
            print_outcome(done[-1], dry_run=dry_run, as_json=as_json)
    finally:
        # Also after Ctrl-C: what was changed until then has a way back.
        if not as_json:
            print_end(done, dry_run=dry_run)
    if any(outcome.error for outcome in done):
        raise SystemExit(1)


def _change(
    catalog: Catalog,
    services: str | None,
    off: bool,
    auto: bool,
    mode: str | None,
    fallback: str | None,
) -> Change:
    if services is None and mode is None and fallback is None and not (off or auto):
        raise _usage(
            "Nothing to write was named.", "Give --services, --off, --auto, --mode or --fallback."
        )
    if auto and (off or services is not None):
        raise _usage("--auto takes the whole word away.", "Leave out --services and --off.")
    names = None if services is None else _names(catalog, services)
    return Change.of(services=names, mode=mode, fallback=fallback, off=off, auto=auto)


def _names(catalog: Catalog, services: str) -> list[str]:
    names = list(dict.fromkeys(name.strip() for name in services.split(",") if name.strip()))
    if names == [UNSET]:
        return []
    if not names:
        raise _usage("--services names none.", "For none at all there is --off.")
    for name in names:
        if name not in catalog:
            near = difflib.get_close_matches(name, list(catalog), n=3, cutoff=0.5)
            known = f"Did you mean {' or '.join(near)}?" if near else ""
            raise _usage(
                f"There is no service {plain(name[:60]).plain!r}.",
                f"{known} Known: {', '.join(sorted(catalog))}. Your own: --services-path.".strip(),
                code="unknown_service",
            )
    return names


def _agreed(paths: Sequence[Path], *, ask: bool, as_json: bool) -> list[Path]:
    files = list(notebooks(paths))
    if not files:
        raise _usage("There is no notebook below.", "Name a notebook or another folder.")
    if not ask or not any(path.is_dir() for path in paths):
        return files
    if as_json or not sys.stdin.isatty():
        raise _usage(
            f"{len(files)} notebooks below a folder would be changed.",
            "Add --yes, or look first with --dry-run.",
            code="not_confirmed",
        )
    screen = console(stderr=True)
    for path in files:
        screen.print(plain(f"  {shown_path(path)}"))
    click.confirm(f"Change these {len(files)} notebooks?", abort=True, err=True)
    return files


def _mark(path: Path, change: Change, detector: Detector, dry_run: bool, running: bool) -> Outcome:
    try:
        marked = mark_file(path, change, dry_run=dry_run)
    except GenAIError as error:
        return Outcome(path, error=error)
    widened = tuple(detector.profile_bytes(marked.data).widened) if marked.changed else ()
    return Outcome(path, marked.before, marked.after, marked.changed, None, widened, running)


def _usage(message: str, remedy: str, *, code: str = "bad_usage") -> GenAIError:
    return InvalidRequest(message, remedy, code=code)
