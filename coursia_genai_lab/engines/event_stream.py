"""Server-sent events out of bytes as they come: bounded, whatever the line ends, cut anywhere."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

from ..errors import GenerationError

_LINE_END = re.compile(rb"\r\n|\n|\r")


async def events(pieces: AsyncIterator[bytes], *, most: int) -> AsyncIterator[tuple[str, bytes]]:
    """Yield (name, data) for each event; a name is empty where none was sent.

    Comments and fields other than `event` and `data` are passed over, and so is what stands
    after the last empty line.

    Raises:
        GenerationError: an event is larger than `most` bytes; code `answer_too_large`.
    """
    name, size = "", 0
    data: list[bytes] = []
    async for line in _lines(pieces, most):
        if not line:
            if data:
                yield name, b"\n".join(data)
            name, data, size = "", [], 0
            continue
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        size += len(line)
        if size > most:
            raise _too_large(most)
        if field == b"event":
            name = value[:200].decode("utf-8", "replace")
        elif field == b"data":
            data.append(value)


async def _lines(pieces: AsyncIterator[bytes], most: int) -> AsyncIterator[bytes]:
    kept = bytearray()
    async for piece in pieces:
        looked = max(0, len(kept) - 1)
        kept += piece
        start = 0
        for end in _LINE_END.finditer(kept, looked):
            if end.group() == b"\r" and end.end() == len(kept):
                # Its other half may come with the next piece.
                break
            yield bytes(kept[start : end.start()])
            start = end.end()
        del kept[:start]
        if len(kept) > most:
            raise _too_large(most)
    if kept.endswith(b"\r"):
        yield bytes(kept[:-1])


def _too_large(most: int) -> GenerationError:
    return GenerationError(
        f"The engine sent an event of more than {most / 2**20:g} MiB.",
        "Ask for a smaller picture.",
        code="answer_too_large",
    )
