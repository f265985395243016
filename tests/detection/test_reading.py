"""Notebooks of every shape are read, files only where they may be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.detection import Detector
from coursia_genai_lab.detection.indicators import Indicators
from coursia_genai_lab.detection.read import read_notebook

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


BRACKETS = [{"deep": [[[1]] * 4] * 10}] * 4_000
MANY = [{"cell_type": "code", "source": "x = 1"}] * 100_000
GIANTS = {
    "outputs of very many brackets": cells(CODE, outputs=BRACKETS),
    "very many cells": {"cells": [*MANY, *cells(CODE)["cells"]]},
    "a list of 8 MB in a cell": {
        "cells": [*cells("x = [" + "'/prompt', " * 800_000 + "]")["cells"], *cells(CODE)["cells"]]
    },
    "NaN in outputs of 2 MB": cells(CODE, outputs=[float("nan")] * 500_000),
}


@pytest.fixture(scope="module")
def catalog():
    return load_catalog()


@pytest.fixture(scope="module")
def giant_documents() -> dict[str, bytes]:
    return {name: json.dumps(document).encode() for name, document in GIANTS.items()}


@pytest.mark.parametrize("name", GIANTS)
def test_a_giant_is_read_by_a_process_that_can_be_stopped(catalog, giant_documents, name):
    data = giant_documents[name]
    assert Detector(catalog, patience_seconds=60).profile_bytes(data).services == ["openai"]
    stopped = Detector(catalog, patience_seconds=0).profile_bytes(data)
    assert (stopped.type, stopped.unreadable) == ("CLASSIC", True)
    assert "too long" in stopped.note


def test_the_process_finds_us_wherever_the_server_did(tmp_path):
    # As where packages lie in the user's own folder, or on PYTHONPATH: the bare interpreter
    # knows of neither.
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    program = """
import json, sys
from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.detection import Detector
many = [{"cell_type": "markdown", "source": "x"}] * 200_000
code = {"cell_type": "code", "source": "import openai; openai.images.generate(prompt='x')"}
data = json.dumps({"cells": [*many, code], "metadata": {}, "nbformat": 4}).encode()
print(Detector(load_catalog(), patience_seconds=60).profile_bytes(data).services)
"""
    done = subprocess.run(
        [tmp_path / "bare" / "bin" / "python", "-c", program],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "['openai']"


def test_a_small_notebook_needs_no_process_of_its_own(catalog):
    data = json.dumps(cells(CODE)).encode()
    assert Detector(catalog, patience_seconds=0).profile_bytes(data).services == ["openai"]


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b'{"cells":[{}' + b",{}" * 7_000_000 + b"]}", "too large"),
        (b"[" * 21_000_000, "JSON"),
        (b'{"a":[' + b"NaN," * 300_000, "JSON"),
    ],
    ids=["too much to build", "brackets", "broken"],
)
def test_a_giant_that_cannot_be_read_is_classic_with_a_note(catalog, data, word):
    profile = Detector(catalog, patience_seconds=60).profile_bytes(data)
    assert (profile.type, profile.unreadable) == ("CLASSIC", True)
    assert word in profile.note


def test_a_cell_beyond_all_measure_is_left_out_and_the_note_says_so(detector):
    data = json.dumps(cells(CODE + "\nx = '" + "a" * 13_000_000 + "'")).encode()
    profile = detector.profile_bytes(data)
    assert (profile.type, profile.unreadable) == ("CLASSIC", False)
    assert "very long" in profile.note


def test_work_after_a_long_list_is_found_in_its_line(catalog):
    long = "x = [\n" + "1,\n" * 150_000 + "]\n" + CODE
    profile = Detector(catalog, patience_seconds=60).profile_bytes(json.dumps(cells(long)).encode())
    assert profile.services == ["openai"]
    assert profile.evidence[0].line == long.count("\n") + 1


def test_a_classic_notebook_gives_no_cells_to_parse(catalog):
    fragments = Indicators(catalog).fragments
    read = read_notebook(json.dumps(cells("import numpy\nprint(1)")).encode(), fragments)
    assert (read.cells, read.count) == ((), 1)
    assert len(read_notebook(json.dumps(cells(CODE)).encode(), fragments).cells) == 1


def test_a_device_is_a_note_and_is_never_opened(detector: Detector):
    for device in ("/dev/zero", "/dev/null", "/dev/tty"):
        assert "regular" in detector.profile_file(Path(device)).note


def test_a_folder_swapped_for_a_link_while_it_is_read_shows_nothing_outside(
    detector: Detector, root: Path
):
    outside = root.parent / "outside"
    outside.mkdir()
    write(outside / "a.ipynb")
    inside, link = root / "kept", root / "link"
    inside.mkdir()
    (inside / "a.ipynb").write_text(json.dumps(cells("print(1)")))
    link.symlink_to(outside)
    over = threading.Event()

    def swap() -> None:
        # In turn a folder with a classic notebook and a link to one that is not for our eyes.
        while not over.is_set():
            (root / "way").symlink_to(inside)
            (root / "way").unlink()
            inside.rename(root / "way")
            (root / "way").rename(inside)
            link.rename(root / "way")
            (root / "way").rename(link)

    swapping = threading.Thread(target=swap)
    swapping.start()
    try:
        seen = {
            tuple(detector.profile_file(root / "way" / "a.ipynb", root=root).services)
            for _ in range(1_500)
        }
    finally:
        over.set()
        swapping.join(timeout=20)
    assert seen == {()}
