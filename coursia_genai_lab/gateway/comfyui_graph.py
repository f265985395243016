"""Reads what a graph in ComfyUI's API format asks for: numbers, batches, and what feeds a node."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Graph = dict[str, Any]


def counts(graph: Graph, node: dict[str, Any]) -> Iterator[tuple[str, float]]:
    """Give each input by which one picture becomes several."""
    # Others call the strength of a filter their amount.
    repeats = ("amount",) if "Repeat" in str(node.get("class_type")) else ()
    for name in ("batch_size", "length", *repeats):
        count = number(graph, node, name)
        if count is not None:
            yield name, count


def upstream(graph: Graph, node: dict[str, Any], first: str) -> list[dict[str, Any]]:
    """Return every node that what comes in by the input `first` was made by."""
    found: dict[str, dict[str, Any]] = {}
    waiting = [node["inputs"].get(first)]
    while waiting:
        value = waiting.pop()
        if is_link(graph, value) and value[0] not in found:
            found[value[0]] = graph[value[0]]
            waiting.extend(graph[value[0]]["inputs"].values())
    return list(found.values())


def is_link(graph: Graph, value: object) -> bool:
    """Say whether an input comes from another node."""
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and value[0] in graph
    )


def number(graph: Graph, node: dict[str, Any], name: str) -> float | None:
    """Return a number as ComfyUI would read it, also where a node of its own holds it."""
    value = node["inputs"].get(name)
    if is_link(graph, value):
        value = graph[value[0]]["inputs"].get("value")
    if not isinstance(value, (int, float, str)):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    # What is not a number counts as without end, and is refused.
    return found if found == found else float("inf")
