"""`coursia-genai detect --explain`."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest

COMFYUI = """import requests
BASE = "http://127.0.0.1:8188"


def queue(graph):
    return requests.post(f"{BASE}/prompt", json={"prompt": graph})


queue({"1": {"class_type": "KSampler", "inputs": {}}})"""
STUDY = """import pandas as pd
df = pd.read_csv("sales.csv")
df.describe()
df.plot()"""


@pytest.fixture
def write(tmp_path: Path):
    def of_cells(*cells: str, **metadata) -> str:
        made = [
            nbformat.v4.new_markdown_cell(cell[1:])
            if cell.startswith("#")
            else nbformat.v4.new_code_cell(cell)
            for cell in cells
        ]
        path = tmp_path / "nb.ipynb"
        nbformat.write(nbformat.v4.new_notebook(cells=made, metadata=metadata), path)
        return str(path)

    return of_cells


def test_the_deciding_line_is_marked_in_its_cell_with_the_rule_in_words(genai_here, write):
    done = genai_here("detect", "--explain", write("# Title", COMFYUI))
    assert done.status == 0
    lines = done.out.splitlines()
    assert "GENAI_ADVANCED · comfyui · 1 GPU, 12 GiB GPU memory, 32 GiB memory" in lines
    assert "Cell 2" in lines
    [at] = [i for i, line in enumerate(lines) if line.startswith("▶    6  ")]
    assert "requests.post" in lines[at]
    assert lines[at + 1].strip() == "└ comfyui: calls the route /prompt"
    assert any(line.startswith("·    9  queue(") for line in lines)
    assert "  comfyui starts with the kernel." in lines
    assert any("127.0.0.1:8188" in line and "fixed address" in line for line in lines)


def test_a_hybrid_shows_where_it_turns(genai_here, write):
    # Enough classic cells that they are no mere set-up of what follows.
    out = genai_here("detect", "--explain", write(*[STUDY] * 4, COMFYUI)).out
    classic = out.index("── Cells 1 to 4: classic ──")
    assert classic < out.index("── Cell 5: genai, comfyui ──")


def test_a_long_cell_shows_only_what_is_near(genai_here, write):
    cell = COMFYUI + "\n" + "\n".join(f"x{n} = {n}" for n in range(40))
    out = genai_here("detect", "--explain", write(cell)).out
    assert "x1 = 1" in out
    assert "x30" not in out
    assert "… 38 lines" in out


def test_a_credential_on_a_line_that_is_shown_is_masked(genai_here, write):
    cell = 'KEY = "sk-abcdefghijklmnop"\n' + COMFYUI.replace(
        "json=", 'headers={"Authorization": "Bearer abcdefghijklmnop"}, json='
    )
    done = genai_here("detect", "--explain", write(cell))
    assert "abcdefghijklmnop" not in done.out
    assert 'KEY = "sk-…' in done.out


def test_the_teachers_word_is_told_and_whether_it_widens(genai_here, write):
    word = {"services": ["comfyui", "forge-turbo"], "mode": "demo", "fallback": "never"}
    out = genai_here("detect", "--explain", write(COMFYUI, genai=word)).out
    assert "The teacher's word: services comfyui, forge-turbo; mode demo; fallback never." in out
    assert "It widens: the code does not show forge-turbo." in out
    assert "forge-turbo starts after a person has agreed once" in out
    off = genai_here("detect", "--explain", write(COMFYUI, genai={"enabled": False})).out
    assert "The teacher's word: none at all." in off
    assert "On opening: nothing changes" in off


def test_what_is_optional_or_hosted_says_why(genai_here, write):
    off = "USE_FORGE = False\nimport requests\nif USE_FORGE:\n    requests.post("
    off += '"http://localhost:17861/sdapi/v1/txt2img", json={})'
    hosted = COMFYUI.replace("http://127.0.0.1:8188", "https://comfyui.example.org")
    out = genai_here("detect", "--explain", write(hosted, off)).out
    assert "forge-turbo (optional)" in out
    assert "└ forge-turbo: optional: behind a switch that is off" in out
    assert "forge-turbo starts when a cell calls it." in out
    assert "└ comfyui: names a hosted server" in out
    assert "comfyui is a hosted server by the notebook's own word: nothing starts." in out


def test_a_classic_or_broken_notebook_is_explained_in_a_sentence(genai_here, write, tmp_path):
    out = genai_here("detect", "--explain", write(STUDY)).out
    assert "CLASSIC" in out
    assert "its kernel starts as it always did" in out
    broken = tmp_path / "broken.ipynb"
    broken.write_text("{half", encoding="utf-8")
    done = genai_here("detect", "--explain", str(broken))
    assert done.status == 0
    assert "not valid JSON" in done.out


def test_only_those_that_need_something_are_explained_where_that_is_asked(genai_here, write):
    assert genai_here("detect", "--explain", "--needing", write(STUDY)).out == ""
    assert "comfyui" in genai_here("detect", "--explain", "--needing", write(COMFYUI)).out


def test_json_gives_the_whole_profile(genai_here, write):
    profile = genai_here("detect", "--explain", "--json", write(COMFYUI)).json
    assert profile["sections"][0]["kind"] == "genai"
    assert {item["strong"] for item in profile["evidence"]} == {True, False}
    assert "literal_addresses" in profile


def test_a_narrow_terminal_cuts_lines_and_wraps_none(genai_here, write):
    long = COMFYUI + f"  # {'x' * 300}"
    out = genai_here("detect", "--explain", write(long)).out
    assert max(map(len, out.splitlines())) <= 200
    assert json.loads(genai_here("detect", "--json", write(long)).out)["services"] == ["comfyui"]
