"""A foreign graph made into a registered workflow: adapted, described, given to a service."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass

from ..catalog.spec import ServiceSpec
from ..errors import InvalidRequest
from .comfyui_errors import FOLDERS
from .found_parameters import Found, Named, find
from .found_pictures import MASK_LOADER
from .registration_file import Registration, refuse_name
from .workflow_files import Description, Graph, Workflow

PREFIX = "coursia-genai/picture"
"""Where its pictures go in ComfyUI's output folder, as those of the workflows that come along."""
USUAL_SIDE = 1024
LONGEST_TITLE = 100
MAIN_FOLDERS = ("checkpoints", "diffusion_models")
SERVICE = "comfyui"
"""Which service runs a workflow whose files no service has; it may be any ComfyUI."""


@dataclass(frozen=True)
class Inspected:
    """What is known of a graph before it is registered."""

    graph: Graph
    """As it will be run."""
    found: Found
    notes: tuple[str, ...]
    """What was changed or could not be found, a sentence each."""
    files: tuple[tuple[str, str], ...]
    """(folder, file) of the weights that it loads."""

    @property
    def unclear(self) -> Mapping[str, list[str]]:
        """Parameter -> the nodes that could be meant; a person must name one of them."""
        return self.found.unclear


def inspect(graph: Graph, named: Named | None = None) -> Inspected:
    """Return what an order could set of a graph.

    Raises:
        InvalidRequest: it gives no picture, or a node of `named` is not there.
    """
    found = find(graph, named)
    changed = copy.deepcopy(graph)
    notes = _adapt(changed, found)
    if "prompt" not in found.parameters and "prompt" not in found.unclear:
        notes.append(
            "No prompt was found: an order's is left out. Name its node with --prompt-node."
        )
    if "seed" not in found.parameters:
        notes.append("No seed was found: what an order says of it is left out.")
    files = [
        (FOLDERS[name], str(value))
        for node in changed.values()
        for name, value in node["inputs"].items()
        if name in FOLDERS and isinstance(value, str)
    ]
    return Inspected(changed, found, tuple(notes), tuple(dict.fromkeys(files)))


def registration(
    inspected: Inspected,
    name: str,
    catalog: Mapping[str, ServiceSpec],
    *,
    title: str | None = None,
    service: str | None = None,
    model: str | None = None,
) -> Registration:
    """Return the workflow under a name, for the service that has its files.

    `service` names another, `model` a model of the catalogue whose service runs it.

    Raises:
        InvalidRequest: the name is taken; a parameter is unclear (code `workflow_unclear`); there
            is no such service or model, or it is no ComfyUI.
    """
    refuse_name(name, {one.id for spec in catalog.values() for one in spec.models})
    if inspected.unclear:
        parameter, nodes = next(iter(inspected.unclear.items()))
        raise InvalidRequest(
            f"Several nodes could be meant by {parameter}: "
            f"{', '.join(_shown(inspected.graph, node) for node in nodes)}.",
            f"Name one with --{parameter.replace('_', '-')}-node {nodes[0]}, several by giving it "
            "again, or leave it as it is in the file with none.",
            code="workflow_unclear",
        )
    shown = " ".join((title or name).split())[:LONGEST_TITLE]
    if not shown.isprintable():
        raise InvalidRequest("The title holds characters that cannot be shown.")
    about = _description(inspected, shown)
    chosen = _service(inspected, catalog, service, model)
    owners = _owners(inspected, catalog, chosen)
    workflow = Workflow(name=name, graph=inspected.graph, about=about, fetched_as=owners)
    return Registration(workflow, chosen)


