"""Uploads to ComfyUI: pictures only, into the caller's own folder."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from typing import Any

from aiohttp import ClientSession, hdrs, web

from ..engines.calls import Calls
from ..errors import GenerationError, InvalidRequest, RequestTooLarge
from ..lab.endpoint import Endpoint
from .answers import json_answer
from .bodies import read_body
from .comfyui_inputs import OwnInputs, checked_subfolder, folder_of
from .headers import credential
from .openai_form import parts
from .own_jobs import OwnJobs
from .picture_heads import MAX_UPLOAD, head_of

MAX_FORM = MAX_UPLOAD + 2**16
FILE_SECONDS = 120.0
MAX_NAME = 200


@dataclass(frozen=True)
class _Upload:
    name: str
    data: bytes
    subfolder: str
    overwrite: bool
    original: str | None


class ComfyUIUploads:
    """Take the uploads of one door."""

    def __init__(self, inputs: OwnInputs, jobs: OwnJobs, session: ClientSession) -> None:
        self._inputs = inputs
        self._jobs = jobs
        self._session = session

    async def take(
        self, request: web.BaseRequest, path: str, person: str, endpoint: Endpoint
    ) -> web.StreamResponse:
        """Store a picture, or a mask, and answer with the name by which its owner may load it.

        Raises:
            InvalidRequest: it is no form with one picture, or would leave the folder.
            RequestTooLarge: it is above 32 MiB.
            GenerationError: ComfyUI does not take it.
        """
        body = await read_body(request, MAX_FORM)
        upload = await asyncio.to_thread(_read, body, request.headers.get(hdrs.CONTENT_TYPE, ""))
        del body
        folder = folder_of(person)
        below = f"{folder}/{upload.subfolder}" if upload.subfolder else folder
        fields = {"type": "input", "subfolder": below}
        if upload.overwrite:
            fields["overwrite"] = "true"
        if path.endswith("/mask"):
            fields["original_ref"] = self._original(person, upload.original)
        calls = Calls(endpoint.url, credential(endpoint), self._session)
        answer = await calls.upload(path, upload.name, upload.data, fields, seconds=FILE_SECONDS)
        kept = answer.table.get("name")
        if answer.status != 200 or not isinstance(kept, str):
            words = self._inputs.shown(person, answer.body.decode("utf-8", "replace")[:200])
            raise GenerationError(
                f"ComfyUI did not take the picture (status {answer.status}). {words}".strip(),
                "Send a PNG, JPEG or WebP picture under a plain name.",
                code="upload_refused",
            )
        self._inputs.note(person, upload.subfolder, kept)
        return json_answer({"name": kept, "subfolder": upload.subfolder, "type": "input"})

    def _original(self, person: str, text: str | None) -> str:
        """Return where ComfyUI finds the picture that a mask belongs to: one of the caller's."""
        try:
            given = json.loads(text or "")
            name, folder = str(given["filename"]), str(given.get("subfolder") or "")
            kind = str(given.get("type") or "output")
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise InvalidRequest("original_ref names no picture.") from error
        place: dict[str, Any] = {"filename": name, "subfolder": folder, "type": kind}
        if kind == "input" and self._inputs.has(person, folder, name):
            place["subfolder"] = "/".join(filter(None, (folder_of(person), folder)))
        elif self._jobs.maker(person, (kind, folder, name)) is None:
            raise InvalidRequest(
                "original_ref names no picture of yours.",
                "Name one that you uploaded, or that a job of yours has made.",
                code="not_your_file",
            )
        return json.dumps(place)


def _read(body: bytes, content_type: str) -> _Upload:
    fields: dict[str, str] = {}
    files = []
    for part in parts(body, content_type):
        if part.file and part.name == "image":
            files.append(part)
        elif not part.file:
            fields[part.name] = part.text
    if len(files) != 1:
        raise InvalidRequest("An upload has one file, the part 'image'.", param="image")
    (file,) = files
    if fields.get("type", "input") != "input":
        raise InvalidRequest("Pictures are uploaded as inputs only.", param="type")
    if len(file.data) > MAX_UPLOAD:
        raise RequestTooLarge("A picture is larger than 32 MiB.", param="image")
    return _Upload(
        name=_plain_name(file.filename, head_of(file.data, _refusal).kind),
        data=file.data,
        subfolder=checked_subfolder(fields.get("subfolder", "")),
        overwrite=fields.get("overwrite", "").lower() in ("true", "1"),
        original=fields.get("original_ref"),
    )


def _refusal(what: str) -> InvalidRequest:
    return InvalidRequest(
        f"The picture {what}.",
        "Send one PNG, JPEG or WebP picture of at most 33 million pixels.",
        code="invalid_image",
        param="image",
    )


def _plain_name(given: str, kind: str) -> str:
    name = given.replace("\\", "/").rpartition("/")[2]
    name = "".join(one for one in name if one.isprintable() and one not in '"<>:|?*').strip(". ")
    stem, dot, ending = name.rpartition(".")
    fitting = {"PNG": ("png",), "JPEG": ("jpg", "jpeg"), "WEBP": ("webp",)}[kind]
    if not dot or not stem:
        stem, ending = name or "image", fitting[0]
    # A page must never be stored under a name that a browser would open as one.
    ending = ending if ending.lower() in fitting else fitting[0]
    return f"{stem[:MAX_NAME]}.{ending}"
