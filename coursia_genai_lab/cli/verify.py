"""`coursia-genai verify`: what pictures say of their making, and whether the record agrees."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from jupyter_core.paths import jupyter_data_dir

from ..client import LabClient
from ..errors import NotFound
from ..lab.read_generation import read_generation
from ..lab.store.place import find_place
from ..wire.generations import GenerationView
from .find import as_json as json_option
from .find import find_lab, need_lab, where
from .pictures import pictures_below
from .shown import print_json, told
from .timeline import STORE_VARIABLE
from .verdict import FORGED, Finding, Look, Sources, examined, no_record
from .verify_shown import in_words

UNKNOWN_GENERATION = "generation_unknown"
NAME = re.compile(r"[\w-]{1,64}", re.ASCII)


@click.command(short_help="Say where pictures come from, and whether they were changed.")
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    metavar="FILE…",
    type=click.Path(exists=True, path_type=Path),
)
@click.option("--replay", is_flag=True, help="Make each picture again and compare.")
@click.option(
    "--input",
    "inputs",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --replay: a picture that FILE was made from, in their order.",
)
@click.option(
    "--mask",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With --replay: the mask that was used, if one was.",
)
@click.option(
    "--store",
    default="",
    envvar=STORE_VARIABLE,
    help="Look into this record and ask no Lab: as GenAILab.store_url. Name a file that holds the "
    f"URL rather than a password. Also {STORE_VARIABLE}.",
)
@where
@json_option
def verify(
    paths: tuple[Path, ...],
    replay: bool,
    inputs: tuple[Path, ...],
    mask: Path | None,
    store: str,
    url: str,
    token: str,
    as_json: bool,
) -> None:
    """Say of pictures where they come from, and whether they were changed since.

    FILE is a PNG, JPEG or WebP, or a folder of them. The running Lab is asked what it recorded;
    without one, the record that the last one left is read.

    Status 0: all are as they were made. 1: one was changed, or the record does not know it.
    3: one says nothing of its making. 2: wrong usage.
    """
    with told(as_json), _looking(store, url, token) as look:
        findings = []
        for path in pictures_below(paths):
            finding = examined(path, look)
            if replay:
                finding = _replayed(finding, Sources(inputs, mask), url, token)
            findings.append(finding)
            if as_json:
                print_json(finding.as_json())
            else:
                in_words(finding)
        if not as_json:
            click.echo(FORGED if findings else "There are no pictures.")
    raise SystemExit(_status(findings))


def _status(findings: Sequence[Finding]) -> int:
    verdicts = {finding.verdict for finding in findings}
    if verdicts & {"changed", "unknown", "unchecked"}:
        return 1
    return 0 if verdicts <= {"unchanged"} else 3


@contextmanager
def _looking(store: str, url: str, token: str) -> Iterator[Look]:
    found = None if store else find_lab(url, token)
    if found is None:
        yield _of_store(store)
        return
    with found.client() as lab:
        yield _of_lab(lab)


def _of_lab(lab: LabClient) -> Look:
    def ask(generation_id: str) -> GenerationView | None:
        if not NAME.fullmatch(generation_id):
            return None  # no Lab gives such ids, and it is no part of an address
        try:
            return lab.generation(generation_id)
        except NotFound as error:
            if error.error_code != UNKNOWN_GENERATION:
                raise no_record("This Lab keeps no record of pictures.") from None
            return None

    return ask


def _of_store(store: str) -> Look:
    place = find_place(store, jupyter_data_dir())

    def read(generation_id: str) -> GenerationView | None:
        if place.path is not None and not place.path.exists():
            raise no_record(f"No Lab runs, and there is no record at {place.shown}.")
        return read_generation(place, generation_id)

    return read


def _replayed(finding: Finding, sources: Sources, url: str, token: str) -> Finding:
    # The doors' client is loaded for whoever makes a picture.
    from .replay import replayed

    if finding.facts is None:
        return finding
    return asyncio.run(replayed(finding, sources, need_lab(url, token)))
