"""What a node class is, and all of them by name: `/object_info` and validation both read it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

from .comfy_table import CHOICES, NUMBERS, TABLE


@dataclass(frozen=True)
class Input:
    """One input: a type name, or the values that may be chosen; `uploads` takes uploaded files."""

    kind: str | tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    optional: bool = False
    uploads: bool = False

    def described(self, uploads: list[str]) -> list[Any]:
        """Return the input as `/object_info` shows it."""
        if self.uploads:
            return [uploads, {**self.options}]
        kind = list(self.kind) if isinstance(self.kind, tuple) else self.kind
        return [kind, {**self.options}] if self.options else [kind]


@dataclass(frozen=True)
class Node:
    """One node class: inputs by name, output types, and whether a prompt may end with it."""

    name: str
    category: str
    inputs: dict[str, Input]
    outputs: tuple[str, ...]
    output_names: tuple[str, ...]
    is_output: bool = False

    def described(self, uploads: list[str]) -> dict[str, Any]:
        """Return the node as `/object_info` shows it."""
        required = {k: v.described(uploads) for k, v in self.inputs.items() if not v.optional}
        optional = {k: v.described(uploads) for k, v in self.inputs.items() if v.optional}
        given: dict[str, Any] = {"required": required}
        if optional:
            given["optional"] = optional
        return {
            "input": given,
            "input_order": {group: list(names) for group, names in given.items()},
            "output": list(self.outputs),
            "output_is_list": [False] * len(self.outputs),
            "output_name": list(self.output_names),
            "name": self.name,
            "display_name": self.name,
            "description": "",
            "python_module": "nodes",
            "category": self.category,
            "output_node": self.is_output,
        }


_FIXED = {
    "TEXT": Input("STRING", {"multiline": True, "dynamicPrompts": True}),
    "LINE": Input("STRING", {"default": "ComfyUI"}),
    "SWITCH": Input("BOOLEAN", {"default": True}),
    "UPLOAD": Input("COMBO", {"image_upload": True}, uploads=True),
}


def _input(word: str) -> Input:
    if word.endswith("?"):
        return dataclasses.replace(_input(word[:-1]), optional=True)
    if word in _FIXED:
        return _FIXED[word]
    if word in CHOICES:
        return Input(CHOICES[word])
    if word in NUMBERS:
        default, low, high, step = NUMBERS[word]
        kind = "INT" if isinstance(step, int) else "FLOAT"
        return Input(kind, {"default": default, "min": low, "max": high, "step": step})
    return Input(word)


def _node(line: str) -> Node:
    head, _, tail = line.partition("->")
    category, name, *pairs = head.replace("(", " ").replace(")", " ").split()
    inputs = {}
    for pair in pairs:
        given, _, word = pair.partition("=")
        inputs[given] = _input(word)
    outputs = [part.partition(":") for part in tail.split()]
    return Node(
        name,
        category,
        inputs,
        tuple(kind for kind, _, _ in outputs if kind != "END"),
        tuple(label or kind for kind, _, label in outputs if kind != "END"),
        is_output=("END", "", "") in outputs,
    )


NODES: dict[str, Node] = {
    node.name: node for node in map(_node, TABLE.replace("\n    ", " ").strip().splitlines())
}
