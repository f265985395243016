"""Server-sent events out of bytes as they come: bounded, whatever the line ends, cut anywhere."""

from __future__ import annotations

from collections.abc import AsyncIterator

from ..errors import GenerationError


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
        while True:
            end, after = _line_end(kept, looked)
            # The other half of a last \r may come with the next piece.
            if end < 0 or (end == len(kept) - 1 and kept[end] == ord("\r")):
                break
            yield bytes(kept[start:end])
            start = looked = after
        del kept[:start]
        if len(kept) > most:
            raise _too_large(most)
    if kept.endswith(b"\r"):
        yield bytes(kept[:-1])


def _line_end(text: bytearray, at: int) -> tuple[int, int]:
    """Return where a line ends and where the next begins; -1 where none does.

    Lines are as long as pictures, and an expression would look at each of their bytes.
    """
    feed = text.find(b"\n", at)
    back = text.find(b"\r", at, len(text) if feed < 0 else feed)
    if back < 0:
        return feed, feed + 1
    return back, back + (2 if feed == back + 1 else 1)


def _too_large(most: int) -> GenerationError:
    return GenerationError(
        f"The engine sent an event of more than {most / 2**20:g} MiB.",
        "Ask for a smaller picture.",
        code="answer_too_large",
    )
