"""The `model` field of a multipart form, found without taking the form apart."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message

from ..errors import InvalidRequest

MAX_PART_HEADERS = 4096
MAX_MODEL_BYTES = 200
_MODEL = re.compile(rb'content-disposition:[^\r\n]*;\s*name="?model"?\s*(;|\r\n|$)', re.IGNORECASE)


@dataclass(frozen=True)
class Form:
    """A form body and where the value of its `model` field stands; None where there is none."""

    body: bytes
    span: tuple[int, int] | None

    @property
    def model(self) -> str | None:
        """The value of the field."""
        if self.span is None:
            return None
        return self.body[slice(*self.span)].decode("utf-8", "replace")

    def with_model(self, name: str) -> bytes:
        """Return the body with another value of the field, where there is one."""
        if self.span is None or self.model == name:
            return self.body
        start, end = self.span
        return self.body[:start] + name.encode() + self.body[end:]


def read_form(body: bytes, content_type: str) -> Form:
    """Return the form.

    Raises:
        InvalidRequest: it is not multipart/form-data, is cut short, or names two models.
    """
    delimiter = b"--" + _boundary(content_type)
    spans: list[tuple[int, int]] = []
    place = 0 if body.startswith(delimiter) else body.find(b"\r\n" + delimiter) + 2
    if place == 1:
        raise _broken()
    while body[place + len(delimiter) : place + len(delimiter) + 2] != b"--":
        head_end = body.find(b"\r\n\r\n", place, place + MAX_PART_HEADERS)
        next_part = body.find(b"\r\n" + delimiter, head_end)
        if head_end < 0 or next_part < 0:
            raise _broken()
        value = (head_end + 4, max(head_end + 4, next_part))
        if _MODEL.search(body[place:head_end]):
            spans.append(value)
        place = next_part + 2
    if len(spans) > 1 or any(end - start > MAX_MODEL_BYTES for start, end in spans):
        raise InvalidRequest("The form names its model twice, or at too great length.")
    return Form(body, spans[0] if spans else None)


def _boundary(content_type: str) -> bytes:
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_boundary()
    if message.get_content_type() != "multipart/form-data" or not boundary:
        raise InvalidRequest(
            "An edit is sent as multipart/form-data.", "Use client.images.edit(image=…)."
        )
    return boundary.encode("utf-8", "surrogateescape")


def _broken() -> InvalidRequest:
    return InvalidRequest("The form is cut short.", "Send it again.")