def _adapt(graph: Graph, found: Found) -> list[str]:
    """Change a graph in place to one that the Lab can run picture by picture."""
    notes = []
    for node in found.outputs:
        if graph[node]["class_type"] == "SaveImageWebsocket":
            graph[node]["class_type"] = "SaveImage"
            notes.append(
                f"Node {node} becomes SaveImage: what SaveImageWebsocket sends is lost with its "
                "connection."
            )
        if graph[node]["class_type"] == "SaveImage":
            graph[node]["inputs"]["filename_prefix"] = PREFIX
    for node, about in graph.items():
        inputs = about["inputs"]
        batch = inputs.get("batch_size")
        if isinstance(batch, int) and batch > 1 and about["class_type"].startswith("Empty"):
            inputs["batch_size"] = 1
            notes.append(
                f"Node {node} makes 1 picture at a time in place of {batch}: each is a job, so "
                "that others get their turn in between."
            )
        channel = inputs.get("channel")
        loads_mask = node == found.pictures.mask and about["class_type"] == MASK_LOADER
        if loads_mask and channel != "alpha":
            inputs["channel"] = "alpha"
            notes.append(
                f"Node {node} takes the mask from transparency in place of {channel}: that is how "
                "orders send it."
            )
    return notes


def _description(inspected: Inspected, title: str) -> Description:
    found = inspected.found
    parameters = found.parameters
    sides = [parameters[name].default for name in ("width", "height") if name in parameters]
    numbers = [side for side in sides if isinstance(side, int)]
    area = numbers[0] * numbers[1] if len(numbers) == 2 else USUAL_SIDE**2
    finer = any(one["class_type"] == "EmptyLatentImage" for one in inspected.graph.values())
    pictures = [one for one in parameters.values() if one.type == "picture"]
    return Description(
        title=title,
        needs_picture=any(not one.optional for one in pictures),
        side=min(max(round(area**0.5), 16), 16384),
        multiple=8 if finer else 16,
        parameters=parameters,
        outputs=found.outputs,
        mask_in=found.pictures.mask_in,
        mask_is_white=found.pictures.mask_is_white,
    )


def _service(
    inspected: Inspected,
    catalog: Mapping[str, ServiceSpec],
    service: str | None,
    model: str | None,
) -> str:
    able = {name: spec for name, spec in catalog.items() if spec.dialect == "comfyui"}
    if service is not None:
        if service not in able:
            raise _no("service", service, able)
        return service
    if model is not None:
        able = {n: s for n, s in able.items() if any(one.id == model for one in s.models)}
        if not able:
            every = [m.id for s in catalog.values() if s.dialect == "comfyui" for m in s.models]
            raise _no("model of a ComfyUI service", model, every)
    has = {name: _fitness(inspected, spec) for name, spec in able.items()}
    best = max(has.values(), default=(0, 0))
    candidates = sorted(name for name, fit in has.items() if fit == best)
    if not candidates:
        raise InvalidRequest("No service of this Lab is a ComfyUI.", "Add one to the catalogue.")
    # Encoders and VAEs are shared by many models: alone they say nothing.
    unknown = model is None and not best[0]
    return SERVICE if SERVICE in (able if unknown else candidates) else candidates[0]


def _fitness(inspected: Inspected, spec: ServiceSpec) -> tuple[int, int]:
    """Return how many of a workflow's main weights, and of all its files, a service has."""
    known = {file.name for one in spec.models for file in one.files}
    has = [(folder, name) for folder, name in inspected.files if name in known]
    return sum(folder in MAIN_FOLDERS for folder, _ in has), len(has)


def _owners(
    inspected: Inspected, catalog: Mapping[str, ServiceSpec], service: str
) -> dict[str, str]:
    owners: dict[str, str] = {}
    for spec in sorted(catalog.values(), key=lambda one: one.name != service):
        for model in spec.models:
            for file in model.files:
                owners.setdefault(file.name, model.id)
    return {name: owners[name] for _, name in inspected.files if name in owners}


def _no(what: str, name: str, known: Mapping[str, ServiceSpec] | list[str]) -> InvalidRequest:
    return InvalidRequest(
        f"There is no {what} {name[:100]!r}.", f"There are: {', '.join(sorted(set(known)))}."
    )


def _shown(graph: Graph, node: str) -> str:
    title = graph[node].get("_meta", {}).get("title")
    kind = graph[node]["class_type"]
    return f"{node} ({kind}{f', {title}' if title and title != kind else ''})"
