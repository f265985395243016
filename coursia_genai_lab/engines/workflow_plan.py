"""An order made into a graph: checked against what the model can do, its values put in."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import ServiceError
from .comfyui_errors import FOLDERS
from .limits import refuse_number, refuse_texts, size_of
from .orders import Order, Recipe
from .pictures import white_where_open, with_transparency
from .workflow_files import Graph, Parameter, Workflow, hash_of, read, workflow_of
from .workflow_pictures import pictures_of

_MAY_LACK = ("negative_prompt", "width", "height", "steps", "guidance")
"""Parameters of an order that a model may not have; the picture is made without."""


@dataclass(frozen=True)
class Plan:
    """A graph that lacks only its pictures and its seed."""

    graph: Graph = field(repr=False)
    parameters: Mapping[str, Parameter]
    pictures: Mapping[str, bytes] = field(repr=False)
    """Parameter -> the PNG to be put there."""
    mask: tuple[str, bytes] | None = field(repr=False)
    """A picture's parameter and the PNG whose transparency it must carry."""
    mask_is_white: bool
    notices: tuple[str, ...]
    """What of the order the model cannot do, a sentence each; the rest is done."""
    recipe: Recipe
    owners: Mapping[str, str]
    """Model file -> the model of the catalogue that brings it."""

    @property
    def fields(self) -> dict[str, str]:
        """Inputs, `NODE.INPUT`, and the parameter that each got its value from."""
        return {place: name for name, one in self.parameters.items() for place in one.at}

    def graph_for(self, seed: int, stored: Mapping[str, str]) -> Graph:
        """Return the graph to post; `stored` says what ComfyUI calls the pictures."""
        graph = copy.deepcopy(self.graph)
        for name, value in {"seed": seed, **stored}.items():
            _set(graph, self.parameters.get(name), value)
        return graph

    def files(self) -> dict[str, bytes]:
        """Return the PNG of each picture as it is sent; a mask is put in, so work for a thread."""
        files = dict(self.pictures)
        if self.mask is not None:
            name, mask = self.mask
            files[name] = with_transparency(files[name], mask)
        if self.mask_is_white and "mask" in files:
            files["mask"] = white_where_open(files["mask"])
        return files


def plan(order: Order) -> Plan:
    """Return how an order is carried out.

    Raises:
        ServiceError: no workflow comes along for its model; code `no_workflow`.
        InvalidRequest: the model cannot do it; the sentence says what it can.
    """
    workflow = order.workflow or _coming_along(order.model)
    refuse_texts(order)
    task = _task(workflow, order)
    graft = read(workflow.about.grafts[task]) if task is not None else None
    parameters = _parameters(workflow, graft)
    graph = copy.deepcopy(workflow.graph)
    if graft is not None:
        _join(graph, workflow, graft)
    template = hash_of(graph)
    pictures, mask = pictures_of(workflow, parameters, order)
    values, notices = _values(workflow, parameters, order)
    for name, parameter in parameters.items():
        value = values.get(name)
        _set(graph, parameter, _checked(name, parameter, value, workflow.about.title))
    for name, parameter in parameters.items():
        if parameter.optional and name not in pictures:
            _leave_out(graph, parameter)
    graph = _needed(graph, workflow.about.outputs)
    files = model_files(graph)
    recipe = Recipe(
        workflow=workflow.name if graft is None else f"{workflow.name}+{graft.name}",
        workflow_hash=template,
        files=files,
        steps=_number(graph, parameters.get("steps")),
        guidance=_number(graph, parameters.get("guidance")),
    )
    owners = {file: owner for file in files if (owner := workflow.owner_of(file)) is not None}
    white = workflow.about.mask_is_white
    return Plan(graph, parameters, pictures, mask, white, tuple(notices), recipe, owners)


def _coming_along(model: str) -> Workflow:
    found = workflow_of(model)
    if found is None:
        raise ServiceError(
            f"The Lab has no workflow for {model[:100]}.",
            "Register one with `coursia-genai workflows register FILE`, or post a graph of your "
            "own through the service's door, COMFYUI_API_URL.",
            code="no_workflow",
        )
    return found


