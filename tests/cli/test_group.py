"""The commands as a newcomer meets them: help, narrow terminals' letters, outputs that fail."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from coursia_genai_lab.cli import main

Genai = Callable[..., Any]
GROUPS = [(), *((name,) for name, one in main.commands.items() if isinstance(one, click.Group))]


@pytest.mark.parametrize("group", GROUPS, ids=" ".join)
def test_help_says_what_each_command_does_in_a_whole_sentence(group: tuple[str, ...]) -> None:
    lines = CliRunner().invoke(main, [*group, "--help"], terminal_width=80).output.splitlines()
    commands = lines[lines.index("Commands:") + 1 :]
    assert commands
    assert [line for line in commands if not line.endswith(".") or line.endswith("..")] == []


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_without_a_letter_gets_a_question_mark(genai: Genai, encoding: str) -> None:
    done = genai("plan", PYTHONIOENCODING=encoding)
    assert (done.status, done.err) == (0, "")
    assert "needs no GPU" in done.out


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("arguments", [["catalog", "validate"], ["catalog", "show", "--json"]])
def test_an_output_that_cannot_be_written_is_told_without_a_traceback(
    arguments: list[str], tmp_path: Path
) -> None:
    environment = {**os.environ, "HOME": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path)}
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "coursia_genai_lab", *arguments],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=150,
            check=False,
            env=environment,
        )
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "What this command says cannot be written: No space left on device.",
        "Free some room, or send its output elsewhere.",
    ]


def test_an_address_where_nothing_answers_is_told_with_where_to_look(genai: Genai) -> None:
    done = genai("status", "--json", "--url", "http://127.0.0.1:1/")
    assert done.status == 1
    error = done.json["error"]
    assert (error["code"], error["command"]) == ("lab_unreachable", "jupyter server list")
    assert "kernel" not in error["remedy"]


@pytest.mark.parametrize("text", ['{"GenAILab": ', "c.GenAILab.model_roots = ["])
def test_a_configuration_that_jupyter_would_leave_out_is_told(
    genai: Genai, tmp_path: Path, text: str
) -> None:
    (tmp_path / "config").mkdir()
    ending = "json" if text.startswith("{") else "py"
    (tmp_path / "config" / f"jupyter_server_config.{ending}").write_text(text, encoding="utf-8")
    done = genai("doctor", "--json")
    assert done.status == 1
    wrong = next(one for one in done.json["findings"] if one["name"] == "settings")
    assert wrong["sentence"].startswith("jupyter_server_config cannot be read: ")
    assert genai("plan", "--json").json["error"]["code"] == "setting_wrong"


def test_where_no_model_file_is_a_check_says_so(genai: Genai) -> None:
    done = genai("models", "verify")
    assert done.status == 0
    assert done.err == "None of their files is here; there was nothing to read.\n"
    assert genai("models", "verify", "--json").err == ""
