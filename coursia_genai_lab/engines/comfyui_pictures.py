"""Pictures into ComfyUI's input folder, and out of what a job has made."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from ..errors import GenerationError, ServiceError
from .calls import Calls
from .picture_check import refuse_damaged

FOLDER = "coursia-genai"
"""Input names are shared by everybody; nothing of ours lies among those of others."""
FILE_SECONDS = 120.0


async def put(calls: Calls, data: bytes) -> str:
    """Store a picture under the name of its content and return what LoadImage calls it.

    Raises:
        GenerationError: ComfyUI does not take it.
        ServiceError: it gave no answer.
    """
    name = f"{hashlib.sha256(data).hexdigest()[:32]}.png"
    fields = {"subfolder": FOLDER, "type": "input", "overwrite": "true"}
    answer = await calls.upload("/upload/image", name, data, fields, seconds=FILE_SECONDS)
    stored = answer.table
    if answer.status != 200 or not isinstance(stored.get("name"), str):
        raise GenerationError(
            f"ComfyUI did not take the picture: it answered with status {answer.status}.",
            "Send a smaller PNG.",
            code="upload_refused",
        )
    folder = str(stored.get("subfolder") or "")
    return f"{folder}/{stored['name']}" if folder else str(stored["name"])


async def made(calls: Calls, entry: Mapping[str, Any]) -> list[bytes]:
    """Return the pictures of a finished job: the saved ones, or what it shows where none is.

    Raises:
        GenerationError: there is none, or what there is is no picture.
        ServiceError: ComfyUI gave no answer.
    """
    outputs = entry.get("outputs")
    shown = [
        image
        for node in (outputs.values() if isinstance(outputs, dict) else ())
        for image in (node.get("images") or () if isinstance(node, dict) else ())
        if isinstance(image, dict) and image.get("filename")
    ]
    saved = [image for image in shown if image.get("type") == "output"] or shown
    if not saved:
        raise GenerationError(
            "ComfyUI finished the job and made no picture.",
            "Look at its workflow: it needs a SaveImage node.",
            code="no_picture",
        )
    return [await _file(calls, image) for image in saved]


async def _file(calls: Calls, image: Mapping[str, Any]) -> bytes:
    query = urlencode({key: str(image.get(key) or "") for key in ("filename", "subfolder", "type")})
    answer = await calls.ask("GET", f"/view?{query}", seconds=FILE_SECONDS)
    if answer.status != 200:
        raise ServiceError(
            f"ComfyUI made the picture and does not give it: status {answer.status}.",
            "Send the request again.",
            code="no_picture",
        )
    await asyncio.to_thread(refuse_damaged, answer.body, "ComfyUI")
    return answer.body
