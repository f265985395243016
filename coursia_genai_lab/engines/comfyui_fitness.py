"""Whether a server has what a graph needs: its nodes, its model files, its samplers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..errors import InvalidRequest, ServiceError
from .calls import Calls
from .comfyui_errors import FOLDERS, NOTHING, file_missing, node_missing

MOST_BYTES = 16 * 2**20
"""Of what is told of one class: a loader's lists every file of a folder."""
SECONDS = 30.0


async def refuse_unfit(
    calls: Calls,
    graph: Mapping[str, Any],
    *,
    owners: Mapping[str, str] = NOTHING,
    fields: Mapping[str, str] = NOTHING,
) -> None:
    """Ask `/object_info` for each class of a graph, and return where everything is there.

    `owners` leads from a model file to the model that brings it, `fields` from `NODE.INPUT` to the
    field of an order that its value came from.

    Raises:
        ServiceError: the first thing that is lacking, with its remedy: `node_missing`,
            `models_missing`, `value_missing`; or no answer.
        InvalidRequest: an input that a node needs is not there, or a number is beyond what this
            server takes; code `engine_refused`.
    """
    kinds = sorted({str(node["class_type"]) for node in graph.values()})
    told = await asyncio.gather(*(_described(calls, kind) for kind in kinds))
    known = dict(zip(kinds, told, strict=True))
    for kind in kinds:
        if not known[kind]:
            raise node_missing(kind)
    for node_id, node in graph.items():
        kind = str(node["class_type"])
        inputs = _inputs(known[kind])
        for name, value in node["inputs"].items():
            _refuse_absent(kind, name, value, inputs.get(name), owners.get(str(value)))
            _refuse_beyond(kind, name, value, inputs.get(name), fields.get(f"{node_id}.{name}"))
        _refuse_lacking(kind, node["inputs"], known[kind])


async def _described(calls: Calls, kind: str) -> dict[str, Any]:
    path = f"/object_info/{quote(kind, safe='')}"
    answer = await calls.ask("GET", path, seconds=SECONDS, most=MOST_BYTES)
    if answer.status != 200:
        raise ServiceError(f"ComfyUI tells nothing of its nodes: status {answer.status}.")
    found = answer.table.get(kind)
    return found if isinstance(found, dict) else {}


def _inputs(described: Mapping[str, Any]) -> dict[str, Any]:
    found = described.get("input")
    groups = found.values() if isinstance(found, dict) else ()
    return {name: one for group in groups if isinstance(group, dict) for name, one in group.items()}


def _refuse_absent(kind: str, name: str, value: Any, config: object, owner: str | None) -> None:
    choices = _choices(config)
    if choices is None or not isinstance(value, str) or value in choices:
        return
    if name in FOLDERS:
        raise file_missing(name, value, owner)
    raise ServiceError(
        f"This ComfyUI lacks {value[:100]} for {kind}.{name}.",
        "Update ComfyUI; then ask again.",
        code="value_missing",
    )


def _refuse_beyond(kind: str, name: str, value: Any, config: object, field: str | None) -> None:
    options = config[1] if isinstance(config, list) and len(config) > 1 else None
    if not isinstance(options, dict) or isinstance(value, bool):
        return
    low, high = (options.get(bound) for bound in ("min", "max"))
    if not all(isinstance(one, (int, float)) for one in (value, low, high)):
        return
    if not low <= value <= high:
        raise InvalidRequest(
            f"This ComfyUI takes {low:g} to {high:g} for {kind}.{name}; {value:g} was asked for.",
            code="engine_refused",
            param=field,
        )


def _refuse_lacking(kind: str, given: Mapping[str, Any], described: Mapping[str, Any]) -> None:
    groups = described.get("input")
    required = groups.get("required") if isinstance(groups, dict) else None
    for name, config in required.items() if isinstance(required, dict) else ():
        kind_of = str(config[0]) if isinstance(config, list) and config else ""
        # Of those whose number grows, a prompt gives members and not the group.
        if name not in given and not kind_of.startswith("COMFY_"):
            raise InvalidRequest(
                f"The workflow gives no {name} to {kind}, and this ComfyUI needs it.",
                "Open the workflow in this ComfyUI, export it anew, and register it again.",
                code="engine_refused",
            )


def _choices(config: object) -> list[Any] | None:
    """Return what an input may be; None where that is no list, or a list of uploads."""
    if not isinstance(config, list) or not config:
        return None
    options = config[1] if len(config) > 1 and isinstance(config[1], dict) else {}
    if options.get("image_upload"):
        return None
    # Newer servers say COMBO and put the list among the options.
    found = config[0] if isinstance(config[0], list) else options.get("options")
    return found if isinstance(found, list) else None
