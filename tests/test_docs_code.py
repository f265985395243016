"""What the documentation tells people to type is understood by the product."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import click
import pytest

import coursia_genai_lab
from coursia_genai_lab.cli import main

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
# How code spans of the text name a command with its words: `coursia-genai pin SERVICE`.
SPAN = re.compile(r"`(coursia-genai [^`\n]+)`")
WORD = re.compile(r"[a-z][\w-]*")


def blocks(page: Path, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    text = page.read_text(encoding="utf-8")
    return [code for name, code in BLOCK.findall(text) if name == language]


def commands(page: Path) -> list[list[str]]:
    """Return the words of each call of our command on a page, without the command's own name."""
    lines = [line for code in blocks(page, "sh") for line in code.splitlines()]
    text = page.read_text(encoding="utf-8")
    calls = [line[line.index("coursia-genai ") :] for line in lines if "coursia-genai " in line]
    found = []
    for call in (*calls, *SPAN.findall(text)):
        words = shlex.split(re.split(r" [|>&] ?|#", call)[0].replace("…", ""), posix=True)
        found.append(words[1:])
    return found


def problem(words: list[str]) -> str | None:
    """Return what the command line would not understand, None where all is known."""
    command: click.Command = main
    rest = list(words)
    while isinstance(command, click.Group) and rest and WORD.fullmatch(rest[0].split("|")[0]):
        chosen = [command.commands.get(name) for name in rest.pop(0).split("|")]
        if None in chosen:
            return "no such command"
        command = next(one for one in chosen if one is not None)
    own = rest[: rest.index("--")] if "--" in rest else rest
    known = {name for parameter in command.params for name in parameter.opts} | {"-h", "--help"}
    known |= {name for parameter in main.params for name in parameter.opts}
    unknown = [word for word in own if word.startswith("--") and word.split("=")[0] not in known]
    return f"unknown: {unknown}" if unknown else None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_that_a_page_names_exists_with_its_options(page: Path) -> None:
    wrong = {" ".join(words): problem(words) for words in commands(page)}
    assert {call: why for call, why in wrong.items() if why} == {}


def test_a_command_that_is_not_there_is_found() -> None:
    assert problem(["usage", "--everyone"]) == "unknown: ['--everyone']"
    assert problem(["bake"]) == "no such command"
    assert problem(["policy", "check", "FILE"]) is None
    assert problem(["exec", "--", "python", "x.py", "--mine"]) is None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_python_on_a_page_parses_and_imports_what_there_is(page: Path) -> None:
    for code in blocks(page, "python"):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.ImportFrom) and node.module == "coursia_genai_lab":
                for alias in node.names:
                    assert hasattr(coursia_genai_lab, alias.name), (page.name, alias.name)


def test_settings_that_pages_set_exist() -> None:
    from coursia_genai_lab.config import GenAILab

    names = {
        name
        for page in PAGES
        for name in re.findall(r"\bGenAILab\.([a-z_]+)", page.read_text(encoding="utf-8"))
    }
    assert names - set(GenAILab.class_trait_names(config=True)) == set()
