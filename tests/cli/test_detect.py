"""`coursia-genai detect`."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def notebook(path: Path, *sources: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_one_json_object_a_line_says_what_the_contract_names(genai):
    done = genai("detect", "--json", str(EXAMPLES / "03-openai-sdk.ipynb"))
    assert done.status == 0
    [line] = done.lines
    assert list(line) == ["path", "type", "needs_image_service", "services", "evidence", "note"]
    assert line["needs_image_service"] is True
    assert line["services"] == ["openai"]
    assert set(line["evidence"][0]) == {"service", "cell", "line", "rule", "excerpt"}
    assert line["path"].endswith("03-openai-sdk.ipynb")


def test_a_folder_is_walked_in_order_and_hidden_folders_are_left_out(genai, tmp_path):
    for name in ("b.ipynb", "a/z.ipynb", ".ipynb_checkpoints/c.ipynb", "a/notes.txt"):
        notebook(tmp_path / "course" / name, "1 + 1")
    done = genai("detect", "--json", str(tmp_path / "course"))
    names = [Path(line["path"]).relative_to(tmp_path / "course").as_posix() for line in done.lines]
    assert names == ["b.ipynb", "a/z.ipynb"]


def test_what_cannot_be_read_is_listed_with_the_reason(genai, tmp_path):
    (tmp_path / "broken.ipynb").write_text("{half", encoding="utf-8")
    (tmp_path / "gone.ipynb").symlink_to(tmp_path / "nowhere.ipynb")
    done = genai("detect", "--json", str(tmp_path))
    assert done.status == 0
    lines = {Path(line["path"]).name: line for line in done.lines}
    assert set(lines) == {"broken.ipynb", "gone.ipynb"}
    assert all(line["type"] == "CLASSIC" and line["note"] for line in lines.values())


@pytest.mark.parametrize("arguments", [(), ("no/such/file.ipynb",), ("--wrong",)])
def test_bad_usage_ends_with_two(genai, arguments):
    assert genai("detect", *arguments).status == 2


def test_people_get_a_table_with_the_reason(genai):
    done = genai("detect", str(EXAMPLES))
    assert done.status == 0
    assert "cell 3" in done.out
    assert "4 notebooks, 3 need an image service." in done.out


def test_words_from_a_notebook_cannot_command_the_terminal(genai, tmp_path):
    source = "from openai import OpenAI\nOpenAI().images.generate(prompt='\x1b[2J[red]x[/red]')"
    path = notebook(tmp_path / "course" / "bad.ipynb", source)
    done = genai("detect", str(path))
    assert "\x1b" not in done.out
    assert "[red]x" in done.out
    assert json.loads(genai("detect", "--json", str(path)).out)["services"] == ["openai"]
