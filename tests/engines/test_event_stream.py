"""Server-sent events, however they are written and wherever they are cut."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursia_genai_lab.engines.event_stream import events
from coursia_genai_lab.errors import GenerationError

NAMES = st.text("abcXYZ._", max_size=8)
LINES = st.lists(
    st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=30),
    min_size=1,
    max_size=3,
)
SENT = st.lists(st.tuples(NAMES, LINES, st.booleans()), max_size=5)


async def read(text: bytes, cuts: list[int], most: int = 2**20) -> list[tuple[str, bytes]]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})

    async def pieces() -> AsyncIterator[bytes]:
        for start, end in itertools.pairwise(places):
            yield text[start:end]

    return [event async for event in events(pieces(), most=most)]


@given(SENT, st.lists(st.integers(0, 2**16)), st.sampled_from(["\n", "\r\n", "\r"]))
def test_events_are_the_same_wherever_the_bytes_are_cut(
    sent: list[tuple[str, list[str], bool]], cuts: list[int], end: str
) -> None:
    lines = []
    for name, data, commented in sent:
        lines += [": still here", ""] if commented else []
        lines += [f"event: {name}"] if name else []
        lines += [*(f"data: {line}" for line in data), "id: 7", ""]
    text = "".join(line + end for line in lines).encode()
    expected = [(name, "\n".join(data).encode()) for name, data, _ in sent]
    assert asyncio.run(read(text, cuts)) == expected


def test_an_event_that_was_not_ended_does_not_count() -> None:
    assert asyncio.run(read(b"data: 1\n\ndata: 2\n", [])) == [("", b"1")]


@pytest.mark.parametrize("text", [b"data: " + b"x" * 200, b"data: x\n" * 50])
def test_an_event_without_end_is_refused(text: bytes) -> None:
    with pytest.raises(GenerationError) as refused:
        asyncio.run(read(text, list(range(0, len(text), 7)), most=100))
    assert refused.value.error_code == "answer_too_large"
