"""What of a foreign graph an order may set: prompt, seed, steps, size, pictures, mask, output.

Found by who feeds whom, never by titles. What could be meant by several nodes is left to a person.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidRequest
from .exported import TEXTS, mark_of
from .found_conditioning import texts_of
from .found_pictures import Pictures, pictures_of
from .graph_walk import Spot, Walk
from .workflow_files import Graph, Parameter

NAMEABLE = (
    "prompt", "negative_prompt", "seed", "steps", "guidance", "size", "image", "mask", "output",
)  # fmt: skip
"""What a person may say the node of."""
NONE = "none"
"""In the place of a node: it stays as it is in the file."""
MOST_STEPS = 150
MOST_GUIDANCE = 30.0
_SAVES = re.compile(r"(?i)save.*image|image.*save")
_SHOWS = re.compile(r"(?i)preview.*image|image.*preview")
_SEEDS = ("seed", "noise_seed")
Named = Mapping[str, Sequence[str]]


@dataclass
class Found:
    """What was found; `unclear` leads from a parameter to the nodes that could be meant."""

    parameters: dict[str, Parameter] = field(default_factory=dict)
    outputs: list[str] = field(default_factory=list)
    unclear: dict[str, list[str]] = field(default_factory=dict)
    pictures: Pictures = field(default_factory=Pictures)


def find(graph: Graph, named: Named | None = None) -> Found:
    """Return the parameters of a graph; `named` says of some which nodes hold them.

    Raises:
        InvalidRequest: a named node is not there, or has no such input; the graph makes no picture
            (code `workflow_no_output`).
    """
    said = {name: [one for one in nodes if one] for name, nodes in (named or {}).items()}
    for name, nodes in said.items():
        for node in nodes:
            if node not in (*graph, NONE):
                raise InvalidRequest(
                    f"There is no node {node[:50]!r}, which was named for {name}.",
                    f"The file has: {', '.join(list(graph)[:40])}.",
                )
    found = Found()
    _find_outputs(graph, said.get("output", ()), found)
    search = _Search(Walk(graph, found.outputs), said, found)
    search.texts()
    search.seed()
    search.number("steps", ("steps",), "integer", 1, MOST_STEPS)
    search.number("guidance", ("guidance", "cfg"), "number", 0, MOST_GUIDANCE)
    search.size()
    search.images()
    return found


def _find_outputs(graph: Graph, named: Sequence[str], found: Found) -> None:
    ends = Walk(graph, graph)
    sinks = [node for node in graph if not ends.readers(node) and any(ends.links(node))]
    saving = [node for node in sinks if _SAVES.search(ends.kind(node))]
    chosen = list(named) or saving or [node for node in sinks if _SHOWS.search(ends.kind(node))]
    if not chosen or chosen == [NONE]:
        raise InvalidRequest(
            "The workflow gives no picture: it has no SaveImage node.",
            "Add SaveImage in ComfyUI and export it anew, or name the node with --output-node.",
            code="workflow_no_output",
        )
    if len(chosen) > 1 and not named:
        found.unclear["output"] = chosen
    found.outputs = chosen


class _Search:
    def __init__(self, walk: Walk, named: Mapping[str, Sequence[str]], found: Found) -> None:
        self._walk, self._named, self._found = walk, named, found

    def texts(self) -> None:
        """Find prompt and negative prompt: the texts that samplers are led by, and away from."""
        for name, spots in texts_of(self._walk).items():
            sure = self._marked(name)
            if name in self._named:
                sure = self._said(name, tuple(TEXTS), str)
                spots = []
            chosen = sure or spots
            if not sure and len({one.value for one in chosen}) > 1 and len(_nodes(chosen)) > 1:
                self._found.unclear[name] = _nodes(chosen)
            elif chosen:
                default = "" if name == "negative_prompt" and mark_of(chosen[0].value) else None
                self._keep(name, Parameter(type="text", at=_at(chosen), default=default))
        # One text for both cannot be told apart by an order.
        both = self._found.parameters
        if "prompt" in both and "negative_prompt" in both:
            apart = [p for p in both["negative_prompt"].at if p not in both["prompt"].at]
            if not apart:
                del both["negative_prompt"]

    def seed(self) -> None:
        """Find every seed: all of them get the order's, so that a picture can be made again."""
        spots = self._marked("seed") or self._chosen("seed", _SEEDS)
        if spots:
            self._keep("seed", Parameter(type="integer", at=_at(spots)))

    def number(self, name: str, inputs: Sequence[str], kind: Any, low: float, high: float) -> None:
        """Find a number that is one and the same wherever it stands."""
        # A model that is led by its own guidance has cfg 1, which nobody may change.
        groups = [inputs] if name in self._named else [(one,) for one in inputs]
        spots = next((found for one in groups if (found := self._chosen(name, one))), [])
        values = {float(one.value) for one in spots}
        # Away from nothing there is no more or less: cfg 1 without a negative prompt stays so.
        fixed = {one.name for one in spots} == {"cfg"} and values == {1.0}
        if not spots or (fixed and "negative_prompt" not in self._found.parameters):
            return
        parted = name == "steps" and any(map(self._is_part, _nodes(spots)))
        if (len(values) > 1 or parted) and name not in self._named:
            self._found.unclear[name] = _nodes(spots)
            return
        default: Any = spots[0].value
        bounds = {"least": min(low, default), "most": max(high, default)}
        self._keep(name, Parameter(type=kind, at=_at(spots), default=default, **bounds))

    def size(self) -> None:
        """Find the empty latents, and what must know their size besides."""
        if self._named.get("size") == [NONE]:
            return
        nodes = self._named.get("size") or [
            node
            for node in self._walk.needed
            if self._walk.kind(node).startswith("Empty") and self._has_size(node)
        ]
        sizes = {tuple(one[0].value for one in self._sides(node)) for node in nodes}
        if len(sizes) > 1:
            self._found.unclear["size"] = list(nodes)
            return
        if not sizes:
            return
        size = sizes.pop()
        also = [
            node
            for node in self._walk.needed
            if node not in nodes
            and self._walk.kind(node).startswith("ModelSampling")
            and self._has_size(node)
            and tuple(one[0].value for one in self._sides(node)) == size
        ]
        for index, name in enumerate(("width", "height")):
            spots = [spot for node in (*nodes, *also) for spot in self._sides(node)[index]]
            self._keep(name, Parameter(type="integer", at=_at(spots), default=size[index]))

    def images(self) -> None:
        """Find what loads pictures and masks."""
        found = pictures_of(self._walk, self._named)
        self._found.pictures = found
        if found.unclear:
            self._found.unclear["mask"] = found.unclear
        for name, node in found.images.items():
            optional = node in found.optional
            self._keep(name, Parameter(type="picture", at=[f"{node}.image"], optional=optional))
        if found.mask is not None:
            self._keep("mask", Parameter(type="picture", at=[f"{found.mask}.image"]))

    def _keep(self, name: str, parameter: Parameter) -> None:
        at = list(dict.fromkeys(parameter.at))
        self._found.parameters[name] = parameter.model_copy(update={"at": at})

    def _marked(self, name: str) -> list[Spot]:
        return [
            Spot(node, key, value)
            for node in self._walk.needed
            for key, value in self._walk.inputs(node).items()
            if mark_of(value) == name
        ]

    def _chosen(self, name: str, inputs: Sequence[str]) -> list[Spot]:
        if name in self._named:
            return self._said(name, (*inputs, "value", "int", "float"), (int, float))
        return [
            spot
            for node in self._walk.needed
            for key in inputs
            if key in self._walk.inputs(node)
            for spot in self._walk.spots(node, key, (int, float))
        ]

    def _said(self, name: str, inputs: Sequence[str], kind: Any) -> list[Spot]:
        """Return the values in the nodes that a person named; none for `none`."""
        spots = []
        for node in self._named.get(name, ()):
            if node == NONE:
                continue
            keys = [key for key in self._walk.graph[node]["inputs"] if key in inputs]
            here = [spot for key in keys for spot in self._walk.spots(node, key, kind)]
            if not here:
                raise InvalidRequest(
                    f"Node {node} ({self._walk.kind(node)}) has nothing to set for {name}.",
                    f"Its inputs are: {', '.join(self._walk.graph[node]['inputs']) or 'none'}.",
                )
            spots += here
        return spots

    def _is_part(self, node: str) -> bool:
        """Say whether a sampler makes only some of its steps: another makes the others."""
        given = self._walk.inputs(node)
        steps, first, last = (given.get(n) for n in ("steps", "start_at_step", "end_at_step"))
        if not (isinstance(steps, int) and isinstance(first, int) and isinstance(last, int)):
            return False
        return first > 0 or last < steps

    def _has_size(self, node: str) -> bool:
        return all(len(spots) == 1 for spots in self._sides(node))

    def _sides(self, node: str) -> tuple[list[Spot], list[Spot]]:
        width, height = (
            self._walk.spots(node, name, int) if name in self._walk.inputs(node) else []
            for name in ("width", "height")
        )
        return width, height


def _at(spots: Sequence[Spot]) -> list[str]:
    return [spot.place for spot in spots]


def _nodes(spots: Sequence[Spot]) -> list[str]:
    return list(dict.fromkeys(spot.node for spot in spots))
