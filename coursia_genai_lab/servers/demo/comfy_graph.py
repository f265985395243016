"""Checks a prompt as ComfyUI does and says what is wrong in ComfyUI's own words."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .comfy_nodes import NODES, Input

Graph = dict[str, dict[str, Any]]
Problem = dict[str, Any]

MAX_NODES = 1000
LONG_LIST = 20


class PromptError(Exception):
    """The prompt is refused as a whole; `body` is what ComfyUI answers with status 400."""

    def __init__(self, body: dict[str, Any]) -> None:
        super().__init__(body["error"]["message"])
        self.body = body


@dataclass
class Checked:
    """A prompt that may run: the outputs that are fine, and what is wrong with the others."""

    outputs: list[str]
    node_errors: dict[str, Any]


@dataclass
class _Findings:
    graph: Graph
    uploaded: Callable[[str], bool]
    uploads: list[str]
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    valid: dict[str, bool] = field(default_factory=dict)


def refusal(kind: str, message: str, details: str = "", **extra: object) -> PromptError:
    """Return the error for a prompt that is refused as a whole."""
    error = {"type": kind, "message": message, "details": details, "extra_info": extra}
    return PromptError({"error": error, "node_errors": {}})


def check_prompt(
    graph: object, uploaded: Callable[[str], bool], uploads: list[str] | None = None
) -> Checked:
    """Return what of `graph` can run; number inputs in it are converted in place.

    `uploaded` says whether an input picture exists. Raises PromptError when nothing can run.
    """
    ends = _outputs(graph)
    assert isinstance(graph, dict)
    found = _Findings(graph, uploaded, uploads or [])
    good: list[str] = []
    lines: list[str] = []
    node_errors: dict[str, Any] = {}
    for end in ends:
        order = _upstream(graph, end, found)
        for node_id in order:
            if node_id not in found.valid:
                _check_node(node_id, node_id == end, found)
        if found.valid[end]:
            good.append(end)
            continue
        lines += [f"{p['message']}: {p['details']}" for p in found.problems.get(end, [])]
        for node_id in order:
            problems = found.problems.get(node_id)
            if problems:
                entry = {
                    "errors": problems,
                    "dependent_outputs": [],
                    "class_type": graph[node_id]["class_type"],
                }
                node_errors.setdefault(node_id, entry)["dependent_outputs"].append(end)
    if not good:
        error = refusal(
            "prompt_outputs_failed_validation", "Prompt outputs failed validation", "\n".join(lines)
        )
        error.body["node_errors"] = node_errors
        raise error
    return Checked(good, node_errors)


def _outputs(graph: object) -> list[str]:
    if not isinstance(graph, dict) or len(graph) > MAX_NODES:
        raise refusal("invalid_prompt", "The prompt is not a graph of at most 1000 nodes.")
    ends = []
    for node_id, node in graph.items():
        kind = node.get("class_type") if isinstance(node, dict) else None
        where = f"Node ID '#{node_id}'"
        meta = node.get("_meta") if isinstance(node, dict) else None
        extra = {
            "node_id": node_id,
            "class_type": kind,
            "node_title": meta.get("title") if isinstance(meta, dict) else None,
        }
        if not isinstance(kind, str):
            message = "Cannot execute because a node is missing the class_type property."
            raise refusal("missing_node_type", message, where, **extra)
        if kind not in NODES:
            message = f"Node '{kind}' not found. The demo engine does not know this node."
            raise refusal("missing_node_type", message, where, **extra)
        if not isinstance(node.setdefault("inputs", {}), dict):
            raise refusal("invalid_prompt", "A node's inputs are not an object.", where, **extra)
        if NODES[kind].is_output:
            ends.append(node_id)
    if not ends:
        raise refusal("prompt_no_outputs", "Prompt has no outputs")
    return ends


def links(graph: Graph, node_id: str) -> list[tuple[str, str, Any]]:
    """Return (input name, node id, slot) for each link of a node that its class knows."""
    node = graph[node_id]
    known = NODES[node["class_type"]].inputs
    return [
        (name, value[0], value[1])
        for name, value in node["inputs"].items()
        if name in known and isinstance(value, list) and len(value) == 2
    ]


def upstream(graph: Graph, end: str) -> list[str]:
    """Return the nodes that `end` needs, each after what it needs itself; a ring is cut open."""
    order: list[str] = []
    entered: set[str] = set()
    stack: list[tuple[str, bool]] = [(end, False)]
    while stack:
        node_id, done = stack.pop()
        if done:
            order.append(node_id)
        elif node_id not in entered:
            entered.add(node_id)
            stack.append((node_id, True))
            before = [other for _, other, _ in links(graph, node_id) if _known(graph, other)]
            stack += [(other, False) for other in reversed(before)]
    return order


def _known(graph: Graph, node_id: object) -> bool:
    return isinstance(node_id, str) and node_id in graph


def _upstream(graph: Graph, end: str, found: _Findings) -> list[str]:
    order = upstream(graph, end)
    place = {node_id: index for index, node_id in enumerate(order)}
    for node_id in order:
        for name, other, _ in links(graph, node_id):
            if _known(graph, other) and place[other] >= place[node_id]:
                problem = _broken(name, "the nodes form a ring", "RecursionError", False)
                found.problems.setdefault(node_id, [problem])
                found.valid[node_id] = False
    return order


def _broken(name: str, text: str, kind: str, is_end: bool) -> Problem:
    # The real server sends a stack trace with its own paths here, which callers must not show.
    extra = {"exception_message": text, "exception_type": kind, "traceback": []}
    if is_end:
        return _problem(
            "exception_during_validation", "Exception when validating node", text, **extra
        )
    return _problem(
        "exception_during_inner_validation",
        "Exception when validating inner node",
        text,
        input_name=name,
        **extra,
    )


def _problem(kind: str, message: str, details: str, **extra: object) -> Problem:
    return {"type": kind, "message": message, "details": details, "extra_info": extra}


def _check_node(node_id: str, is_end: bool, found: _Findings) -> None:
    graph = found.graph
    given = graph[node_id]["inputs"]
    problems: list[Problem] = []
    upstream_fine = True
    for name, wanted in NODES[graph[node_id]["class_type"]].inputs.items():
        if name not in given:
            if not wanted.optional:
                problems.append(
                    _problem(
                        "required_input_missing", "Required input is missing", name, input_name=name
                    )
                )
        elif isinstance(given[name], list):
            fine, problem, fatal = _check_link(name, wanted, given[name], is_end, found)
            upstream_fine &= fine
            if problem is not None:
                # An exception ends the check of a node in ComfyUI: nothing else is reported of it.
                problems = [problem] if fatal else [*problems, problem]
                if fatal:
                    break
        else:
            problem = _check_value(name, wanted, given, found)
            problems += [problem] if problem else []
    if problems:
        found.problems[node_id] = problems
    found.valid[node_id] = upstream_fine and not problems


def _check_link(
    name: str, wanted: Input, value: list[Any], is_end: bool, found: _Findings
) -> tuple[bool, Problem | None, bool]:
    shown = {"input_name": name, "input_config": wanted.described(found.uploads)}
    if len(value) != 2:
        message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
        return (
            False,
            _problem("bad_linked_input", message, name, **shown, received_value=value),
            False,
        )
    other, slot = value
    if not _known(found.graph, other):
        return False, _broken(name, repr(other), "KeyError", is_end), True
    types = NODES[found.graph[other]["class_type"]].outputs
    if not isinstance(slot, int) or not 0 <= slot < len(types):
        return False, _broken(name, "tuple index out of range", "IndexError", is_end), True
    kind = "COMBO" if isinstance(wanted.kind, tuple) else wanted.kind
    if types[slot] != kind:
        details = f"{name}, received_type({types[slot]}) mismatch input_type({kind})"
        message = "Return type mismatch between linked nodes"
        extra = {**shown, "received_type": types[slot], "linked_node": value}
        return False, _problem("return_type_mismatch", message, details, **extra), False
    return found.valid.get(other, False), None, False


def _check_value(
    name: str, wanted: Input, given: dict[str, Any], found: _Findings
) -> Problem | None:
    value = given[name]
    shown = {"input_name": name, "input_config": wanted.described(found.uploads)}
    if wanted.uploads:
        if isinstance(value, str) and found.uploaded(value):
            return None
        details = f"{name} - Invalid image file: {value}"
        message = "Custom validation failed for node"
        return _problem(
            "custom_validation_failed", message, details, input_name=name, received_value=value
        )
    if isinstance(wanted.kind, tuple):
        return _check_choice(name, wanted.kind, value, shown)
    try:
        value = given[name] = _convert(wanted.kind, value)
    except (TypeError, ValueError, OverflowError) as error:
        message = f"Failed to convert an input value to a {wanted.kind} value"
        extra = {**shown, "received_value": repr(value)[:200], "exception_message": str(error)}
        return _problem(
            "invalid_input_type", message, f"{name}, {str(value)[:200]}, {error}", **extra
        )
    shown["received_value"] = value
    low, high = wanted.options.get("min"), wanted.options.get("max")
    if low is not None and value < low:
        message = f"Value {value} smaller than min of {low}"
        return _problem("value_smaller_than_min", message, name, **shown)
    if high is not None and value > high:
        message = f"Value {value} bigger than max of {high}"
        return _problem("value_bigger_than_max", message, name, **shown)
    return None


def _check_choice(
    name: str, allowed: tuple[str, ...], value: object, shown: dict[str, Any]
) -> Problem | None:
    if value in allowed:
        return None
    long = len(allowed) > LONG_LIST
    listed = f"(list of length {len(allowed)})" if long else str(list(allowed))
    config = None if long else shown["input_config"]
    extra = {"input_name": name, "input_config": config, "received_value": value}
    return _problem(
        "value_not_in_list", "Value not in list", f"{name}: '{value}' not in {listed}", **extra
    )


def _convert(kind: str, value: Any) -> Any:
    if kind == "INT":
        return int(value)
    if kind == "FLOAT":
        decimal = float(value)
        if math.isnan(decimal):
            raise ValueError("not a number")
        return decimal
    if kind == "STRING":
        return str(value)
    if kind == "BOOLEAN":
        return bool(value)
    raise TypeError(f"{kind} must be a link to another node")
