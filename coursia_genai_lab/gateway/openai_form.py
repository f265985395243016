"""A multipart form: its `model` and `workflow` found without taking it apart, and its parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import Message
from email.parser import HeaderParser
from email.utils import collapse_rfc2231_value

from ..errors import InvalidRequest

MAX_PART_HEADERS = 4096
MAX_MODEL_BYTES = 200
MAX_PARTS = 100
_NAMED = re.compile(
    rb'content-disposition:[^\r\n]*;\s*name="?(model|workflow)"?\s*(?:;|\r\n|$)', re.IGNORECASE
)


@dataclass(frozen=True)
class Part:
    """One field of a form; `file` says whether it came as a file."""

    name: str
    file: bool
    data: bytes = field(repr=False)
    filename: str = ""

    @property
    def text(self) -> str:
        """The value of a field."""
        return self.data.decode("utf-8", "replace")


@dataclass(frozen=True)
class Form:
    """A form body and where the value of its `model` field stands; None where there is none."""

    body: bytes
    span: tuple[int, int] | None
    workflow_span: tuple[int, int] | None = None

    @property
    def model(self) -> str | None:
        """The value of the field."""
        return self._text(self.span)

    @property
    def workflow(self) -> str | None:
        """The value of the field `workflow`; None where there is none."""
        return self._text(self.workflow_span)

    def _text(self, span: tuple[int, int] | None) -> str | None:
        return None if span is None else self.body[slice(*span)].decode("utf-8", "replace")

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
    spans: dict[bytes, tuple[int, int]] = {}
    for head, (start, end) in _spans(body, content_type):
        found = _NAMED.search(head)
        if found is None:
            continue
        name = found[1].lower()
        if name in spans or end - start > MAX_MODEL_BYTES:
            raise InvalidRequest("The form names its model twice, or at too great length.")
        spans[name] = start, end
    return Form(body, spans.get(b"model"), spans.get(b"workflow"))


def parts(body: bytes, content_type: str) -> list[Part]:
    """Return the parts of a form in their order.

    Raises:
        InvalidRequest: as `read_form`, or it has more than 100 parts.
    """
    found = []
    for head, (start, end) in _spans(body, content_type):
        told = HeaderParser().parsestr(head.decode("utf-8", "replace").lstrip())
        name = told.get_param("name", header="content-disposition")
        if not name:
            raise InvalidRequest("A part of the form has no name.", "Name each field of the form.")
        filename = told.get_filename("")
        file = told.get_param("filename", header="content-disposition") is not None
        found.append(Part(collapse_rfc2231_value(name), file, body[start:end], filename))
    return found


def _spans(body: bytes, content_type: str) -> Iterator[tuple[bytes, tuple[int, int]]]:
    """Give the headers of each part and where its value stands."""
    # What only begins like the delimiter belongs to a value (RFC 2046, section 5.1.1).
    delimiter = re.compile(
        rb"(?:^|\r\n)--" + re.escape(_boundary(content_type)) + rb"(--|[ \t]*\r\n)"
    )
    found = delimiter.search(body)
    for _ in range(MAX_PARTS + 1):
        if found is None:
            raise _broken()
        if found[1] == b"--":
            return
        # The line end belongs to the delimiter, and is that of an empty head as well.
        start = found.end() - 2
        head_end = body.find(b"\r\n\r\n", start, start + MAX_PART_HEADERS)
        if head_end < 0:
            raise _broken()
        found = delimiter.search(body, head_end + 2)
        if found is None:
            raise _broken()
        yield body[start:head_end], (head_end + 4, max(head_end + 4, found.start()))
    raise InvalidRequest(f"The form has more than {MAX_PARTS} parts.")


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
