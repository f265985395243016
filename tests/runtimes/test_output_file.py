"""The output of a child, kept short."""

from __future__ import annotations

from pathlib import Path

from coursia_genai_lab.runtimes.output_file import OutputFile


def test_the_last_lines_are_told_oldest_first(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "logs" / "one.log")
    output.clear()
    output.path.write_text("one\ntwo\nthree\n")
    assert output.tail(2) == ["two", "three"]
    assert output.tail(9) == ["one", "two", "three"]
    assert output.tail(0) == []


def test_a_file_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "one.log")
    assert output.tail(5) == []
    output.trim()
    output.remove()
    assert not output.path.exists()


def test_only_the_end_is_kept_and_whole_lines_of_it(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "one.log", limit_bytes=100)
    output.path.write_text("".join(f"line {number:03}\n" for number in range(50)))
    with output.path.open("a") as writer:
        output.trim()
        writer.write("and on\n")
    assert output.path.stat().st_size < 100
    lines = output.tail(100)
    assert lines[-2:] == ["line 049", "and on"]
    assert all(len(line) == len("line 000") for line in lines[:-1])


def test_a_short_file_is_left_alone(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "one.log", limit_bytes=100)
    output.path.write_text("short\n")
    output.trim()
    assert output.path.read_text() == "short\n"


def test_output_that_is_no_text_is_told_nevertheless(tmp_path: Path) -> None:
    output = OutputFile(tmp_path / "one.log")
    output.path.write_bytes(b"\xff\xfe broken\n")
    assert output.tail(1)[0].endswith("broken")
