"""Notebooks of every shape are read, files only where they may be."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from coursia_genai_lab.detection import Detector

CODE = "from openai import OpenAI\nOpenAI().images.generate(prompt='x')"
LINES = CODE.splitlines(keepends=True)


def cells(source, **more):
    return {"cells": [{"cell_type": "code", "source": source, **more}]}


READABLE = {
    "source as a text": cells(CODE),
    "source as lines": cells(LINES),
    "lines without their ends": cells(CODE.splitlines()),
    "an empty text among the lines": cells([LINES[0], "", LINES[1]]),
    "CRLF": cells(CODE.replace("\n", "\r\n")),
    "old Macintosh ends": cells(CODE.replace("\n", "\r")),
    "nbformat 3": {
        "nbformat": 3,
        "worksheets": [{"cells": [{"cell_type": "code", "input": LINES, "language": "python"}]}],
    },
    "nbformat 2": {
        "nbformat": 2,
        "worksheets": [{"cells": [{"cell_type": "code", "input": CODE, "language": "python"}]}],
    },
    "a kernelspec that is a text": {**cells(CODE), "metadata": {"kernelspec": "python3"}},
    "a kernelspec of nothing": {**cells(CODE), "metadata": {"kernelspec": {}}},
    "metadata that is a list": {**cells(CODE), "metadata": [1]},
    "metadata that is null": {**cells(CODE), "metadata": None},
    "a kernel of its own name": {
        **cells(CODE),
        "metadata": {"kernelspec": {"name": "conda_python3"}},
    },
    "cells of odd types between": {"cells": [None, 7, "x", *cells(CODE)["cells"]]},
    "worksheets of odd types": {**cells(CODE), "worksheets": [3, {"cells": None}]},
    "cell metadata that is a text": cells(CODE, metadata="x"),
}


@pytest.mark.parametrize("document", READABLE.values(), ids=READABLE.keys())
def test_a_notebook_is_read_with(detector, document):
    assert detector.profile_bytes(json.dumps(document).encode()).services == ["openai"]


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: b"\n\n  " + data + b"\n",
        lambda data: data.replace(b'"nbformat"', b'"odd": NaN, "nbformat"'),
        lambda data: data.replace(b'"nbformat"', b'"odd": "\\ud800", "nbformat"'),
        lambda data: data.replace(b"prompt='x'", b"prompt='\\ud83d'"),
        lambda data: data.replace(b"prompt='x'", b"prompt='\xe9\xff'"),
    ],
    ids=["BOM", "blank lines", "NaN", "lone surrogate", "surrogate in the code", "no UTF-8"],
)
def test_a_notebook_is_read_in_spite_of_odd_bytes(detector, change):
    data = json.dumps({**cells(CODE), "nbformat": 4}).encode()
    assert detector.profile_bytes(change(data)).services == ["openai"]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b'{"cells": [}', "JSON"),
        (b'{"cells": [{"cell_type": "code" "source": []}]}', "JSON"),
        (b"[1, 2]", "notebook"),
        (b"null", "notebook"),
        (b'"text"', "notebook"),
        (b"[" * 200_000, "JSON"),
        (b"\x00\x01\x02", "JSON"),
    ],
)
def test_what_is_no_notebook_is_classic_with_a_note(detector, data, word):
    profile = detector.profile_bytes(data, path="a.ipynb")
    assert (profile.type, profile.services, profile.path) == ("CLASSIC", [], "a.ipynb")
    assert word in profile.note


@pytest.mark.parametrize("document", [{}, {"cells": []}, {"cells": None}, {"worksheets": [{}]}])
def test_a_notebook_without_cells_is_classic(detector, document):
    profile = detector.profile_bytes(json.dumps(document).encode())
    assert (profile.type, profile.note) == ("CLASSIC", "")


def test_a_very_long_notebook_is_scanned_and_says_so(detector):
    long = cells(CODE + "\n" + "x = 1\n" * 80_000)
    profile = detector.profile_bytes(json.dumps(long).encode())
    assert profile.services == ["openai"]
    assert "scanned" in profile.note


def test_a_very_long_cell_is_scanned_beside_others(detector):
    document = cells(CODE + "\n" + "x = 1\n" * 20_000)
    assert detector.profile_bytes(json.dumps(document).encode()).services == ["openai"]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "course"
    (folder / "sub").mkdir(parents=True)
    return folder


def write(path: Path) -> Path:
    path.write_text(json.dumps(cells(CODE)), encoding="utf-8")
    return path


def test_a_file_under_root_is_read_and_bears_its_api_path(detector: Detector, root: Path):
    path = write(root / "sub" / "été & 图.ipynb")
    profile = detector.profile_file(path, root=root, api_path="sub/été & 图.ipynb")
    assert profile.services == ["openai"]
    assert profile.path == "sub/été & 图.ipynb"


def test_a_root_that_is_itself_a_link_is_followed(detector: Detector, root: Path, tmp_path: Path):
    write(root / "a.ipynb")
    link = tmp_path / "home"
    link.symlink_to(root)
    assert detector.profile_file(link / "a.ipynb", root=link).services == ["openai"]


@pytest.mark.parametrize("name", ["outside", "course-of-another"])
def test_a_file_outside_root_is_not_examined(detector: Detector, root: Path, name: str):
    folder = root.parent / name
    folder.mkdir()
    path = write(folder / "a.ipynb")
    for way in (path, root / ".." / name / "a.ipynb"):
        profile = detector.profile_file(way, root=root)
        assert profile.type == "CLASSIC"
        assert "outside" in profile.note


def test_a_link_to_a_file_is_not_followed(detector: Detector, root: Path):
    secret = write(root.parent / "secret.ipynb")
    (root / "a.ipynb").symlink_to(secret)
    assert detector.profile_file(root / "a.ipynb", root=root).note


def test_a_linked_folder_that_leads_out_is_not_followed(detector: Detector, root: Path):
    outside = root.parent / "outside"
    outside.mkdir()
    write(outside / "a.ipynb")
    (root / "way").symlink_to(outside)
    assert "outside" in detector.profile_file(root / "way" / "a.ipynb", root=root).note


def test_a_fifo_a_folder_and_nothing_are_notes_not_waits(detector: Detector, root: Path):
    os.mkfifo(root / "pipe.ipynb")
    for path in (root / "pipe.ipynb", root / "sub", root / "absent.ipynb", Path("a\0b.ipynb")):
        profile = detector.profile_file(path, root=root)
        assert profile.type == "CLASSIC"
        assert profile.note


def test_a_file_that_is_too_large_is_not_read(detector: Detector, root: Path):
    path = root / "huge.ipynb"
    with path.open("wb") as stream:
        stream.truncate(101 * 1024 * 1024)
    assert "100 MB" in detector.profile_file(path, root=root).note
