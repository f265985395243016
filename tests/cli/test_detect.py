"""`coursia-genai detect`."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
OPENAI = "from openai import OpenAI\nOpenAI().images.generate(prompt='x')"


def notebook(path: Path, *sources: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    return path


def test_one_json_object_a_line_says_what_the_contract_names(genai_here):
    done = genai_here("detect", "--json", str(EXAMPLES / "03-openai-sdk.ipynb"))
    assert done.status == 0
    [line] = done.lines
    contract = ["path", "type", "needs_image_service", "services", "evidence", "note"]
    more = ["optional", "widened", "remote", "remote_services", "resources", "sections"]
    assert list(line) == [*contract, *more, "mode", "fallback", "unreadable"]
    assert line["needs_image_service"] is True
    assert line["services"] == ["openai"]
    assert set(line["evidence"][0]) == {"service", "cell", "line", "rule", "excerpt"}
    assert line["path"].endswith("03-openai-sdk.ipynb")


def test_a_folder_is_walked_in_order_and_hidden_folders_are_left_out(genai_here, tmp_path):
    for name in ("b.ipynb", "a/z.ipynb", ".ipynb_checkpoints/c.ipynb", "a/notes.txt"):
        notebook(tmp_path / "course" / name, "1 + 1")
    done = genai_here("detect", "--json", str(tmp_path / "course"))
    names = [Path(line["path"]).relative_to(tmp_path / "course").as_posix() for line in done.lines]
    assert names == ["b.ipynb", "a/z.ipynb"]


def test_what_cannot_be_read_is_listed_with_the_reason(genai_here, tmp_path):
    (tmp_path / "broken.ipynb").write_text("{half", encoding="utf-8")
    (tmp_path / "gone.ipynb").symlink_to(tmp_path / "nowhere.ipynb")
    done = genai_here("detect", "--json", str(tmp_path))
    assert done.status == 0
    lines = {Path(line["path"]).name: line for line in done.lines}
    assert set(lines) == {"broken.ipynb", "gone.ipynb"}
    assert all(line["type"] == "CLASSIC" and line["note"] for line in lines.values())


@pytest.mark.parametrize("arguments", [(), ("no/such/file.ipynb",), ("--wrong",)])
def test_bad_usage_ends_with_two(genai_here, arguments):
    assert genai_here("detect", *arguments).status == 2


def test_people_get_a_table_with_the_reason_and_the_totals(genai_here):
    done = genai_here("detect", str(EXAMPLES))
    assert done.status == 0
    assert "cell 4, line 1" in done.out
    assert "6 notebooks, 5 need an image service." in done.out
    assert "1 CLASSIC" in done.out
    assert "The most at one time: 1 GPU, 12 GiB GPU memory, 32 GiB memory" in done.out
    assert done.err == ""


def test_only_those_that_need_something_are_listed_where_that_is_asked(genai_here):
    done = genai_here("detect", "--needing", str(EXAMPLES))
    assert "04-classic" not in done.out
    assert "6 notebooks, 5 need an image service." in done.out
    assert len(genai_here("detect", "--needing", "--json", str(EXAMPLES)).lines) == 5


def test_what_cannot_be_read_is_counted(genai_here, tmp_path):
    notebook(tmp_path / "course" / "a.ipynb", "1 + 1")
    (tmp_path / "course" / "b.ipynb").write_text("{half", encoding="utf-8")
    assert "1 could not be read" in genai_here("detect", str(tmp_path / "course")).out


def test_environments_packages_and_loops_are_not_walked(genai_here, tmp_path):
    course = tmp_path / "course"
    for name in ("a.ipynb", "my-env/lib/b.ipynb", "node_modules/x/c.ipynb"):
        notebook(course / name, "1 + 1")
    (course / "my-env" / "pyvenv.cfg").touch()
    (course / "again").symlink_to(course)
    done = genai_here("detect", "--json", str(course), str(course / "a.ipynb"))
    assert [Path(line["path"]).name for line in done.lines] == ["a.ipynb"]


def test_a_name_that_is_no_text_is_listed_all_the_same(genai_here, tmp_path):
    file = notebook(tmp_path / "a.ipynb", "1 + 1")
    try:
        file.rename(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.ipynb"))
    except OSError:
        pytest.skip("this file system takes only names that are text")
    for options in ((), ("--json",), ("--explain",)):
        done = genai_here("detect", *options, str(tmp_path))
        assert done.status == 0, done.err
        assert "\ufffd.ipynb" in done.out


def test_ctrl_c_ends_a_long_walk_cleanly(tmp_path):
    one = notebook(tmp_path / "0.ipynb", OPENAI).read_bytes()
    for name in range(1, 1000):
        (tmp_path / f"{name}.ipynb").write_bytes(one)
    command = [sys.executable, "-m", "coursia_genai_lab", "detect", "--json", str(tmp_path)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err


def test_a_terminal_sees_the_progress_and_then_only_the_result(tmp_path):
    one = notebook(tmp_path / "0.ipynb", "1 + 1").read_bytes()
    for name in range(1, 60):
        (tmp_path / f"{name}.ipynb").write_bytes(one)
    ours, theirs = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "coursia_genai_lab", "detect", str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=theirs,
        timeout=60,
        check=True,
        env={**os.environ, "TERM": "xterm"},
    )
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    assert "Examining" in shown
    assert shown.rstrip("\r\n\x1b[?25h").endswith("\x1b[2K")
    assert "60 notebooks, 0 need an image service." in done.stdout.decode()


def test_words_from_a_notebook_cannot_command_the_terminal(genai_here, tmp_path):
    source = "from openai import OpenAI\nOpenAI().images.generate(prompt='\x1b[2J[red]x[/red]')"
    path = notebook(tmp_path / "course" / "bad.ipynb", source)
    done = genai_here("detect", str(path))
    assert "\x1b" not in done.out
    assert "[red]x" in done.out
    assert json.loads(genai_here("detect", "--json", str(path)).out)["services"] == ["openai"]


def test_many_notebooks_are_listed_in_order_whoever_examines_them(genai, tmp_path):
    many = tmp_path / "course"
    needing = notebook(many / "000.ipynb", OPENAI).read_bytes()
    classic = notebook(many / "001.ipynb", "1 + 1").read_bytes()
    for number in range(300):
        (many / f"{number:03}.ipynb").write_bytes(classic if number % 3 else needing)
    lines = genai("detect", "--json", str(many)).lines
    assert [Path(line["path"]).name for line in lines] == [f"{n:03}.ipynb" for n in range(300)]
    assert [line["needs_image_service"] for line in lines] == [n % 3 == 0 for n in range(300)]
