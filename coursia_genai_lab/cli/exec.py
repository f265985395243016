"""`coursia-genai exec`: run a command with the addresses and the token that a kernel would have."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import click

from ..catalog.load import Catalog, load_catalog
from ..config import LabSettings
from ..wire.notebooks import Profile
from ..wire.policy import Mode
from ..wire.tokens import TokenGiven, TokenRequest
from .child import BY_SIGNAL, CannotRun, Signals
from .find import FoundLab, find_lab, where
from .settings import operator_settings
from .shown import told
from .taken import names_taken

OURS = 125
"""The status of what goes wrong before the command runs, as of `timeout` and `docker run`."""
NOTE = "coursia-genai: "


@dataclass(frozen=True)
class _Wish:
    """What the command line asks for."""

    command: tuple[str, ...] = field(repr=False)
    notebook: Path | None
    services: tuple[str, ...]
    mode: Mode | None


def _names(context: click.Context, option: click.Parameter, value: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in value.split(",") if name.strip()))


@click.command(
    "exec",
    short_help="Run COMMAND with image services at hand.",
    context_settings={"ignore_unknown_options": False, "allow_interspersed_args": False},
)
@click.option(
    "--notebook",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Notebook that COMMAND runs: its needs decide which services are started.",
)
@click.option(
    "--services",
    default="",
    callback=_names,
    help="Services whose addresses COMMAND wants, separated by commas.",
)
@click.option("--mode", type=click.Choice(get_args(Mode)), help="Narrow what may be used.")
@where
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def exec_(
    notebook: Path | None,
    services: tuple[str, ...],
    mode: Mode | None,
    url: str,
    token: str,
    command: tuple[str, ...],
) -> None:
    """Run COMMAND with the variables that a kernel with GenAI has, then give everything back.

    A Lab of this user that runs is used; without one, one is run for as long as COMMAND runs.
    Signals go to COMMAND, its status becomes ours: 128+N when signal N ended it, 127 and 126 when
    it cannot be run, 125 when the Lab cannot serve it.

    \b
    coursia-genai exec --notebook fox.ipynb -- papermill fox.ipynb out.ipynb
    coursia-genai exec --services openai -- python batch.py
    """
    if not command:
        raise click.UsageError("Give the COMMAND to run, after --.")
    wish = _Wish(command, notebook, services, mode)
    with _interruptible(), told(False, OURS):
        # Nothing is claimed yet: a signal ends us here as it ends any program.
        found = find_lab(url, token)
        settings = operator_settings()
        catalog = load_catalog(settings.services_path or None)
        request = _request(wish, catalog, found)
        lender = nullcontext() if request is None else _lender(found, settings, catalog, request)
        status = asyncio.run(_run(wish.command, lender, found))
    raise SystemExit(status)


@contextmanager
def _interruptible() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        raise SystemExit(BY_SIGNAL + signal.SIGINT) from None


async def _run(
    command: tuple[str, ...],
    lender: AbstractAsyncContextManager[TokenGiven | None],
    found: FoundLab | None,
) -> int:
    with Signals() as signals:
        try:
            async with lender as given:
                if given is None:
                    _note("The notebook needs no image service; the command runs as it is.")
                    return await signals.run(command, os.environ)
                _tell(given, found)
                return await signals.run(command, _environment(given))
        except CannotRun as error:
            _note(str(error))
            return error.status
        except asyncio.CancelledError:
            if signals.early is None:
                raise
            return BY_SIGNAL + signals.early


def _lender(
    found: FoundLab | None, settings: LabSettings, catalog: Catalog, request: TokenRequest
) -> AbstractAsyncContextManager[TokenGiven]:
    # The doors and the runtimes are loaded for whoever needs a Lab, and for no other command.
    from .borrowed import attached, hosted

    if found is not None:
        return attached(found, request)
    return hosted(settings, catalog, request)


def _request(wish: _Wish, catalog: Catalog, found: FoundLab | None) -> TokenRequest | None:
    """Return what to ask for; None when the notebook needs nothing and nothing else is named."""
    from .borrowed import LIFETIME_SECONDS

    profile, path, root = Profile(), "", Path.cwd()
    if wish.notebook is not None:
        profile, path, root = _examined(wish.notebook, catalog, found)
        if profile.type == "CLASSIC" and not wish.services:
            return None
    folder = root if wish.notebook is None else wish.notebook.absolute().parent
    return TokenRequest(
        label=Path(wish.command[0]).name[:80] or "a command",
        path=path,
        profile=profile,
        services=list(wish.services),
        mode=wish.mode,
        lifetime_seconds=LIFETIME_SECONDS,
        taken=names_taken(os.environ, catalog, folder, root),
    )


def _examined(
    notebook: Path, catalog: Catalog, found: FoundLab | None
) -> tuple[Profile, str, Path]:
    """Return what a notebook needs, its path as the Lab names it, and the folder that counts."""
    from ..detection.profile import Detector

    file = notebook.resolve()
    roots = [Path(found.address.root).resolve()] if found and found.address.root else []
    root = next((one for one in [*roots, Path.cwd()] if file.is_relative_to(one)), file.parent)
    path = file.relative_to(root).as_posix()
    profile, _ = Detector(catalog).examine_file(file, root=root, api_path=path)
    return profile, path, root


def _environment(given: TokenGiven) -> Mapping[str, str]:
    from ..launch.variables import proxy_exceptions

    return {**os.environ, **given.variables, **proxy_exceptions(os.environ)}


def _tell(given: TokenGiven, found: FoundLab | None) -> None:
    launch = given.launch
    place = "a Lab of its own" if found is None else f"the Lab at {found.address.url}"
    _note(f"mode {launch.genai_mode}, {place}; {', '.join(launch.services) or 'no service named'}")
    if launch.reason:
        _note(launch.reason)
    if launch.consent is not None:
        names = ", ".join(launch.consent.services)
        _note(f"only the notebook's metadata asks for {names}; --services {names} allows it.")


def _note(text: str) -> None:
    # Standard output is the command's own.
    click.echo(NOTE + text, err=True)
