"""`coursia-genai mark`: the teacher's word from the command line."""

from __future__ import annotations

import json
import os
import pty
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

OPENAI = "from openai import OpenAI\\nOpenAI().images.generate(prompt='x')"
NOTEBOOK = (
    "\ufeff{\r\n \"cells\": [\r\n  {\r\n   \"cell_type\": \"code\",\r\n   \"source\": \"" + OPENAI
    + "\"\r\n  }\r\n ],\r\n \"metadata\": {\r\n  \"title\": \"\\u00e9t\u00e9\"\r\n },\r\n"
    " \"nbformat\": 4\r\n}"
).encode()  # fmt: skip


@pytest.fixture
def course(tmp_path: Path) -> Path:
    folder = tmp_path / "le cours"
    for name in ("a.ipynb", "deep/b.ipynb", ".ipynb_checkpoints/a.ipynb", "env/c.ipynb"):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(NOTEBOOK)
    (folder / "env" / "pyvenv.cfg").touch()
    (folder / "loop").symlink_to(folder)
    return folder


def names(done) -> list[str]:
    return [Path(line["path"]).name for line in done.lines]


def test_a_notebook_says_it_then_and_the_command_for_the_way_back_undoes_it(genai_here, course):
    file = course / "a.ipynb"
    done = genai_here("mark", str(file), "--services", "comfyui,openai", "--mode", "demo")
    assert done.status == 0, done.err
    assert "auto, its code decides → services comfyui, openai; mode demo" in done.out
    assert "Its code does not show comfyui" in done.out
    text = file.read_bytes().decode("utf-8-sig")
    word = {"services": ["comfyui", "openai"], "mode": "demo"}
    assert json.loads(text)["metadata"]["genai"] == word
    [back] = [line.strip() for line in done.out.splitlines() if "coursia-genai mark" in line]
    assert genai_here(*shlex.split(back)[1:]).status == 0
    assert file.read_bytes() == NOTEBOOK


def test_detection_follows_the_word(genai_here, course):
    file = str(course / "a.ipynb")
    assert genai_here("detect", "--json", file).json["services"] == ["openai"]
    genai_here("mark", file, "--off")
    assert genai_here("detect", "--json", file).json["services"] == []


def test_json_tells_each_file_and_the_way_back(genai_here, course):
    done = genai_here("mark", "--json", "--off", str(course / "a.ipynb"))
    assert done.json["before"] == {}
    assert done.json["after"] == {"enabled": False}
    assert done.json["changed"] is True
    assert shlex.split(done.json["undo"])[:3] == ["coursia-genai", "mark", "--auto"]
    again = genai_here("mark", "--json", "--off", str(course / "a.ipynb")).json
    assert (again["changed"], again["undo"]) == (False, None)


def test_a_dry_run_writes_nothing(genai_here, course):
    done = genai_here("mark", "--dry-run", "--off", str(course))
    assert done.status == 0
    assert "2 would change, 0 as before, 0 refused." in done.out
    assert (course / "a.ipynb").read_bytes() == NOTEBOOK


def test_a_folder_is_changed_only_with_a_yes(genai_here, course):
    refused = genai_here("mark", str(course), "--off")
    assert refused.status == 2
    assert "--yes" in refused.err
    assert (course / "a.ipynb").read_bytes() == NOTEBOOK
    done = genai_here("mark", str(course), "--off", "--yes", "--json")
    assert done.status == 0
    assert names(done) == ["a.ipynb", "b.ipynb"]
    assert (course / ".ipynb_checkpoints" / "a.ipynb").read_bytes() == NOTEBOOK
    assert (course / "env" / "c.ipynb").read_bytes() == NOTEBOOK


def test_a_link_in_a_circle_is_refused_and_holds_up_no_other(genai_here, course):
    (course / "circle.ipynb").symlink_to("circle.ipynb")
    done = genai_here("mark", str(course), "--off", "--yes", "--json")
    assert done.status == 1
    assert names(done) == ["a.ipynb", "circle.ipynb", "b.ipynb"]
    assert [line.get("changed", "refused") for line in done.lines] == [True, "refused", True]


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 1)])
def test_at_a_terminal_the_files_are_listed_and_a_person_is_asked(course, answer, status):
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "coursia_genai_lab", "mark", str(course), "--off"],
        stdin=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.write(ours, f"{answer}\n".encode())
        _, err = process.communicate(timeout=60)
    os.close(ours)
    os.close(theirs)
    assert process.returncode == status
    assert "b.ipynb" in err
    assert "Change these 2 notebooks?" in err
    assert ((course / "a.ipynb").read_bytes() == NOTEBOOK) == (answer == "n")


def test_a_file_that_is_refused_stops_no_other(genai_here, course):
    (course / "a.ipynb").write_bytes(b'{"cells": [')
    (course / "link.ipynb").symlink_to(course / "deep" / "b.ipynb")
    done = genai_here("mark", str(course), "--off", "--yes", "--json")
    assert done.status == 1
    by_name = {Path(line["path"]).name: line for line in done.lines}
    assert by_name["a.ipynb"]["error"]["code"] == "broken_notebook"
    assert by_name["link.ipynb"]["error"]["code"] == "is_a_link"
    assert by_name["b.ipynb"]["changed"] is True
    words = genai_here("mark", str(course), "--off", "--yes")
    assert "It is not valid JSON" in words.err
    assert "0 changed, 1 as before, 2 refused." in words.out


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--auto", "--off"),
        ("--auto", "--services", "openai"),
        ("--services", ""),
        ("--mode", "loud"),
        ("--services-path", "no/such/folder", "--off"),
    ],
)
def test_bad_usage_ends_with_two_and_writes_nothing(genai_here, course, arguments):
    file = course / "a.ipynb"
    assert genai_here("mark", str(file), *arguments).status == 2
    assert file.read_bytes() == NOTEBOOK


def test_an_unknown_service_is_refused_with_names_that_are_near(genai_here, course):
    done = genai_here("mark", str(course / "a.ipynb"), "--services", "comfui", "--json")
    assert done.status == 2
    assert done.json["error"]["code"] == "unknown_service"
    assert "Did you mean comfyui" in done.json["error"]["remedy"]


def test_a_service_of_the_operator_is_known_where_its_folder_is_named(genai_here, course, tmp_path):
    own = tmp_path / "services"
    own.mkdir()
    (own / "lab-flux.toml").write_text(
        'title = "FLUX of the lab"\ndialect = "comfyui"\naddress = "http://127.0.0.1:9999"\n',
        encoding="utf-8",
    )
    file = course / "a.ipynb"
    done = genai_here(
        "mark", str(file), "--services", "lab-flux", "--services-path", str(own), "--json"
    )
    assert done.json["after"] == {"services": ["lab-flux"]}


@pytest.mark.server
def test_a_notebook_that_runs_in_jupyter_is_pointed_out(genai_with_lab, jupyter):
    root = jupyter.root
    (root / "open.ipynb").write_bytes(NOTEBOOK)
    jupyter.open_notebook("open.ipynb")
    assert genai_with_lab("mark", str(root / "open.ipynb"), "--off", "--json").json["running"]
    assert "reload it" in genai_with_lab("mark", str(root / "open.ipynb"), "--auto").out
