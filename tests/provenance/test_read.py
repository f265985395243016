"""Files from anywhere are read without harm."""

from __future__ import annotations

import json
import zlib
from contextlib import suppress
from typing import Any
from xml.sax.saxutils import escape

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from stamped_pictures import KINDS, chunk, facts, opened, picture, with_chunks

from coursia_genai_lab.errors import GenerationError
from coursia_genai_lab.provenance import PictureFormat, read, stamp
from coursia_genai_lab.wire.provenance import Provenance

NAMES = "https://schema.coursia-genai-lab.org/provenance/1.0/"
KEY = b"coursia_genai"


def with_json(text: str | bytes) -> bytes:
    """Return a PNG whose chunk of ours holds this."""
    body = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    return with_chunks(picture(), chunk(b"iTXt", KEY + b"\0\0\0\0\0" + body))


def with_packet(packet: str) -> bytes:
    """Return a PNG with this XMP."""
    body = b"XML:com.adobe.xmp\0\0\0\0\0" + packet.encode()
    return with_chunks(picture(), chunk(b"iTXt", body))


def known(**changed: Any) -> dict[str, Any]:
    return {**facts().model_dump(), **changed}


@pytest.mark.parametrize("kind", KINDS)
def test_a_picture_of_somebody_else_says_nothing(kind: str) -> None:
    assert read(picture(kind)) is None


def test_what_a_newer_version_adds_is_no_hindrance() -> None:
    assert read(with_json(json.dumps(known(mood="merry")))) == facts()


WRONG: dict[str, str | bytes] = {
    "no json": "{",
    "another kind of json": "[1, 2]",
    "a number": "7",
    "fields of wrong types": json.dumps(known(seed="many")),
    "missing fields": '{"id": "x"}',
    "not a number": json.dumps(known(guidance=float("nan"))),
    "infinity": json.dumps(known(guidance=1e308)).replace("1e+308", "1e999"),
    "a number of a million digits": json.dumps(known()).replace("9223372036854775807", "9" * 10**6),
    "a deep nest": "[" * 100_000,
    "a lone surrogate": json.dumps(known(prompt="\ud800")),
    "bytes of no text": b"\xff\xfe{",
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_json_says_nothing(name: str) -> None:
    assert read(with_json(WRONG[name])) is None


def test_texts_that_other_programs_packed_are_read() -> None:
    text = json.dumps(facts().model_dump())
    packed = zlib.compress(text.encode())
    assert read(with_chunks(picture(), chunk(b"iTXt", KEY + b"\0\1\0\0\0" + packed))) == facts()
    assert read(with_chunks(picture(), chunk(b"zTXt", KEY + b"\0\0" + packed))) == facts()
    assert read(with_chunks(picture(), chunk(b"tEXt", KEY + b"\0" + text.encode()))) == facts()


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt"])
def test_a_packed_bomb_is_not_unpacked(name: bytes) -> None:
    rest = b"\0\0" if name == b"zTXt" else b"\0\1\0\0\0"
    bomb = zlib.compress(b" " * 2**26, 9)
    assert read(with_chunks(picture(), chunk(name, KEY + rest + bomb))) is None


def packet(inside: str, attributes: str = "", before: str = "") -> str:
    return (
        f'{before}<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description xmlns:o="{NAMES}" {attributes}>{inside}</rdf:Description></rdf:RDF>'
    )


def test_xmp_that_another_tool_wrote_anew_is_read() -> None:
    text = facts().model_dump_json()
    as_element = packet(f"<o:provenance><![CDATA[{text.replace(']]>', '')}]]></o:provenance>")
    found = read(with_packet(as_element))
    assert found is not None
    assert found.prompt == facts().prompt
    quoted = text.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;")
    assert read(with_packet(packet("", f"o:provenance='{quoted}'"))) == facts()


def test_xml_that_declares_entities_is_not_read() -> None:
    text = escape(facts().model_dump_json())
    doctype = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    inside = f"<o:provenance>{text}</o:provenance>"
    assert read(with_packet(packet(inside))) == facts()
    assert read(with_packet(packet(inside, before=doctype))) is None
    assert read(with_packet(packet(inside) + "<")) is None


def test_a_long_text_of_a_jpeg_is_read_only_when_it_is_whole() -> None:
    long = facts(prompt="🦊" * 32_000)
    made = stamp(picture(), long, "jpeg")
    parts = made.count(b"http://ns.adobe.com/xmp/extension/\0")
    assert parts >= 2
    at = made.rindex(b"http://ns.adobe.com/xmp/extension/\0") - 4
    size = int.from_bytes(made[at + 2 : at + 4], "big")
    assert read(made[:at] + made[at + 2 + size :]) is None
    assert read(made) == long


STAMPED = {kind: stamp(picture(), facts(), kind) for kind in ("png", "jpeg", "webp")}


@settings(max_examples=400, deadline=None)
@given(st.binary(max_size=200), st.sampled_from(KINDS), st.integers(0, 4000), st.integers(0, 300))
def test_any_bytes_are_read_without_an_error(noise: bytes, kind: str, at: int, length: int) -> None:
    good = STAMPED[kind]
    at = min(at, len(good))
    for data in (noise, good[:at] + noise + good[at + length :], good[:at], good + noise):
        found = read(data)
        assert found is None or isinstance(found, Provenance)
    assert read(good + noise) == facts()


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@settings(max_examples=150, deadline=None)
@given(TEXT, TEXT, st.sampled_from(KINDS))
def test_any_prompt_comes_back(prompt: str, negative: str, kind: PictureFormat) -> None:
    said = facts(prompt=prompt, negative_prompt=negative)
    made = stamp(STAMPED["png"], said, kind)
    assert read(made) == said
    opened(made)


SOURCES = {
    "png": picture(mode="RGBA"),
    "jpeg": picture("jpeg", progressive=True),
    "webp": picture("webp", mode="RGBA", icc_profile=b"odd"),
}


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=60),
    st.sampled_from(KINDS),
    st.sampled_from(KINDS),
    st.integers(0, 3000),
    st.integers(0, 200),
)
def test_whatever_an_engine_sends_is_stamped_or_refused(
    noise: bytes, source: str, kind: PictureFormat, at: int, length: int
) -> None:
    good = SOURCES[source]
    at = min(at, len(good))
    for data in (good[:at] + noise + good[at + length :], good[:at], good + noise):
        with suppress(GenerationError):
            assert read(stamp(data, facts(), kind)) == facts()
