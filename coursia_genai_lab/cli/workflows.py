"""`coursia-genai workflows`: workflows of your own, exported from ComfyUI, as models."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import click
from jupyter_core.paths import jupyter_data_dir
from rich.table import Table

from ..catalog.load import load_catalog
from ..engines.exported import MOST_BYTES, read_exported
from ..engines.registered import WorkflowFolder, folder_of
from ..engines.registering import Inspected, inspect, registration
from ..engines.registration_file import MOST_NAME, Registration
from ..engines.workflow_files import Graph, Parameter, Workflow, hash_of
from ..engines.workflow_plan import model_files
from ..errors import InvalidRequest
from ..gateway.openai_retired import read_old_name
from .find import as_json as json_option
from .settings import operator_settings
from .shown import console, plain, print_json, told
from .walk import services_path

Command = TypeVar("Command", bound=Callable[..., Any])

NAMES = {
    "prompt": "whose text is the prompt",
    "negative_prompt": "whose text is the negative prompt",
    "seed": "with the seed",
    "steps": "with the steps",
    "guidance": "with cfg or guidance",
    "size": "with width and height",
    "image": "that loads a picture; in their order",
    "mask": "that loads the mask",
    "output": "that saves the picture",
}
_UNFIT = re.compile(r"[^a-z0-9._-]+")

workflows_path = click.option(
    "--workflows-path",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of registered workflows, in place of GenAILab.workflows_path.",
)


def nodes_named(command: Command) -> Command:
    """Add --prompt-node and its like."""
    for name, what in reversed(NAMES.items()):
        option = click.option(
            f"--{name.replace('_', '-')}-node",
            f"{name}_nodes",
            multiple=True,
            metavar="ID",
            help=f"Node {what}; may be given again. 'none' leaves it as it is in the file.",
        )
        command = option(command)
    return command


@click.group()
def workflows() -> None:
    """Make workflows exported from ComfyUI models to ask for."""


@workflows.command("list")
@workflows_path
@json_option
def list_workflows(workflows_path: Path | None, as_json: bool) -> None:
    """List the registered workflows, and what is wrong with others."""
    with told(as_json):
        folder = _folder(workflows_path)
        known = folder.refresh()
        if as_json:
            print_json(
                {
                    "folder": str(folder.path),
                    "workflows": [_summary(one) for one in known.values()],
                    "problems": [one.model_dump(mode="json") for one in folder.problems],
                }
            )
            return
        for problem in folder.problems:
            console(stderr=True).print(plain(f"{problem.message} {problem.remedy}", "yellow"))
        if not known:
            click.echo("No workflow is registered. Add one: coursia-genai workflows register FILE")
            return
        table = Table(box=None, pad_edge=False)
        for head in ("name", "title", "service", "an order sets"):
            table.add_column(head, overflow="fold")
        for one in known.values():
            sets = ", ".join(one.workflow.about.parameters)
            table.add_row(*(plain(text) for text in (one.name, one.title, one.service, sets)))
        console().print(table)


@workflows.command("inspect", short_help="Show what an order could set of FILE.")
@click.argument("file", type=click.Path(path_type=Path))
@nodes_named
@workflows_path
@json_option
def inspect_workflow(
    file: Path, workflows_path: Path | None, as_json: bool, **nodes: tuple[str, ...]
) -> None:
    """Show what an order could set of FILE, a workflow in API format, and what it loads.

    FILE may be the name of a registered workflow, too. Nothing is written. The exit status is 1
    where something is unclear and must be named before the workflow can be registered.
    """
    with told(as_json):
        known = None if file.exists() else _folder(workflows_path).refresh().get(str(file))
        if known is not None:
            _print_registered(known, as_json)
            return
        found = inspect(_graph_of(file), _named(nodes))
        if as_json:
            print_json(_json_of(found))
        else:
            _print(found)
    raise SystemExit(1 if found.unclear else 0)


@workflows.command(short_help="Make FILE a model that everybody can ask for.")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="By which it is asked for. Default: the file's own, in small letters.")
@click.option("--title", help="For people. Default: the name.")
@click.option("--service", help="Service that runs it. Default: the one that has its model files.")
@click.option("--model", help="Model of the catalogue that it draws with: its service runs it.")
@click.option("--replace", is_flag=True, help="Also in the place of a workflow of that name.")
@nodes_named
@workflows_path
@services_path
@json_option
def register(
    file: Path,
    name: str | None,
    title: str | None,
    service: str | None,
    model: str | None,
    replace: bool,
    workflows_path: Path | None,
    services_path: Path | None,
    as_json: bool,
    **nodes: tuple[str, ...],
) -> None:
    """Make FILE, a workflow that ComfyUI exported in API format, a model of the OpenAI door.

    A running Lab offers it within seconds. `coursia-genai workflows remove NAME` undoes it.
    """
    with told(as_json):
        settings = operator_settings()
        catalog = load_catalog(services_path or settings.services_path or None)
        found = inspect(_graph_of(file), _named(nodes))
        chosen = name or _name_of(file)
        if read_old_name(chosen) is not None:
            raise InvalidRequest(
                f"{chosen} is the name of a model that notebooks still ask for.",
                "Give another with --name.",
                code="workflow_name",
            )
        made = registration(
            found,
            chosen,
            catalog,
            title=title or file.stem,
            service=service,
            model=model,
        )
        folder = _folder(workflows_path)
        path = folder.save(made, replace=replace)
        if as_json:
            print_json(_summary(made) | {"path": str(path), "notes": list(found.notes)})
            return
        _print(found)
        click.echo(f"{made.name} is registered for {made.service}: {path}")
        click.echo(f'Ask for it: generate("…", model="{made.name}")')


@workflows.command()
@click.argument("name")
@workflows_path
@json_option
def remove(name: str, workflows_path: Path | None, as_json: bool) -> None:
    """Take the workflow NAME away; its pictures stay."""
    with told(as_json):
        path = _folder(workflows_path).remove(name)
        if as_json:
            print_json({"removed": name, "path": str(path)})
        else:
            click.echo(f"{name} is removed: {path}")


def _folder(chosen: Path | None) -> WorkflowFolder:
    path = chosen or folder_of(operator_settings(), jupyter_data_dir())
    return WorkflowFolder(path.expanduser().absolute(), data_folder=Path(jupyter_data_dir()))


def _graph_of(path: Path) -> Graph:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InvalidRequest(
            f"{path} cannot be read: {error.strerror or error}.",
            "Name a file, or a workflow of `coursia-genai workflows list`.",
            code="workflow_unreadable",
        ) from None
    return read_exported(data)


def _name_of(path: Path) -> str:
    return _UNFIT.sub("-", path.stem.lower()).strip("-._")[:MOST_NAME]


def _named(nodes: dict[str, tuple[str, ...]]) -> dict[str, Sequence[str]]:
    return {name.removesuffix("_nodes"): ids for name, ids in nodes.items() if ids}


def _summary(one: Registration) -> dict[str, Any]:
    workflow = one.workflow
    return {
        "name": one.name,
        "title": one.title,
        "service": one.service,
        "workflow_hash": hash_of(workflow.graph),
        "parameters": _parameters(workflow.about.parameters),
        "files": list(model_files(workflow.graph)),
    }


def _json_of(found: Inspected) -> dict[str, Any]:
    return {
        "workflow_hash": hash_of(found.graph),
        "parameters": _parameters(found.found.parameters),
        "unclear": {
            name: [_node(found.graph, node) for node in nodes]
            for name, nodes in found.unclear.items()
        },
        "outputs": [_node(found.graph, node) for node in found.found.outputs],
        "files": [{"folder": folder, "name": name} for folder, name in found.files],
        "notes": list(found.notes),
    }


def _parameters(found: dict[str, Parameter]) -> dict[str, Any]:
    return {name: one.model_dump(mode="json", exclude_defaults=True) for name, one in found.items()}


def _node(graph: Graph, node: str) -> dict[str, Any]:
    about = graph[node]
    title = about.get("_meta", {}).get("title")
    return {"id": node, "class_type": about["class_type"], "title": title}


def _print_registered(known: Registration, as_json: bool) -> None:
    if as_json:
        print_json(_summary(known) | {"graph": known.workflow.graph})
        return
    click.echo(f"{known.name}: {known.title}, run by {known.service}")
    _print_parameters(known.workflow.graph, known.workflow.about.parameters)
    _print_files(known.workflow)


def _print_files(workflow: Workflow) -> None:
    for name in model_files(workflow.graph):
        owner = workflow.owner_of(name)
        console().print(plain(f"loads {name}{f', of {owner}' if owner else ''}"))


def _print(found: Inspected) -> None:
    _print_parameters(found.graph, found.found.parameters)
    for name, nodes in found.unclear.items():
        shown = ", ".join(f"{node} ({found.graph[node]['class_type']})" for node in nodes)
        option = f"--{name.replace('_', '-')}-node"
        console().print(
            plain(f"unclear: {name} could be {shown}. Name one with {option}.", "yellow")
        )
    for folder, name in found.files:
        console().print(plain(f"loads {folder}/{name}"))
    for note in found.notes:
        console().print(plain(note, "yellow"))


def _print_parameters(graph: Graph, parameters: dict[str, Parameter]) -> None:
    table = Table(box=None, pad_edge=False)
    for head in ("an order sets", "node", "input", "in the file"):
        table.add_column(head, overflow="fold")
    for name, one in parameters.items():
        for place in one.at:
            node, _, entry = place.partition(".")
            kind = f"{node} {graph[node]['class_type']}"
            value = str(graph[node]["inputs"].get(entry, ""))
            short = value if len(value) <= 60 else f"{value[:59]}…"
            table.add_row(*(plain(text) for text in (name, kind, entry, short)))
    console().print(table)
