"""An order as the OpenAI Images API takes it: JSON, or a form where there are pictures."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidRequest
from .calls import Answer
from .orders import Order

MOST_IMAGES = 16
PREVIEWS = 3
"""As many as the API gives."""
EXTENSIONS = ("seed", "negative_prompt", "steps", "guidance")
OPTIONAL = ("response_format", "stream", "partial_images", "progress")
"""Fields that a server may refuse and that an order can do without."""


@dataclass(frozen=True)
class Call:
    """Path, body and content type of one call, and the optional fields that are in it."""

    path: str
    body: bytes = field(repr=False)
    kind: str
    optional: tuple[str, ...]


def refuse_impossible(order: Order) -> None:
    """Raise InvalidRequest for what no server of this dialect takes."""
    if order.mask is not None and not order.images:
        raise InvalidRequest(
            "A mask needs the picture that it lies on.", code="invalid_value", param="mask"
        )
    if len(order.images) > MOST_IMAGES:
        raise InvalidRequest(
            f"At most {MOST_IMAGES} pictures can be sent, not {len(order.images)}.",
            code="too_many_images",
            param="image",
        )


def call_of(order: Order, index: int, takes: frozenset[str], refused: frozenset[str]) -> Call:
    """Return the call for picture number `index` from 0.

    `takes` are the fields beyond OpenAI's that the server says it knows; `refused` are optional
    ones that it has refused.
    """
    fields = {"model": order.model, "prompt": order.prompt, "n": 1, **_own(order, index, takes)}
    if order.width is not None and order.height is not None:
        fields["size"] = f"{order.width}x{order.height}"
    wished = {name: value for name, value in _wished(order, takes) if name not in refused}
    if "stream" not in wished:
        wished = {name: value for name, value in wished.items() if name == "response_format"}
    fields.update(wished)
    if not order.images:
        body = json.dumps(fields).encode()
        return Call("/v1/images/generations", body, "application/json", tuple(wished))
    body, kind = form_of(fields, order)
    return Call("/v1/images/edits", body, kind, tuple(wished))


def form_of(fields: Mapping[str, Any], order: Order) -> tuple[bytes, str]:
    """Return fields, pictures and mask of an order as a form, and its content type."""
    edge = uuid.uuid4().hex
    return b"".join(_form(edge, fields, order)), f"multipart/form-data; boundary={edge}"


def left_out(order: Order, takes: frozenset[str]) -> Iterator[str]:
    """Give a sentence for each thing that an order says and the server does not take."""
    if "seed" not in takes:
        yield "The server takes no seed: the same picture cannot be made again."
    for name, said in (
        ("negative_prompt", order.negative),
        ("steps", order.steps),
        ("guidance", order.guidance),
    ):
        if name not in takes and said not in ("", None):
            yield f"{name} was left out: the server does not take it."


def refused_field(answer: Answer, optional: tuple[str, ...]) -> str | None:
    """Return which optional field a refusal names; None where it is about something else."""
    if answer.status not in (400, 404, 415, 422, 501):
        return None
    error = answer.table.get("error")
    told = error if isinstance(error, Mapping) else {"message": error}
    if told.get("param") in optional:
        return str(told["param"])
    details = answer.table.get("detail")
    for one in details if isinstance(details, list) else ():
        place = one.get("loc") if isinstance(one, dict) else None
        if isinstance(place, list) and place and place[-1] in optional:
            return str(place[-1])
    text = f"{told.get('message')} {details}"
    named = [name for name in optional if re.search(rf"\b{name}\b", text)]
    # "partial_images needs stream" is a refusal of the first.
    return max(named, key=len, default=None) if not told.get("param") else None


def _own(order: Order, index: int, takes: frozenset[str]) -> dict[str, Any]:
    values = (order.seed_of(index), order.negative or None, order.steps, order.guidance)
    return {
        name: value
        for name, value in zip(EXTENSIONS, values, strict=True)
        if name in takes and value is not None
    }


def _wished(order: Order, takes: frozenset[str]) -> Iterator[tuple[str, Any]]:
    """Give the optional fields; a server that is paid by the event is not asked for any unheard."""
    if "progress" not in takes:
        yield "response_format", "b64_json"
    if order.previews or "progress" in takes:
        yield "stream", True
    if order.previews:
        yield "partial_images", PREVIEWS
    if "progress" in takes:
        yield "progress", True


def _form(edge: str, fields: Mapping[str, Any], order: Order) -> Iterator[bytes]:
    for name, value in fields.items():
        text = str(value).lower() if isinstance(value, bool) else str(value)
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'
        yield head.encode() + text.encode("utf-8", "replace") + b"\r\n"
    name = "image" if len(order.images) == 1 else "image[]"
    for number, data in enumerate(order.images):
        yield from _file(edge, name, f"image-{number}.png", data)
    if order.mask is not None:
        yield from _file(edge, "mask", "mask.png", order.mask)
    yield f"--{edge}--\r\n".encode()


def _file(edge: str, name: str, file: str, data: bytes) -> Iterator[bytes]:
    about = f'Content-Disposition: form-data; name="{name}"; filename="{file}"'
    yield f"--{edge}\r\n{about}\r\nContent-Type: image/png\r\n\r\n".encode()
    yield data
    yield b"\r\n"
