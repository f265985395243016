"""`coursia-genai catalog`: check service files, show services, write them out."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, TypeVar

import click

from ..catalog.advice import advice_on, clashes
from ..catalog.compose import COMPOSE_MARK, ComposeSettings, compose_file
from ..catalog.load import Catalog, load_catalog, spec_files
from ..catalog.mistakes import Mistake
from ..catalog.read import BadSpec, examine
from ..catalog.spec import ServiceSpec
from ..config import LabSettings
from ..errors import Conflict, InvalidRequest, NotFound
from ..wire.problems import Problem
from .catalog_shown import page_of, print_page, print_table, print_verdicts
from .find import as_json as json_option
from .settings import operator_settings
from .shown import print_json, told
from .walk import services_path

Command = TypeVar("Command", bound=Callable[..., Any])
Form = Literal["compose", "json", "toml"]

COMPOSE_NAME = "docker-compose.genai.yml"
SCHEMA = Path(__file__).parents[1] / "catalog" / "service.schema.json"


@click.group()
def catalog() -> None:
    """The services that can exist here, and their files."""


@catalog.command(short_help="Check service FILES, or all that this Lab would read.")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@services_path
@json_option
def validate(files: tuple[Path, ...], services_path: Path | None, as_json: bool) -> None:
    """Check service FILES (or folders of them); without any, all that this Lab would read.

    Each mistake is told with its file, line and field. The exit status is 0 when all is right,
    1 when something is wrong. Notes are no mistakes.
    """
    with told(as_json):
        known, _ = _known(services_path)
    problems: list[Problem] = []
    if files:
        paths = [inner for path in files for inner in _files_at(path)]
        verdicts = [verdict_on(path) for path in paths]
        checked = {one["service"]: one["spec"] for one in verdicts if one["spec"]}
        problems += clashes({**known.specs, **checked}.values()) if checked else ()
    else:
        verdicts = [verdict_on(Path(path)) for path in known.sources.values()]
        problems += known.problems
    shown = [{key: one[key] for key in one if key != "spec"} for one in verdicts]
    # Two services on one port are told, and work.
    right = all(one["ok"] for one in shown) and all(
        problem.code == "door_port_shared" for problem in problems
    )
    if as_json:
        told_problems = [problem.model_dump(mode="json") for problem in problems]
        print_json({"ok": right, "files": shown, "problems": told_problems})
    else:
        print_verdicts(shown, problems)
    raise SystemExit(0 if right else 1)


@catalog.command(short_help="Show SERVICE, or list all.")
@click.argument("service", required=False)
@services_path
@json_option
def show(service: str | None, services_path: Path | None, as_json: bool) -> None:
    """Show SERVICE: what it needs, its models, what of them is here; without one, list all."""
    with told(as_json):
        known, settings = _known(services_path)
        if service is None:
            if as_json:
                print_json([_json_of(known, spec) for spec in _sorted(known)])
            else:
                print_table(_sorted(known), known.problems)
            return
        page = page_of(_find(known, service), known.sources[service], settings.model_roots)
        if as_json:
            print_json(page)
        else:
            print_page(known[service], page)


def _form(name: Form, what: str) -> Callable[[Command], Command]:
    return click.option(f"--{name}", "form", flag_value=name, help=what)


@catalog.command()
@click.argument("services", nargs=-1)
@_form("compose", f"A Compose file of all services with a container, as {COMPOSE_NAME}.")
@_form("json", "Everything that the service files say, as JSON.")
@_form("toml", "The file of one SERVICE, to begin your own with.")
@click.option("--output", type=click.Path(), help="File to write; - prints.")
@click.option("--force", is_flag=True, help="Also in the place of a file that is not ours.")
@services_path
def export(
    services: tuple[str, ...],
    form: Form | None,
    output: str | None,
    force: bool,
    services_path: Path | None,
) -> None:
    """Write SERVICES out, or all of them."""
    if form is None:
        raise click.UsageError("Say which form: --compose, --json or --toml.")
    if form == "toml" and len(services) != 1:
        raise click.UsageError("--toml writes one SERVICE: name it.")
    with told(as_json=False):
        known, settings = _known(services_path)
        chosen = [_find(known, name) for name in services] or _sorted(known)
        text = _text_of(form, chosen, known, settings)
        target = output or (COMPOSE_NAME if form == "compose" else "-")
        if target == "-":
            click.echo(text, nl=False)
            return
        _write(Path(target), text, force)
        click.echo(f"{target} is written.")


def verdict_on(path: Path) -> dict[str, Any]:
    """Return what is to be said of one file: `ok`, `service`, `mistakes`, `notes`, and the spec."""
    verdict: dict[str, Any] = {"file": str(path), "service": path.stem, "spec": None}
    try:
        spec = examine(path)
    except BadSpec as bad:
        return verdict | {"ok": False, "mistakes": [_mistake(m) for m in bad.mistakes], "notes": []}
    notes = [{"field": field, "message": message} for field, message in advice_on(spec)]
    return verdict | {"ok": True, "spec": spec, "mistakes": [], "notes": notes}


def _mistake(mistake: Mistake) -> dict[str, Any]:
    return {key: value for key, value in mistake.to_dict().items() if key != "file"}


def _files_at(path: Path) -> list[Path]:
    return spec_files(path) if path.is_dir() else [path]


def _known(folder: Path | None) -> tuple[Catalog, LabSettings]:
    settings = operator_settings()
    return load_catalog(folder or settings.services_path or None), settings


def _sorted(known: Catalog) -> list[ServiceSpec]:
    return sorted(known.values(), key=lambda spec: spec.name)


def _find(known: Catalog, name: str) -> ServiceSpec:
    spec = known.get(name)
    if spec is None:
        raise NotFound(
            f"There is no service {name[:100]!r}.", f"Those that exist: {', '.join(sorted(known))}."
        )
    return spec


def _json_of(known: Catalog, spec: ServiceSpec) -> dict[str, Any]:
    return {"source": known.sources.get(spec.name), **spec.model_dump(mode="json")}


def _text_of(form: Form, chosen: list[ServiceSpec], known: Catalog, settings: LabSettings) -> str:
    if form == "json":
        said = {spec.name: _json_of(known, spec) for spec in chosen}
        return json.dumps(said, indent=2, ensure_ascii=False) + "\n"
    if form == "toml":
        return _toml_of(Path(known.sources[chosen[0].name]))
    boxes = [spec for spec in chosen if spec.container is not None and spec.kind == "local"]
    if not boxes:
        raise InvalidRequest(
            "None of these services has a container.", "Name one with [container] in its file."
        )
    return compose_file(
        boxes,
        ComposeSettings(
            model_roots=settings.model_roots, subnet=settings.network_subnet, cpus=os.cpu_count()
        ),
    )


def _toml_of(path: Path) -> str:
    lines = path.read_text(encoding="utf-8").split("\n")
    if lines[0].startswith("#:schema"):
        lines = lines[1:]
    return "\n".join([f"#:schema {SCHEMA}", *lines])


def _write(path: Path, text: str, force: bool) -> None:
    """Write the file as a whole or not at all.

    Raises:
        Conflict: somebody else's file is there.
        ConfigurationError: the disk refuses.
    """
    from ..errors import ConfigurationError

    try:
        if path.exists() and not force and not _is_ours(path):
            raise Conflict(
                f"{path} exists, and was not written by this command.",
                "Name another file with --output, or overwrite it with --force.",
            )
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(draft).chmod(0o644)
            Path(draft).replace(path)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror or error}.", "Name another with --output."
        ) from None


def _is_ours(path: Path) -> bool:
    with path.open(encoding="utf-8", errors="replace") as file:
        return file.readline().startswith(COMPOSE_MARK)
