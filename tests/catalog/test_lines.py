"""Every mistake is told with the line on which it stands."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_text import changed, mistakes_in

from coursia_genai_lab.catalog.lines import line_at, lines_of
from coursia_genai_lab.catalog.load import BUILT_IN_FOLDER, spec_files

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ODD = '''\
# [not.a.table]
title = "a # no comment, \\" [x]"   # a comment
"quoted key" = 1
a.b . c = 2
text = """
[inside]
key = 1 \\""" """
path = \'\'\'
it's "so" \'\'\'
list = [
  "]", # one
  { x = 1, y = { z = [1, 2] } },
]
[[many]]
k = 1
[many.part]
k = 2
[[many.files]]
k = 3
[[many.files]]
k = 4
[[many]]
k = 5
[[many.files]]
k = 6
'''


def places(value: Any, place: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = set()
    for key, one in inner:
        found.add((*place, key))
        if isinstance(one, (dict, list)):
            found |= places(one, (*place, key))
    return found


@pytest.mark.parametrize("text", [ODD, ODD.replace("\n", "\r\n")], ids=["unix", "windows"])
def test_odd_forms_are_followed(text: str) -> None:
    lines = lines_of(text)
    wanted = {
        ("title",): 2,
        ("quoted key",): 3,
        ("a", "b", "c"): 4,
        ("text",): 5,
        ("path",): 8,
        ("list",): 10,
        ("list", 0): 11,
        ("list", 1, "y", "z", 1): 12,
        ("many",): 14,
        ("many", 0, "k"): 15,
        ("many", 0, "part", "k"): 17,
        ("many", 0, "files", 1, "k"): 21,
        ("many", 1): 22,
        ("many", 1, "files", 0, "k"): 25,
    }
    assert {place: lines.get(place) for place in wanted} == wanted
    assert places(tomllib.loads(text)) <= set(lines)


@pytest.mark.parametrize("path", spec_files(BUILT_IN_FOLDER), ids=lambda path: path.stem)
def test_every_place_of_a_built_in_file_has_its_line(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = lines_of(text)
    assert places(tomllib.loads(text)) == set(lines)
    written = text.splitlines()
    for place, line in lines.items():
        if isinstance(place[-1], str):
            assert place[-1] in written[line - 1]


KEYS = st.text("abcdefgh-_", min_size=1, max_size=5)
LEAVES = st.one_of(
    st.integers(-9, 9), st.booleans(), st.text(st.characters(codec="ascii"), max_size=8)
)
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3), max_leaves=6)


def as_toml(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(as_toml, value))}]"
    return json.dumps(value).replace("\\u007f", "\\u007F")


@given(st.dictionaries(KEYS, st.dictionaries(KEYS, VALUES, max_size=4), max_size=4))
def test_what_a_parser_finds_is_found_on_its_line(table: dict[str, dict[str, Any]]) -> None:
    written, wanted = [], {}
    for name, entries in table.items():
        written.append(f"[{name}]")
        wanted[(name,)] = len(written)
        for key, value in entries.items():
            written += ["", f"{key} = {as_toml(value)}"]
            wanted[(name, key)] = len(written)
    text = "\n".join(written)
    lines = lines_of(text)
    assert places(tomllib.loads(text)) == set(lines)
    assert {place: lines[place] for place in wanted} == wanted


@given(st.text(max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    assert all(line >= 1 for line in lines_of(text).values())


def test_what_is_missing_is_told_where_its_table_begins() -> None:
    lines = lines_of("[container]\nport = 1\n")
    assert line_at(lines, ("container", "image")) == 1
    assert line_at(lines, ("gpu",)) is None


def test_a_syntax_error_carries_its_line(tmp_path: Path) -> None:
    [mistake] = mistakes_in(changed(tmp_path, "image", "image = lab/comfyui:1"))
    assert (mistake.line, mistake.field) == (6, "")
    assert "no TOML" in mistake.message


def test_several_mistakes_come_in_the_order_of_their_lines(tmp_path: Path) -> None:
    path = changed(tmp_path, "models = [", 'models = ["/"]\nbuilt = 1\ncpus = "many"')
    assert [(m.line, m.field) for m in mistakes_in(path)] == [
        (8, "container.models.0"),
        (9, "container.built"),
        (10, "container.cpus"),
    ]


@pytest.mark.parametrize(
    ("beginning", "new", "meant"),
    [
        ("door_port", "door_prot = 8188", "door_port"),
        ("image", 'imgae = "a/b:1"', "image"),
        ("vram_mib", "vram_mb = 1", "vram_mib"),
        ("folder =", 'folder = "a"\nsha265 = "x"', "sha256"),
        ("id =", 'id = "one"\nlicense = "MIT"', "licence"),
        ("[build]", "[biuld]", "build"),
        ("port = 8188", "port = 1\nnothing_like_it = 1", None),
    ],
)
def test_a_misspelt_key_is_told_with_the_one_that_was_meant(
    tmp_path: Path, beginning: str, new: str, meant: str | None
) -> None:
    found = [m for m in mistakes_in(changed(tmp_path, beginning, new)) if "no key" in m.message]
    assert [mistake.suggestion for mistake in found] == [meant]
