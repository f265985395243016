"""A workflow that somebody exported from ComfyUI: read with bounds, refused with the reason."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

from ..errors import InvalidRequest
from .limits import LONGEST_TEXT
from .workflow_files import Graph

MOST_BYTES = 2**20
MOST_NODES = 500
MOST_DEPTH = 12
MOST_NUMBER = 2**64
TEXTS = frozenset(
    {"text", "text_g", "text_l", "prompt", "positive", "negative", "positive_prompt"}
    | {"negative_prompt", "clip_l", "clip_g", "t5xxl", "llama", "string", "value"}
)
"""Inputs that hold words of people: what stands there names no file."""
MARKS = ("prompt", "negative_prompt", "seed", "image", "image2", "image3", "mask")
"""`{{NAME}}` in the place of a value names a parameter, in whatever braces people use."""
_ALIKE = {
    "image1": "image",
    "negative": "negative_prompt",
    "noise_seed": "seed",
    "positive": "prompt",
    "positive_prompt": "prompt",
}
HOW_TO_EXPORT = (
    "In ComfyUI choose Workflow > Export (API) and give that file. In the old menu switch on "
    '"Enable Dev mode Options" in the settings (the gear); then press "Save (API Format)".'
)
_MARK = re.compile(r"(?:\{\{|<<<|%|\$\{)\s*([A-Za-z_]\w*)\s*(?:\}\}|>>>|%|\})")
_NODE = re.compile(r"[^\s.]{1,100}")
_OUTSIDE = re.compile(r"^(?:[\\/~][\w.~\\/-]|[A-Za-z]:[\\/])|(?:^|[\\/])\.\.(?:[\\/]|$)")


def read_exported(data: bytes) -> Graph:
    """Return the graph of a file in API format: of each node its class, inputs and title.

    A whole body of `POST /prompt` does too.

    Raises:
        InvalidRequest: it is something else, or holds what no workflow may; code
            `workflow_format`, `workflow_too_large`, `workflow_outside`, `workflow_placeholder`.
    """
    if len(data) > MOST_BYTES:
        raise _wrong(
            f"The file has more than {MOST_BYTES // 1024} KiB, which no workflow needs.",
            "A picture inside it? Load pictures with LoadImage instead.",
            code="workflow_too_large",
        )
    value = _parsed(data)
    if _depth(value) > MOST_DEPTH:
        raise _wrong("The file nests more deeply than any workflow.")
    if isinstance(value, dict) and isinstance(value.get("prompt"), dict):
        value = value["prompt"]
    if not isinstance(value, dict) or not value:
        raise _wrong("The file holds no workflow: it must be a JSON object of nodes.")
    if isinstance(value.get("nodes"), list):
        raise _wrong("The file is in the format of ComfyUI's editor, which cannot be run as it is.")
    if len(value) > MOST_NODES:
        raise _wrong(
            f"The workflow has {len(value)} nodes; at most {MOST_NODES} are taken.",
            "Split it, or export only the part that makes the picture.",
            code="workflow_too_large",
        )
    graph = {str(node): _node(str(node), about) for node, about in value.items()}
    for node, name, entry in _inputs(graph):
        _refuse(graph, node, name, entry)
    return graph


def mark_of(value: object) -> str | None:
    """Return the name in a value that is a placeholder and nothing else."""
    found = _MARK.fullmatch(value.strip()) if isinstance(value, str) else None
    name = found[1].lower() if found else None
    return _ALIKE.get(name, name) if name else None


def _parsed(data: bytes) -> Any:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise _wrong("The file is no JSON: it is not in UTF-8.") from None
    try:
        return json.loads(text, parse_constant=_no_number, object_pairs_hook=_without_doubles)
    except RecursionError:
        raise _wrong("The file nests more deeply than any workflow.") from None
    except ValueError as error:
        raise _wrong(f"The file is no JSON: {str(error)[:200]}.") from None


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice[:100]!r} stands twice in one object")
    return table


def _depth(value: Any) -> int:
    deepest, stack = 0, [(value, 1)]
    while stack:
        one, depth = stack.pop()
        deepest = max(deepest, depth)
        if isinstance(one, (dict, list)):
            inner = one.values() if isinstance(one, dict) else one
            stack += [(entry, depth + 1) for entry in inner]
    return deepest


def _node(node: str, about: Any) -> dict[str, Any]:
    if not _NODE.fullmatch(node):
        raise _wrong(f"{node[:50]!r} is no id of a node: it must have neither space nor dot.")
    kind = about.get("class_type") if isinstance(about, dict) else None
    if not isinstance(kind, str) or not 0 < len(kind) <= 200:
        raise _wrong(f"Node {node} has no class_type, so the file is not in API format.")
    inputs = about.get("inputs", {})
    if not isinstance(inputs, dict):
        raise _wrong(f"The inputs of node {node} ({kind}) are no object.")
    meta = about.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    shown = {"_meta": {"title": title[:200]}} if isinstance(title, str) else {}
    return {"class_type": kind, "inputs": inputs, **shown}


def _inputs(graph: Graph) -> Iterator[tuple[str, str, Any]]:
    for node, about in graph.items():
        for name, value in about["inputs"].items():
            if isinstance(value, dict):
                # Some nodes keep a row of settings in one input.
                yield from ((node, name, inner) for inner in _leaves(value))
            else:
                yield node, name, value


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    else:
        yield value


def _refuse(graph: Graph, node: str, name: str, value: Any) -> None:
    where = f"Input {name[:100]} of node {node} ({graph[node]['class_type']})"
    if isinstance(value, list):
        _refuse_link(graph, where, value)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if not math.isfinite(value) or abs(value) > MOST_NUMBER:
            raise _wrong(f"{where} holds a number that is too large.")
    elif isinstance(value, str):
        _refuse_text(where, name, value)


def _refuse_link(graph: Graph, where: str, value: list[Any]) -> None:
    fits = len(value) == 2 and isinstance(value[0], str) and type(value[1]) is int
    if not fits or not 0 <= value[1] < 1000:
        raise _wrong(f"{where} is a list and no link, which would be [node, slot].")
    if value[0] not in graph:
        raise _wrong(f"{where} comes from node {value[0][:100]}, which is not in the file.")


def _refuse_text(where: str, name: str, text: str) -> None:
    if len(text) > LONGEST_TEXT:
        raise _wrong(f"{where} holds a text of more than {LONGEST_TEXT:,} characters.")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _wrong(f"{where} holds half a character.") from None
    mark = mark_of(text)
    if ("{{" in text and mark is None) or mark not in (None, *MARKS):
        raise _wrong(
            f"{where} holds an unknown placeholder, {text[:80]!r}.",
            f"Known are {', '.join('{{' + one + '}}' for one in MARKS)}, each as the whole value; "
            "numbers need none, their values in the file are the defaults.",
            code="workflow_placeholder",
        )
    if name not in TEXTS and _OUTSIDE.search(text):
        raise _wrong(
            f"{where} names a file outside ComfyUI's own folders.",
            "Name files as ComfyUI's lists show them, without an absolute path and without '..'.",
            code="workflow_outside",
        )


def _wrong(
    message: str, remedy: str = HOW_TO_EXPORT, *, code: str = "workflow_format"
) -> InvalidRequest:
    return InvalidRequest(message, remedy, code=code)
