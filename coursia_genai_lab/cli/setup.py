"""`coursia-genai setup`: settings that every service needs, written without an editor."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from ..errors import ConfigurationError
from .find import as_json as json_option
from .settings import operator_settings
from .shown import print_json, told

CONFIG_FILE = "jupyter_server_config.json"
SECTION, ROOTS = "GenAILab", "model_roots"


@click.command()
@click.option(
    "--models",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for model files, on a disk with room for tens of gigabytes; made where it is not "
    "there, and added to GenAILab.model_roots.",
)
@json_option
def setup(folder: Path, as_json: bool) -> None:
    """Write a setting into this user's Jupyter configuration.

    A Jupyter server reads it when it starts: start a running one again after this.
    """
    from jupyter_core.paths import jupyter_config_dir

    with told(as_json):
        folder = folder.expanduser().absolute()
        known = operator_settings().model_roots
        _make(folder)
        file = Path(jupyter_config_dir()) / CONFIG_FILE
        roots = add_model_root(file, folder, known)
        if str(folder) not in operator_settings().model_roots:
            raise _overruled(file)
        if as_json:
            print_json({"file": str(file), ROOTS: roots})
        else:
            click.echo(f"Model files lie in {', '.join(roots)} from now on.")
            click.echo(f"It stands in {file}.")
            click.echo("If a Jupyter server runs, start it again: it reads this when it starts.")


def add_model_root(file: Path, folder: Path, known: Sequence[str] = ()) -> list[str]:
    """Add a folder to the model roots that a configuration file names; return them all.

    Where it names none, those that are `known` from other files are named in it too, for it hides
    them. Everything else in the file stays. It is replaced in one step.

    Raises:
        ConfigurationError: it cannot be read, is not what it should be, or cannot be written.
    """
    settings = _read(file)
    section = settings.setdefault(SECTION, {})
    roots = section.setdefault(ROOTS, list(known)) if isinstance(section, dict) else None
    if not isinstance(roots, list):
        raise _wrong(file, f"{SECTION}.{ROOTS} is no list in it")
    if str(folder) not in roots:
        roots.append(str(folder))
        _write(file, settings)
    return [str(root) for root in roots]


def _overruled(file: Path) -> ConfigurationError:
    return ConfigurationError(
        f"{file} names the folder now, but another configuration file says otherwise and wins.",
        f"Add it to {SECTION}.{ROOTS} there; `jupyter --paths` lists the folders of such files.",
        code="setting_wrong",
    )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(
            f"{folder} cannot be made: {error.strerror or error}.",
            "Name a folder in which you may write.",
            code="model_root_missing",
        ) from None


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(file, f"it cannot be read ({type(error).__name__})") from None
    try:
        settings = json.loads(text or "{}")
    except ValueError:
        raise _wrong(file, "it is no JSON") from None
    if not isinstance(settings, dict):
        raise _wrong(file, "it is no JSON object")
    return settings


def _write(file: Path, settings: dict[str, Any]) -> None:
    # A link stays one: it is its target that is replaced.
    target = file.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o600
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as new:
                json.dump(settings, new, indent=2)
                new.write("\n")
                new.flush()
                os.fsync(new.fileno())
            Path(name).chmod(mode)
            Path(name).replace(target)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise _wrong(file, f"it cannot be written ({error.strerror or error})") from None


def _wrong(file: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"{file} cannot be changed: {why}.",
        f"Correct it, or set {SECTION}.{ROOTS} in it yourself.",
        code="setting_wrong",
    )
