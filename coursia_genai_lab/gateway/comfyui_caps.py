"""What a graph may ask of an engine that others wait for: size, steps, and files of its own.

A refusal is the 400 that ComfyUI itself would answer, so that its clients mark the field.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .comfyui_graph import Graph, counts, is_link, number, upstream

MOST_PIXELS = 2**24
"""Of one picture, 4096 x 4096: more than a GPU of 24 GB decodes."""
MOST_PICTURES = 128
"""Of one batch; also frames of a film: WAN makes 81, Hunyuan 129 with the first."""
MOST_STEPS = 200
"""No sampler draws better for more; ComfyUI itself would take 10,000."""
MOST_WORK = 2**20 * 64 * 50
"""Pixels x pictures x steps of a whole graph: 64 pictures of a megapixel in 50 steps each."""
MOST_LOOKS = 2_000_000
"""Samplers x inputs of a graph: each sampler's part of it is looked at while others wait."""
UNKNOWN_PIXELS = 2**20
"""What an upload is counted as, for its size is not in the graph."""
TEXTS = frozenset({"text", "prompt", "string", "value"})
_OUTSIDE = re.compile(r"(?:^|[\\/])\.\.(?:$|[\\/ \[])|^[\\/~]|^[A-Za-z]:")

Refusal = dict[str, Any]


def refusal_of(graph: Graph) -> Refusal | None:
    """Return what ComfyUI's clients are answered where a graph asks for too much; else None."""
    problems: dict[str, list[dict[str, Any]]] = {}
    for name, node in graph.items():
        found = [*_large(graph, node), *_outside(node)]
        if found:
            problems[name] = found
    if not problems:
        tangled = _too_tangled(graph)
        sampler = None if tangled else _too_much_work(graph)
        if tangled is not None:
            problems[tangled] = [_too_big("samplers x inputs", "the whole graph", MOST_LOOKS)]
        elif sampler is not None:
            fields = "width x height x batch_size x steps"
            problems[sampler] = [_too_big(fields, "the whole graph", MOST_WORK)]
    return node_refusal(graph, problems) if problems else None


def node_refusal(graph: Graph, problems: dict[str, list[dict[str, Any]]]) -> Refusal:
    """Return ComfyUI's 400 for problems of inputs, by node."""
    lines = [f"{one['message']}: {one['details']}" for some in problems.values() for one in some]
    return {
        "error": {
            "type": "prompt_outputs_failed_validation",
            "message": "Prompt outputs failed validation",
            "details": "\n".join(lines[:20]),
            "extra_info": {},
        },
        "node_errors": {
            name: {
                "errors": some,
                "dependent_outputs": [],
                "class_type": graph[name].get("class_type"),
            }
            for name, some in problems.items()
        },
    }


def _large(graph: Graph, node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    width, height = number(graph, node, "width"), number(graph, node, "height")
    if width is not None and height is not None and width * height > MOST_PIXELS:
        side = int(MOST_PIXELS**0.5)
        wider = width >= height
        yield _too_big(*(("width", width) if wider else ("height", height)), side)
    for name, count in counts(graph, node):
        if count > MOST_PICTURES:
            yield _too_big(name, count, MOST_PICTURES)
    steps = number(graph, node, "steps")
    if steps is not None and steps > MOST_STEPS:
        yield _too_big("steps", steps, MOST_STEPS)


def _outside(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Find names of files that leave ComfyUI's folders, in nodes that load or save."""
    kind = str(node.get("class_type"))
    if "Load" not in kind and "Save" not in kind:
        return
    for name, value in node["inputs"].items():
        if isinstance(value, str) and name not in TEXTS and _OUTSIDE.search(value):
            yield {
                "type": "custom_validation_failed",
                "message": "Custom validation failed for node",
                "details": f"{name} - Invalid file outside of its folder: {value[:100]}",
                "extra_info": {"input_name": name, "received_value": value[:100]},
            }


def _too_tangled(graph: Graph) -> str | None:
    """Return a sampler of a graph that takes too long to look at; None where it does not."""
    samplers = [name for name, node in graph.items() if "latent_image" in node["inputs"]]
    inputs = sum(len(node["inputs"]) for node in graph.values())
    return samplers[0] if len(samplers) * inputs > MOST_LOOKS else None


def _too_much_work(graph: Graph) -> str | None:
    """Return the sampler with which a graph comes to ask for too much; None where none does."""
    work = 0.0
    for name, node in graph.items():
        if "latent_image" in node["inputs"]:
            work += _pixels(graph, node) * _steps(graph, node)
            if work > MOST_WORK:
                return name
    return None


def _pixels(graph: Graph, sampler: dict[str, Any]) -> float:
    """Return the pixels of all pictures that a sampler draws at a time."""
    largest, count, scale = 0.0, 1.0, 1.0
    for node in upstream(graph, sampler, "latent_image"):
        width, height = number(graph, node, "width"), number(graph, node, "height")
        if width is not None and height is not None:
            largest = max(largest, width * height)
        for _, several in counts(graph, node):
            count *= max(1.0, several)
        by = number(graph, node, "scale_by")
        scale *= max(1.0, by * by) if by is not None else 1.0
    return (largest or UNKNOWN_PIXELS) * count * scale


def _steps(graph: Graph, sampler: dict[str, Any]) -> float:
    """Return a sampler's steps, which a scheduler beside it may say."""
    own = number(graph, sampler, "steps")
    if own is not None:
        return own
    beside = [
        number(graph, graph[value[0]], "steps") or 0.0
        for value in sampler["inputs"].values()
        if is_link(graph, value)
    ]
    return max(beside, default=0.0) or 1.0


def _too_big(name: str, value: object, most: int) -> dict[str, Any]:
    shown = f"{value:g}" if isinstance(value, float) else str(value)
    return {
        "type": "value_bigger_than_max",
        "message": f"Value {shown} bigger than max of {most}",
        "details": name,
        "extra_info": {"input_name": name, "input_config": ["INT", {"max": most}]},
    }
