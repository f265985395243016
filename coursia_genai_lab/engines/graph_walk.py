"""Ways through a graph in API format: who feeds whom, and where a value really stands."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

VALUES = ("value", "string", "text", "prompt", "int", "float", "number", "seed", "noise_seed")
"""Inputs in which nodes that do nothing but hold a value hold it."""


@dataclass(frozen=True)
class Spot:
    """An input that holds a value of its own, and the value."""

    node: str
    name: str
    value: Any

    @property
    def place(self) -> str:
        """`NODE.INPUT`."""
        return f"{self.node}.{self.name}"


class Walk:
    """The nodes that some outputs need, and the links between them."""

    def __init__(self, graph: Mapping[str, Mapping[str, Any]], ends: Iterable[str]) -> None:
        self.graph = graph
        self.needed = self._upstream(ends)
        self._readers: dict[str, list[tuple[str, str, int]]] = {}
        for node in self.needed:
            for name, source, slot in self.links(node):
                self._readers.setdefault(source, []).append((node, name, slot))

    def kind(self, node: str) -> str:
        """Return the class of a node."""
        return str(self.graph[node]["class_type"])

    def inputs(self, node: str) -> Mapping[str, Any]:
        """Return the inputs of a node."""
        found: Mapping[str, Any] = self.graph[node]["inputs"]
        return found

    def link(self, node: str, name: str) -> tuple[str, int] | None:
        """Return node and slot that an input comes from; None where it holds a value."""
        value = self.inputs(node).get(name)
        if isinstance(value, list) and len(value) == 2 and str(value[0]) in self.graph:
            return str(value[0]), int(value[1])
        return None

    def links(self, node: str) -> Iterator[tuple[str, str, int]]:
        """Give (input, node, slot) for everything that a node is fed."""
        for name in self.inputs(node):
            found = self.link(node, name)
            if found is not None:
                yield name, *found

    def readers(self, node: str) -> list[tuple[str, str, int]]:
        """Return (node, input, slot) of everything needed that a node feeds."""
        return self._readers.get(node, [])

    def spots(self, node: str, name: str, wanted: type | tuple[type, ...]) -> list[Spot]:
        """Return where an input's value stands: there, or in the nodes that it comes from."""
        found: list[Spot] = []
        stack, seen = [(node, name)], set()
        while stack:
            at, entry = stack.pop()
            if (at, entry) in seen:
                continue
            seen.add((at, entry))
            value = self.inputs(at).get(entry)
            source = self.link(at, entry)
            if source is not None:
                stack += [(source[0], key) for key in self._held(source[0], wanted)]
            elif isinstance(value, wanted) and not isinstance(value, bool):
                found.append(Spot(at, entry, value))
        return found

    def _held(self, node: str, wanted: type | tuple[type, ...]) -> list[str]:
        """Return the input that a node passes on; none where that could be several."""
        could = [
            key
            for key, value in self.inputs(node).items()
            if isinstance(value, wanted) or self.link(node, key) is not None
        ]
        holds = [key for key in could if key in VALUES] or could
        return holds if len(holds) == 1 else []

    def _upstream(self, ends: Iterable[str]) -> list[str]:
        """Return what the ends need, in the order of the graph."""
        kept: set[str] = set()
        wanted = [end for end in ends if end in self.graph]
        while wanted:
            node = wanted.pop()
            if node not in kept:
                kept.add(node)
                wanted += [other for _, other, _ in self.links(node)]
        return [node for node in self.graph if node in kept]
