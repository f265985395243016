"""The teacher's word is changed in a notebook, and no other byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from notebook_styles import NAMES, parsed, styled

from coursia_genai_lab.errors import GenAIError
from coursia_genai_lab.notebooks.marking import mark_bytes
from coursia_genai_lab.notebooks.word import FALLBACKS, MODES, WORDS, Change, undo_options

CHANGES = st.one_of(
    st.builds(
        Change.of,
        services=st.none() | st.lists(st.sampled_from(NAMES), unique=True),
        mode=st.none() | st.sampled_from([*MODES, "unset"]),
        fallback=st.none() | st.sampled_from([*FALLBACKS, "unset"]),
        off=st.booleans(),
    ),
    st.builds(Change.of, auto=st.just(True), mode=st.none() | st.sampled_from(MODES)),
)
ADDED = Change.of(services=["comfyui"], mode="demo", fallback="never")
AUTO = Change.of(auto=True)
TABBED = (
    '{\r\n\t"cells": [],\r\n\t"metadata": {\r\n'
    '\t\t"genai": {\r\n\t\t\t"mode": "demo"\r\n\t\t}\r\n\t}\r\n}\r\n'
)


def spans(text: str) -> dict[str, tuple[int, int]]:
    """Return where the values of a JSON object stand, found by the standard library alone."""
    decoder = json.JSONDecoder()
    found, at = {}, text.index("{") + 1
    while True:
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n,"))
        if text[at] == "}":
            return found
        key, at = decoder.raw_decode(text, at)
        at = text.index(":", at) + 1
        at += len(text[at:]) - len(text[at:].lstrip())
        _, end = decoder.raw_decode(text, at)
        found[key] = (at, end)
        at = end


def pieces(text: str, *, without: str) -> list[tuple[str, str]]:
    """Return the other entries of an object as they are written, in their order."""
    return [(key, text[a:b]) for key, (a, b) in spans(text).items() if key != without]


def options_as_change(options: list[str]) -> Change:
    given_options: dict[str, Any] = {}
    rest = iter(options)
    for name in rest:
        if name in ("--off", "--auto"):
            given_options[name[2:]] = True
        else:
            value = next(rest)
            names = [] if value == "unset" else value.split(",")
            given_options[name[2:]] = names if name == "--services" else value
    return Change.of(**given_options)


def genai_of(data: bytes) -> Any:
    return parsed(data)["metadata"].get("genai")


@given(styled(), CHANGES)
def test_nothing_but_the_word_changes(data, change):
    marked = mark_bytes(data, change)
    before, after = data.decode("utf-8"), marked.data.decode("utf-8")
    (a, b), (c, d) = spans(before)["metadata"], spans(after)["metadata"]
    assert before[:a] == after[:c]
    assert before[b:] == after[d:]
    one, other = before[a:b], after[c:d]
    assert pieces(one, without="genai") == pieces(other, without="genai")
    if genai_of(data) and genai_of(marked.data):
        kept = [
            [
                (key, text)
                for key, text in pieces(part[slice(*spans(part)["genai"])], without="")
                if key not in WORDS
            ]
            for part in (one, other)
        ]
        assert kept[0] == kept[1]


@given(styled(), CHANGES)
def test_the_notebook_then_says_what_was_asked_and_all_else_as_before(data, change):
    marked = mark_bytes(data, change)
    whole, now = parsed(data), parsed(marked.data)
    genai = now["metadata"].pop("genai", {})
    was = whole["metadata"].pop("genai", {})
    assert now == whole
    assert list(now) == list(whole)
    assert {k: v for k, v in genai.items() if k not in WORDS} == {
        k: v for k, v in was.items() if k not in WORDS
    }
    for key in ("services", "mode", "fallback"):
        wanted = change.values[key] if key in change.values else was.get(key)
        assert genai.get(key) == wanted
    if "enabled" in change.values:
        assert (genai.get("enabled") is False) == (change.values["enabled"] is False)


@given(styled(), CHANGES)
def test_marking_twice_leaves_the_bytes_alone(data, change):
    once = mark_bytes(data, change)
    twice = mark_bytes(once.data, change)
    assert not twice.changed
    assert twice.data == once.data


@given(styled(), CHANGES)
def test_the_way_back_that_is_offered_leads_back(data, change):
    marked = mark_bytes(data, change)
    options = undo_options(marked.before, marked.after)
    assert options is not None
    back = mark_bytes(marked.data, options_as_change(options))
    assert back.after == marked.before
    if set(marked.before) <= set(marked.after):
        assert back.data == data


@given(styled())
def test_what_was_added_is_taken_away_without_a_trace(data):
    plain = mark_bytes(data, AUTO).data
    added = mark_bytes(plain, ADDED)
    assert added.changed
    assert mark_bytes(added.data, AUTO).data == plain


def test_the_words_are_set_as_jupyter_would_save_them():
    data = json.dumps(
        {"cells": [], "metadata": {"kernelspec": {"name": "x"}}, "nbformat": 4}, indent=1
    ).encode()
    made = mark_bytes(data, ADDED).data
    assert json.dumps(json.loads(made), indent=1, sort_keys=True).encode() == made


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{"cells": [], "nbformat": 4}', '{"cells": [], "metadata": {"genai": @}, "nbformat": 4}'),
        ('{"metadata": null, "cells": []}', '{"metadata": {"genai": @}, "cells": []}'),
        ('{"metadata": {"genai": null}, "cells": 1}', '{"metadata": {"genai": @}, "cells": 1}'),
        ('{"nbformat":2}', '{"metadata":{"genai":{"mode":"demo"}},"nbformat":2}'),
        ('{"metadata": {"a": 1},"cells": 1}', '{"metadata": {"a": 1,"genai": @},"cells": 1}'),
        ('{"metadata":{},"cells":[]}', '{"metadata":{"genai":{"mode":"demo"}},"cells":[]}'),
        (
            '{\r\n\t"cells": [],\r\n\t"metadata": {}\r\n}\r\n',
            TABBED,
        ),
        (
            '{\n  "metadata": {"b": 1, "a": 2},\n  "cells": []\n}',
            '{\n  "metadata": {"b": 1, "a": 2, "genai": @},\n  "cells": []\n}',
        ),
        (
            '{"cells": [{"a": 1, "a": 2}], "metadata": {"a": 1e5, "a": 1E+5}}',
            '{"cells": [{"a": 1, "a": 2}], "metadata": {"a": 1e5, "a": 1E+5, "genai": @}}',
        ),
        (
            '{"cells": [], "metadata": {"\\u0067enai": {}}}',
            '{"cells": [], "metadata": {"\\u0067enai": @}}',
        ),
    ],
)
def test_every_shape_of_metadata_takes_the_word(before, after):
    wanted = after.replace("@", '{"mode": "demo"}').encode()
    assert mark_bytes(before.encode(), Change.of(mode="demo")).data == wanted


def test_bytes_that_are_no_text_stay():
    data = b'{"cells": ["\xff\xfe"], "metadata": {"by": "\xe9"}}'
    made = mark_bytes(data, Change.of(off=True)).data
    assert made == data[:-2] + b', "genai": {"enabled": false}}}'


def test_a_course_gets_its_own_enabled_back():
    data = b'{"metadata": {"genai": {"enabled": true, "level": "x"}}, "cells": []}'
    off = mark_bytes(data, Change.of(off=True))
    assert off.before == {}
    assert off.after == {"enabled": False}
    assert mark_bytes(off.data, AUTO).data == data


def test_choosing_services_switches_a_notebook_on():
    data = b'{"metadata": {"genai": {"enabled": false}}, "cells": []}'
    made = mark_bytes(data, Change.of(services=["comfyui"]))
    assert made.after == {"services": ["comfyui"]}
    assert undo_options(made.before, made.after) == ["--off", "--services", "unset"]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_notebook"),
        (b"\xef\xbb\xbf  \n", "empty_notebook"),
        (b'{"cells": [', "broken_notebook"),
        (b'{"cells": [], "metadata": {},}', "broken_notebook"),
        (b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "broken_notebook"),
        (b"\xff\xfe{\x00}\x00", "broken_notebook"),
        (b"[1, 2]", "not_a_notebook"),
        (b'{"name": "package"}', "not_a_notebook"),
        (b'{"cells": [], "metadata": []}', "odd_metadata"),
        (b'{"cells": [], "metadata": {"genai": "yes"}}', "odd_metadata"),
        (b'{"cells": [], "metadata": {}, "metadata": {}}', "double_key"),
        (b'{"cells": [], "metadata": {"genai": {}, "g\\u0065nai": {}}}', "double_key"),
        (b'{"cells": [], "metadata": {"genai": {"mode": "off", "mode": "demo"}}}', "double_key"),
    ],
)
def test_what_cannot_be_changed_safely_is_refused_with_a_remedy(data, code):
    with pytest.raises(GenAIError) as caught:
        mark_bytes(data, Change.of(mode="demo"))
    assert caught.value.error_code == code
    assert caught.value.message.endswith(".")
    assert caught.value.remedy
