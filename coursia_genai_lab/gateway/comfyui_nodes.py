"""What nodes and files a ComfyUI has, so that a job need not wait in line to be refused.

ComfyUI's own check follows when the job has its turn; this one finds early what surely fails.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from dataclasses import dataclass
from typing import Any

from ..engines.calls import Calls
from ..engines.comfyui_errors import FOLDERS
from ..errors import GenAIError
from .comfyui_caps import Refusal, node_refusal

log = logging.getLogger(__name__)

FRESH_SECONDS = 60.0
"""How long what was read counts; before a refusal it is read again."""
SURELY_SECONDS = 2.0
ANSWER_SECONDS = 10.0
MOST_BYTES = 32 * 2**20
LONG_LIST = 20
"""A longer list of choices is left out of a refusal, as ComfyUI does."""


@dataclass(frozen=True)
class _Known:
    at: float
    outputs: frozenset[str]
    """The classes that put something out."""
    choices: dict[str, dict[str, list[Any]]]
    """Class -> input -> the model files that it may name."""


class KnownNodes:
    """Remember what each server said of its nodes."""

    def __init__(self) -> None:
        self._known: dict[str, _Known] = {}

    def outputs_of(self, url: str, graph: dict[str, Any]) -> list[str]:
        """Return the nodes that put something out, as far as this server's classes are known."""
        known = self._known.get(url)
        if known is None:
            return []
        return [name for name, node in graph.items() if node.get("class_type") in known.outputs]

    async def refusal_of(self, url: str, calls: Calls, graph: dict[str, Any]) -> Refusal | None:
        """Return what ComfyUI would answer to a graph that names absent nodes or model files.

        A server that does not tell what it has is believed to have everything.
        """
        for fresh in (FRESH_SECONDS, SURELY_SECONDS):
            known = await self._read(url, calls, fresh)
            found = None if known is None else _refusal(known, graph)
            if found is None:
                return None
        return found

    async def _read(self, url: str, calls: Calls, fresh: float) -> _Known | None:
        known, now = self._known.get(url), time.monotonic()
        if known is not None and now - known.at < fresh:
            return known
        try:
            answer = await calls.ask("GET", "/object_info", seconds=ANSWER_SECONDS, most=MOST_BYTES)
        except GenAIError as error:
            log.info("ComfyUI tells nothing of its nodes: %s", error.message)
            return None
        known = await asyncio.to_thread(_understood, answer.body, now)
        if known is not None:
            self._known = {url: known} if len(self._known) > 8 else {**self._known, url: known}
        return known


def _understood(body: bytes, now: float) -> _Known | None:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or not all(isinstance(one, dict) for one in told.values()):
        return None
    if not told:
        # Every ComfyUI has nodes: this one does not say which.
        return None
    return _Known(
        now,
        frozenset(name for name, one in told.items() if one.get("output_node") is True),
        {name: _files(one) for name, one in told.items()},
    )


def _files(described: dict[str, Any]) -> dict[str, list[Any]]:
    groups = described.get("input")
    found: dict[str, list[Any]] = {}
    for group in groups.values() if isinstance(groups, dict) else ():
        for name, config in group.items() if isinstance(group, dict) else ():
            if name not in FOLDERS or not isinstance(config, list) or not config:
                continue
            # Newer servers say COMBO and put the list among the options.
            more = config[1] if len(config) > 1 and isinstance(config[1], dict) else {}
            choices = config[0] if isinstance(config[0], list) else more.get("options")
            if isinstance(choices, list):
                found[name] = choices
    return found


def _refusal(known: _Known, graph: dict[str, Any]) -> Refusal | None:
    problems: dict[str, list[dict[str, Any]]] = {}
    for name, node in graph.items():
        kind = node.get("class_type")
        if not isinstance(kind, str) or kind not in known.choices:
            return _unknown(name, node, kind)
        for given, choices in known.choices[kind].items():
            value = node["inputs"].get(given)
            if isinstance(value, str) and value not in choices:
                problems.setdefault(name, []).append(_absent(given, value, choices))
    return node_refusal(graph, problems) if problems else None


def _unknown(name: str, node: dict[str, Any], kind: object) -> Refusal:
    meta = node.get("_meta")
    message = (
        f"Node '{kind}' not found. The custom node may not be installed."
        if isinstance(kind, str)
        else "Cannot execute because a node is missing the class_type property."
    )
    return {
        "error": {
            "type": "missing_node_type",
            "message": message,
            "details": f"Node ID '#{name}'",
            "extra_info": {
                "node_id": name,
                "class_type": kind,
                "node_title": meta.get("title") if isinstance(meta, dict) else None,
            },
        },
        "node_errors": {},
    }


def _absent(name: str, value: str, choices: list[Any]) -> dict[str, Any]:
    shown = str(choices) if len(choices) <= LONG_LIST else f"(list of length {len(choices)})"
    return {
        "type": "value_not_in_list",
        "message": "Value not in list",
        "details": f"{name}: '{value[:200]}' not in {shown}",
        "extra_info": {
            "input_name": name,
            "input_config": [choices if len(choices) <= LONG_LIST else []],
            "received_value": value[:200],
        },
    }
