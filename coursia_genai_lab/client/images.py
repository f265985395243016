"""The pictures' part of the OpenAI dialect: requests out, events and pictures back."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..errors import GenerationError, LabUnreachable
from ..wire.images import GenerationRequest, ModelInfo
from .access import Access
from .events import Event, Picture, Preview, Step, Waiting
from .failures import restore

if TYPE_CHECKING:
    from ..wire.provenance import Provenance

PARTIAL_IMAGES = 3


@dataclass(frozen=True)
class ImageFile:
    """A picture to send: a file name, its bytes and its media type."""

    name: str
    data: bytes = field(repr=False)
    media_type: str = "image/png"


@dataclass(frozen=True)
class EditRequest:
    """Change `images` as `request` says, where `mask` is transparent; None: everywhere."""

    request: GenerationRequest
    images: tuple[ImageFile, ...]
    mask: ImageFile | None = None


Asked = GenerationRequest | EditRequest


@dataclass(frozen=True)
class Call:
    """One POST to the door: path and what `httpx` needs to build the body."""

    path: str
    body: dict[str, Any]


def call_for(asked: Asked, *, live: bool) -> Call:
    """Return the call; `live` asks for steps and previews on the way."""
    request = asked.request if isinstance(asked, EditRequest) else asked
    fields: dict[str, Any] = request.model_dump(exclude_none=True)
    if live:
        fields.update(stream=True, partial_images=PARTIAL_IMAGES, progress=True)
    if not isinstance(asked, EditRequest):
        return Call("/images/generations", {"json": fields})
    name = "image" if len(asked.images) == 1 else "image[]"
    files = [(name, (image.name, image.data, image.media_type)) for image in asked.images]
    if asked.mask is not None:
        files.append(("mask", (asked.mask.name, asked.mask.data, asked.mask.media_type)))
    return Call("/images/edits", {"data": {k: _form(v) for k, v in fields.items()}, "files": files})


def _form(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def read_event(event: dict[str, Any], access: Access) -> Event | None:
    """Return what an event of the stream tells; None when it is not for us.

    Raises:
        GenAIError: the event is the failure of the job.
    """
    kind = str(event.get("type", ""))
    if event.get("error") is not None or kind == "error":
        raise restore(event.get("error") or event, 502, access)
    ending = kind.rpartition(".")[2]
    if ending == "completed":
        return _picture(event, event)
    if ending == "partial_image":
        return Preview(_bytes(event), _whole(event.get("partial_image_index")) or 0)
    if ending == "progress":
        return _step(event) if _whole(event.get("position")) is None else _in_line(event)
    return None


def read_answer(answer: object) -> Iterator[Picture]:
    """Yield the pictures of an answer that came in one piece.

    Raises:
        LabUnreachable: it is not an answer with pictures.
    """
    items = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(answer, dict) or not isinstance(items, list):
        raise LabUnreachable("The server's answer holds no pictures.")
    for item in items:
        yield _picture(item if isinstance(item, dict) else {}, answer)


def read_models(answer: object) -> list[ModelInfo]:
    """Return the models of a `GET /models`, ours or OpenAI's.

    Raises:
        LabUnreachable: it is not a list of models.
    """
    table = answer if isinstance(answer, dict) else {}
    items = table.get("data", table.get("models"))
    if not isinstance(items, list):
        raise LabUnreachable("The server's answer is not a list of models.")
    try:
        return [_model(item) for item in items if isinstance(item, dict) and item.get("id")]
    except ValidationError:
        raise LabUnreachable("The server's list of models cannot be read.") from None


def _model(item: dict[str, Any]) -> ModelInfo:
    return ModelInfo(
        id=item["id"],
        title=item.get("title") or item["id"],
        service=item.get("service") or item.get("owned_by") or "",
        available=item.get("available", True),
        reason=item.get("reason") or "",
        demo=item.get("demo", False),
        cloud=item.get("cloud", False),
        price_cents=item.get("price_cents"),
        edits=item.get("edits"),
    )


def _picture(item: dict[str, Any], around: dict[str, Any]) -> Picture:
    # The gateway's own word is under `coursia`; engines say theirs beside the picture, or above.
    gateway = item.get("coursia") or around.get("coursia")
    tables = [gateway if isinstance(gateway, dict) else {}, item, around]

    def said(name: str) -> Any:
        return next((table[name] for table in tables if table.get(name) is not None), None)

    data = _bytes(item)
    demo = said("demo")
    return Picture(
        data=data,
        format=sniff(data),
        model=said("model"),
        seed=_whole(said("seed")),
        demo=demo if isinstance(demo, bool) else None,
        warning=str(said("warning") or ""),
        provenance=_provenance(item.get("provenance")),
    )


def _provenance(told: object) -> Provenance | None:
    # A server that is newer than this client may tell more than the shape has; the picture counts.
    if not isinstance(told, dict):
        return None
    # Loaded with the first picture that has one: its shapes are of no use to anything before.
    from ..wire.provenance import Provenance

    known = {name: value for name, value in told.items() if name in Provenance.model_fields}
    try:
        return Provenance.model_validate(known)
    except ValidationError:
        return None


def _in_line(event: dict[str, Any]) -> Waiting:
    told = event.get("seconds")
    seconds = told if isinstance(told, (int, float)) and not isinstance(told, bool) else None
    return Waiting(
        reason=str(event.get("phase") or "waiting in line"),
        seconds=None if seconds is None else max(0.0, float(seconds)),
        position=_whole(event.get("position")),
        index=_whole(event.get("image_index")) or 0,
    )


def _step(event: dict[str, Any]) -> Step:
    step, steps = _whole(event.get("step")), _whole(event.get("steps"))
    percent = event.get("percent")
    if not isinstance(percent, (int, float)):
        percent = 100 * step / steps if step is not None and steps else None
    if percent is not None:
        percent = min(100.0, max(0.0, float(percent)))
    return Step(
        phase=str(event.get("phase") or event.get("message") or ""),
        step=step,
        steps=steps,
        percent=percent,
        index=_whole(event.get("image_index")) or 0,
    )


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _bytes(item: dict[str, Any]) -> bytes:
    try:
        data = base64.b64decode(item.get("b64_json") or "", validate=True)
    except (binascii.Error, ValueError, TypeError):
        data = b""
    if not data:
        raise GenerationError("The server said that a picture is ready and sent none.")
    return data


def sniff(data: bytes) -> str:
    """Return `png`, `jpeg` or `webp` by the first bytes of an image file.

    Raises:
        GenerationError: it is none of the three.
    """
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if data.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "webp"
    raise GenerationError("The server sent something that is no PNG, JPEG or WebP picture.")
