"""An order made into a graph: checked against what the model can do, its values put in."""

from __future__ import annotations

import copy
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidRequest, ServiceError
from .orders import Order
from .workflow_files import Graph, Parameter, Workflow, read, workflow_of

LEAST_SIDE = 64
MOST_SIDE = 2048
_OF_ORDER = {"steps": "steps", "guidance": "guidance", "negative_prompt": "negative"}
"""What a model may lack: parameter -> field of the order."""


@dataclass(frozen=True)
class Plan:
    """A graph that lacks only its pictures and its seed."""

    graph: Graph = field(repr=False)
    parameters: Mapping[str, Parameter]
    pictures: Mapping[str, bytes] = field(repr=False)
    """Parameter -> the file to be put there."""
    notices: tuple[str, ...]
    """What of the order the model cannot do, a sentence each; the rest is done."""

    def graph_for(self, seed: int, stored: Mapping[str, str]) -> Graph:
        """Return the graph to post; `stored` says what ComfyUI calls the pictures."""
        graph = copy.deepcopy(self.graph)
        for name, value in {"seed": seed, **stored}.items():
            _set(graph, self.parameters.get(name), value)
        return graph


def plan(order: Order) -> Plan:
    """Return how an order is carried out.

    Raises:
        ServiceError: no workflow comes along for its model; code `no_workflow`.
        InvalidRequest: the model cannot do it; the sentence says what it can.
    """
    workflow = workflow_of(order.model)
    if workflow is None:
        raise ServiceError(
            f"The Lab has no workflow for {order.model[:100]}.",
            "Post a graph of your own through the service's door, COMFYUI_API_URL.",
            code="no_workflow",
        )
    task = _task(workflow, order)
    graft = read(workflow.about.grafts[task]) if task is not None else None
    parameters = _parameters(workflow, graft)
    graph = copy.deepcopy(workflow.graph)
    if graft is not None:
        _join(graph, workflow, graft)
    pictures = _pictures(workflow, order)
    width, height = _size(workflow, order)
    values: dict[str, Any] = {"prompt": order.prompt, "width": width, "height": height}
    notices = []
    for name, of_order in _OF_ORDER.items():
        wanted = getattr(order, of_order)
        if name in parameters:
            values[name] = wanted
        elif wanted not in (None, ""):
            notices.append(f"{workflow.about.title} knows no {name}; it was left out.")
    for name, parameter in parameters.items():
        value = values.get(name)
        _set(graph, parameter, _checked(name, parameter, value, workflow.about.title))
    for name, parameter in parameters.items():
        if parameter.optional and name not in pictures:
            _leave_out(graph, parameter)
    return Plan(_needed(graph), parameters, pictures, tuple(notices))


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
    if order.mask is not None:
        return "mask"
    if workflow.about.needs_picture:
        return "sized" if order.width is not None else None
    return "image" if order.images else None


def _pictures(workflow: Workflow, order: Order) -> dict[str, bytes]:
    title = workflow.about.title
    names = [n for n, p in workflow.about.parameters.items() if p.type == "picture"] or ["image"]
    if workflow.about.needs_picture and not order.images:
        raise InvalidRequest(
            f"{title} changes pictures, and none was sent.",
            "Send one to /v1/images/edits, or ask another model.",
            code="missing_required_parameter",
            param="image",
        )
    if len(order.images) > len(names):
        raise InvalidRequest(
            f"{title} takes {len(names)} picture{'s'[: len(names) > 1]}, "
            f"{len(order.images)} were sent.",
            "Send fewer, or ask a model that takes several.",
            code="too_many_images",
            param="image",
        )
    if order.mask is not None and not order.images:
        raise InvalidRequest(
            "A mask needs the picture that it lies on.", code="invalid_value", param="mask"
        )
    pictures = dict(zip(names, order.images, strict=False))
    if order.mask is not None:
        pictures["mask"] = order.mask
    return pictures


def _size(workflow: Workflow, order: Order) -> tuple[int, int]:
    about = workflow.about
    if order.width is None or order.height is None:
        if not order.images:
            return about.side, about.side
        # Models draw well at the size that they were made for, in whatever shape.
        width, height = png_size(order.images[0])
        by = (about.side**2 / (width * height)) ** 0.5
        return near_side(width * by, about.multiple), near_side(height * by, about.multiple)
    for side in (order.width, order.height):
        if not LEAST_SIDE <= side <= MOST_SIDE:
            raise InvalidRequest(
                f"Both sides of 'size' must be between {LEAST_SIDE} and {MOST_SIDE}.",
                f"The model was made for {about.side}x{about.side}.",
                code="invalid_value",
                param="size",
            )
    near = tuple(near_side(side, about.multiple) for side in (order.width, order.height))
    if near != (order.width, order.height):
        raise InvalidRequest(
            f"{about.title} makes pictures whose sides are multiples of {about.multiple}.",
            f"Ask for {near[0]}x{near[1]}.",
            code="invalid_value",
            param="size",
        )
    return order.width, order.height


def near_side(side: float, multiple: int) -> int:
    """Return the multiple next to `side` among the sides that are taken."""
    least, most = -(-LEAST_SIDE // multiple), MOST_SIDE // multiple
    return min(most, max(least, round(side / multiple))) * multiple


def png_size(data: bytes) -> tuple[int, int]:
    """Return width and height of a PNG; raises InvalidRequest for anything else."""
    if not data.startswith(b"\x89PNG\r\n\x1a\n") or len(data) < 24:
        raise InvalidRequest("The picture is no PNG.", code="invalid_image")
    width, height = struct.unpack(">II", data[16:24])
    if not width or not height:
        raise InvalidRequest("The picture is damaged.", code="invalid_image")
    return width, height


def _checked(name: str, parameter: Parameter, value: Any, title: str) -> Any:
    if value is None or value == "":
        value = parameter.default if value is None else value
    if value is None or parameter.type in ("text", "picture"):
        return value
    low, high = parameter.least, parameter.most
    if (low is not None and value < low) or (high is not None and value > high):
        raise InvalidRequest(
            f"'{name}' of {title} must be between {low:g} and {high:g}.",
            code="invalid_value",
            param=name,
        )
    return int(value) if parameter.type == "integer" else float(value)


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


def _needed(graph: Graph) -> Graph:
    """Return what the picture needs; a graft leaves nodes behind whose place it took."""
    wanted = [node for node, about in graph.items() if about["class_type"] == "SaveImage"]
    kept: set[str] = set()
    while wanted:
        node = wanted.pop()
        if node not in kept:
            kept.add(node)
            links = (v for v in graph[node]["inputs"].values() if isinstance(v, list) and v)
            wanted += [str(link[0]) for link in links]
    return {node: about for node, about in graph.items() if node in kept}


def _places(at: Iterable[str]) -> list[tuple[str, str]]:
    return [(place.partition(".")[0], place.partition(".")[2]) for place in at]
