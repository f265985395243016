"""Whether a server has what a graph needs: its nodes, its model files, its samplers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..errors import ServiceError
from .calls import Calls
from .comfyui_errors import FOLDERS, file_missing, node_missing

MOST_BYTES = 16 * 2**20
"""Of what is told of one class: a loader's lists every file of a folder."""
SECONDS = 30.0


async def refuse_unfit(calls: Calls, graph: Mapping[str, Any], model: str | None = None) -> None:
    """Ask `/object_info` for each class of a graph, and return where everything is there.

    Raises:
        ServiceError: the first thing that is lacking, with its remedy: `node_missing`,
            `models_missing`, `value_missing`; or no answer.
    """
    kinds = sorted({str(node["class_type"]) for node in graph.values()})
    told = await asyncio.gather(*(_described(calls, kind) for kind in kinds))
    known = dict(zip(kinds, told, strict=True))
    for kind in kinds:
        if not known[kind]:
            raise node_missing(kind)
    for node in graph.values():
        kind = str(node["class_type"])
        for name, value in node["inputs"].items():
            _refuse_absent(kind, name, value, known[kind], model)


async def _described(calls: Calls, kind: str) -> dict[str, Any]:
    path = f"/object_info/{quote(kind, safe='')}"
    answer = await calls.ask("GET", path, seconds=SECONDS, most=MOST_BYTES)
    if answer.status != 200:
        raise ServiceError(f"ComfyUI tells nothing of its nodes: status {answer.status}.")
    found = answer.table.get(kind)
    return found if isinstance(found, dict) else {}


def _refuse_absent(
    kind: str, name: str, value: Any, described: Mapping[str, Any], model: str | None
) -> None:
    inputs = described.get("input")
    groups = inputs.values() if isinstance(inputs, dict) else ()
    config = next((g[name] for g in groups if isinstance(g, dict) and name in g), None)
    choices = _choices(config)
    if choices is None or not isinstance(value, str) or value in choices:
        return
    if name in FOLDERS:
        raise file_missing(name, value, model)
    raise ServiceError(
        f"This ComfyUI lacks {value[:100]} for {kind}.{name}.",
        "Update ComfyUI; then ask again.",
        code="value_missing",
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
