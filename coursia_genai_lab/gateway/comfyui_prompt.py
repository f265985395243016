"""Reads what is sent to POST /prompt, and leaves in it only what makes pictures for its caller.

Of ComfyUI's fields `front` and `number` are passed over, for turns are given by the gateway; so are
keys of `extra_data` that hold accounts of others' clouds.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidRequest
from .json_bodies import refuse_deep

MOST_BYTES = 32 * 2**20
"""Of a whole order: some nodes take pictures within the graph."""
SMALL_BYTES = 2**17
"""Up to here reading takes less than handing it to a thread."""
MOST_NODES = 2000
MOST_VALUES = 400_000
VALUE_BYTES = 100
"""About what one value takes once it is read, however short it was written."""
LONGEST_CLIENT_ID = 200
PREVIEW_METHODS = frozenset({"default", "none", "auto", "latent2rgb", "taesd"})
MODEL_INPUTS = ("ckpt_name", "unet_name", "model_name")


@dataclass(frozen=True)
class Prompt:
    """One order for a ComfyUI."""

    graph: dict[str, Any] = field(repr=False)
    """Node id -> class and inputs: the API format."""
    client_id: str | None
    """The `clientId` of the caller's sockets."""
    prompt_id: str | None
    """The id that the caller chose, where ComfyUI would take it."""
    extra: dict[str, Any] = field(repr=False)
    targets: list[str] | None
    """The output nodes to be made, where not all are."""
    size: int
    """Bytes that it takes in memory, about."""

    @property
    def model(self) -> str:
        """The model file that a person would name it by; empty where there is none."""
        for name in MODEL_INPUTS:
            for node in self.graph.values():
                value = node["inputs"].get(name)
                if isinstance(value, str):
                    return value[:200]
        return ""


async def read_prompt(body: bytes) -> Prompt:
    """Return an order, read off the event loop where it is large.

    Raises:
        InvalidRequest: it is no JSON object with a graph in API format; ComfyUI's words as codes.
    """
    if len(body) <= SMALL_BYTES:
        return _read(body)
    return await asyncio.to_thread(_read, body)


async def written_prompt(
    prompt: Prompt, graph: dict[str, Any], client_id: str, prompt_id: str
) -> bytes:
    """Return an order as ComfyUI gets it, written off the event loop where it is large.

    `graph` is its own with the names that ComfyUI knows, the ids are those of the gateway.
    """
    order: dict[str, Any] = {
        "prompt": graph,
        "client_id": client_id,
        "prompt_id": prompt_id,
        "extra_data": prompt.extra,
    }
    if prompt.targets is not None:
        order["partial_execution_targets"] = prompt.targets
    if prompt.size <= SMALL_BYTES:
        return _written(order)
    return await asyncio.to_thread(_written, order)


def _written(order: dict[str, Any]) -> bytes:
    return json.dumps(order).encode()


def _read(body: bytes) -> Prompt:
    values = sum(body.count(sign) for sign in (b",", b"{", b"["))
    if values > MOST_VALUES:
        raise InvalidRequest(
            f"The prompt holds more than {MOST_VALUES:,} values.",
            "Upload pictures in place of writing them into prompts.",
            code="invalid_prompt",
        )
    try:
        order = json.loads(body, parse_constant=_refuse_constant)
        # Half a character could be stored, and never be told again.
        json.dumps(order, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        order = None
    if not isinstance(order, dict):
        raise InvalidRequest("The body is not a JSON object.", code="invalid_json")
    refuse_deep(order)
    if "prompt" not in order:
        raise InvalidRequest(
            "No prompt provided", 'Send {"prompt": …} with a graph in API format.', code="no_prompt"
        )
    targets = order.get("partial_execution_targets")
    return Prompt(
        graph=_graph(order["prompt"]),
        client_id=_client_id(order.get("client_id")),
        prompt_id=_prompt_id(order.get("prompt_id")),
        extra=_extra(order.get("extra_data")),
        targets=[str(one) for one in targets] if isinstance(targets, list) else None,
        size=len(body) + VALUE_BYTES * values,
    )


def _graph(graph: Any) -> dict[str, Any]:
    if isinstance(graph, dict) and isinstance(graph.get("nodes"), list):
        raise InvalidRequest(
            "This is a workflow of ComfyUI's editor, not one in API format.",
            "In ComfyUI choose Workflow, Export (API), and send that file's content as `prompt`.",
            code="invalid_prompt",
        )
    if not isinstance(graph, dict) or len(graph) > MOST_NODES:
        raise InvalidRequest(
            f"The prompt is not a graph of at most {MOST_NODES} nodes.",
            "Export the workflow in API format.",
            code="invalid_prompt",
        )
    for name, node in graph.items():
        if not isinstance(node, dict) or not isinstance(node.setdefault("inputs", {}), dict):
            raise InvalidRequest(
                f"Node {name[:50]} is not an object with class_type and inputs.",
                "Export the workflow in API format.",
                code="invalid_prompt",
            )
        node["inputs"] = {key: _unwrapped(value) for key, value in node["inputs"].items()}
    return graph


def _unwrapped(value: Any) -> Any:
    """Return a value as ComfyUI will take it; a list stays wrapped, for a bare one is a link."""
    while isinstance(value, dict) and "__value__" in value:
        if isinstance(value["__value__"], list):
            return value
        value = value["__value__"]
    return value


def _client_id(given: object) -> str | None:
    if isinstance(given, bool) or not isinstance(given, (str, int)):
        return None
    return str(given)[:LONGEST_CLIENT_ID] or None


def _prompt_id(given: object) -> str | None:
    try:
        # Newer servers refuse every other way to write one.
        return given if isinstance(given, str) and str(uuid.UUID(given)) == given else None
    except ValueError:
        return None


def _extra(given: object) -> dict[str, Any]:
    if not isinstance(given, dict):
        return {}
    kept: dict[str, Any] = {}
    if isinstance(given.get("extra_pnginfo"), dict):
        # The editor's workflow, which ComfyUI writes into the picture.
        kept["extra_pnginfo"] = given["extra_pnginfo"]
    method = given.get("preview_method")
    if isinstance(method, str) and method in PREVIEW_METHODS:
        kept["preview_method"] = method
    return kept


def _refuse_constant(word: str) -> None:
    raise ValueError(word)