def model_files(graph: Mapping[str, Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names of the weights that a graph loads, the main one first, each once."""
    found = [
        (list(FOLDERS).index(name), value)
        for node in graph.values()
        for name, value in node["inputs"].items()
        if name in FOLDERS and isinstance(value, str)
    ]
    return tuple(dict.fromkeys(value for _, value in sorted(found, key=lambda one: one[0])))


def _parameters(workflow: Workflow, graft: Workflow | None) -> dict[str, Parameter]:
    merged = dict(workflow.about.parameters)
    for name, more in graft.about.parameters.items() if graft is not None else ():
        own = merged.get(name)
        if own is not None:
            default = own.default if more.default is None else more.default
            more = own.model_copy(update={"at": [*own.at, *more.at], "default": default})
        merged[name] = more
    return merged


def _task(workflow: Workflow, order: Order) -> Any:
    about = workflow.about
    if order.mask is not None and "mask" in about.grafts:
        return "mask"
    if about.needs_picture:
        return "sized" if order.width is not None and "sized" in about.grafts else None
    return "image" if order.images and "image" in about.grafts else None


def _values(
    workflow: Workflow, parameters: Mapping[str, Parameter], order: Order
) -> tuple[dict[str, Any], list[str]]:
    """Return what the order gives to the graph, and sentences on what it cannot take."""
    about = workflow.about
    width: int | None = order.width
    height: int | None = order.height
    sides = [parameters[name].default for name in ("width", "height") if name in parameters]
    if width is not None or None in sides:
        # Also where the model takes no size: one that nothing can make is refused all the same.
        width, height = size_of(order, about.title, side=about.side, multiple=about.multiple)
    values: dict[str, Any] = {
        "prompt": order.prompt,
        "negative_prompt": order.negative or None,
        "width": width,
        "height": height,
        "steps": order.steps,
        "guidance": order.guidance,
    }
    lacking = [name for name in _MAY_LACK if values[name] is not None and name not in parameters]
    if order.width is None:
        lacking = [name for name in lacking if name not in ("width", "height")]
    if "prompt" not in parameters:
        lacking.insert(0, "prompt")
    told = dict.fromkeys("size" if name in ("width", "height") else name for name in lacking)
    return values, [f"{about.title} knows no {name}; it was left out." for name in told]


def _checked(name: str, parameter: Parameter, value: Any, title: str) -> Any:
    value = parameter.default if value is None else value
    if value is None or parameter.type in ("text", "picture"):
        return value
    usual = parameter.default if isinstance(parameter.default, (int, float)) else None
    refuse_number(name, value, title, least=parameter.least, most=parameter.most, usual=usual)
    return int(value) if parameter.type == "integer" else float(value)


def _number(graph: Graph, parameter: Parameter | None) -> Any:
    """Return what a graph says where a parameter is set."""
    for node, name in _places(parameter.at) if parameter is not None else ():
        value = graph[node]["inputs"].get(name) if node in graph else None
        if isinstance(value, (int, float)):
            return value
    return None


def _set(graph: Graph, parameter: Parameter | None, value: Any) -> None:
    if parameter is None or value is None:
        return
    for node, name in _places(parameter.at):
        if node in graph:
            graph[node]["inputs"][name] = value


def _join(graph: Graph, workflow: Workflow, graft: Workflow) -> None:
    graph.update(copy.deepcopy(graft.graph))
    sockets = workflow.about.sockets
    for socket, places in graft.about.takes.items():
        for node, name in _places(places):
            graph[node]["inputs"][name] = _link(sockets[socket])
    for place, output in graft.about.gives.items():
        node, _, name = sockets[place].partition(".")
        graph[node]["inputs"][name] = _link(output)


def _link(output: str) -> list[Any]:
    node, _, slot = output.partition(".")
    return [node, int(slot)]


def _leave_out(graph: Graph, parameter: Parameter) -> None:
    gone = {node for node, _ in _places(parameter.at)}
    for node_id in gone:
        graph.pop(node_id, None)
    for node in graph.values():
        node["inputs"] = {
            name: value
            for name, value in node["inputs"].items()
            if not (isinstance(value, list) and value and value[0] in gone)
        }


def _needed(graph: Graph, outputs: Iterable[str] = ()) -> Graph:
    """Return what the picture needs; a graft leaves nodes behind whose place it took."""
    wanted = list(outputs) or [
        node for node, about in graph.items() if about["class_type"] == "SaveImage"
    ]
    kept: set[str] = set()
    while wanted:
        node = wanted.pop()
        if node in graph and node not in kept:
            kept.add(node)
            links = (v for v in graph[node]["inputs"].values() if isinstance(v, list) and v)
            wanted += [str(link[0]) for link in links]
    return {node: about for node, about in graph.items() if node in kept}


def _places(at: Iterable[str]) -> list[tuple[str, str]]:
    return [(place.partition(".")[0], place.partition(".")[2]) for place in at]
