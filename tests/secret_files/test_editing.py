"""Secrets are set and removed in one step, and everything else in the file stays."""

from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coursia_genai_lab.errors import ConfigurationError, InvalidRequest, NotFound
from coursia_genai_lab.secret_files.editing import set_secret, unset_secret
from coursia_genai_lab.secret_files.lines import LONGEST_VALUE, read_lines, with_value, without
from coursia_genai_lab.secret_files.secret import Secret


def values(text: str) -> dict[str, str]:
    return {name: secret.reveal() for name, secret in read_lines(text).values.items()}


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_folder_and_file_are_made_private(tmp_path: Path) -> None:
    path = tmp_path / "a" / ".secrets" / "tokens.conf"
    set_secret(path, "KEY", Secret("$2b$12$x"))
    assert path.read_text() == "KEY='$2b$12$x'\n"
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert [one.name for one in path.parent.iterdir()] == ["tokens.conf"]


def test_comments_other_lines_and_the_place_stay(tmp_path: Path) -> None:
    path = tmp_path / "env"
    path.write_text("# ours\nAKEY=1\n\n# theirs\nexport KEY='old'  # note\nB=\"x y\"\n")
    path.chmod(0o600)
    set_secret(path, "KEY", Secret("new"))
    assert path.read_text() == '# ours\nAKEY=1\n\n# theirs\nKEY=new\nB="x y"\n'
    set_secret(path, "C", Secret("it's \\ # $HOME"))
    assert values(path.read_text()) == {
        "AKEY": "1",
        "KEY": "new",
        "B": "x y",
        "C": "it's \\ # $HOME",
    }
    unset_secret(path, "KEY")
    assert path.read_text().startswith('# ours\nAKEY=1\n\n# theirs\nB="x y"\n')
    with pytest.raises(NotFound):
        unset_secret(path, "KEY")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("\ufeffA=1\r\nKEY=old\r\n", "\ufeffA=1\r\nKEY=new\r\n"),
        ("A=1", "A=1\nKEY=new\n"),
        ("KEY=1\nA=1\nKEY=2", "A=1\nKEY=new\n"),
        ("\ufeff", "\ufeffKEY=new\n"),
        ("MY_KEY=1\nKEY=1\n", "MY_KEY=1\nKEY=new\n"),
        ("half a line\nKEY=1\n", "half a line\nKEY=new\n"),
    ],
)
def test_line_ends_marks_and_repeated_names(before: str, after: str) -> None:
    assert with_value(before, "KEY", Secret("new")) == after


@pytest.mark.parametrize("name", ["", "1A", "A B", "A=B", "É", "A\nB", "A" * 200])
def test_a_name_that_no_variable_can_have_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        with_value("", name, Secret("hidden-value"))
    assert "hidden-value" not in str(caught.value)


@pytest.mark.parametrize("value", ["", "two\nlines", "nul\0", "x" * (LONGEST_VALUE + 1), "\x1b[0m"])
def test_a_value_that_no_line_can_say_is_refused_without_being_shown(value: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        with_value("", "KEY", Secret(value))
    assert caught.value.error_code == "secret_value"


PRINTABLE = st.text(min_size=1, max_size=60).filter(str.isprintable)


@given(first=PRINTABLE, second=PRINTABLE)
def test_what_was_set_is_read_and_removing_it_leaves_the_rest(first: str, second: str) -> None:
    text = with_value("# a comment\n", "ONE", Secret(first))
    both = with_value(text, "TWO", Secret(second))
    assert values(both) == {"ONE": first, "TWO": second}
    assert without(both, "TWO") == text
    assert without(both, "ONE") == "# a comment\n" + both.splitlines(keepends=True)[-1]


def test_a_file_that_others_can_read_or_that_is_no_text_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "env"
    for data, permissions, code in (
        (b"KEY=old\n", 0o644, "secrets_exposed"),
        (b"KEY=old\0\n", 0o600, "secrets_not_text"),
        (b"#" * 70_000, 0o600, "secrets_too_large"),
    ):
        path.write_bytes(data)
        path.chmod(permissions)
        with pytest.raises(ConfigurationError) as caught:
            set_secret(path, "KEY", Secret("new"))
        assert caught.value.error_code == code
        assert path.read_bytes() == data


def test_a_folder_in_which_others_write_gets_no_secret(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.raises(ConfigurationError, match="others can write"):
        set_secret(folder / "env", "KEY", Secret("new"))
    assert list(folder.iterdir()) == []


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigurationError) as caught:
        set_secret(tmp_path / "file" / "env", "KEY", Secret("hidden-value"))
    assert caught.value.error_code == "secrets_unwritten"
    assert "hidden-value" not in str(caught.value)


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "env"
    left = tmp_path / "env.00aabbcc.new"
    left.write_text("KEY=old\n")
    set_secret(path, "KEY", Secret("new"))
    assert [one.name for one in tmp_path.iterdir()] == ["env"]


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "env"
    threads = [
        threading.Thread(target=set_secret, args=(path, f"KEY_{i}", Secret(str(i))))
        for i in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert values(path.read_text()) == {f"KEY_{i}": str(i) for i in range(12)}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux alone knows the mark")
def test_a_process_can_shut_its_memory_and_its_children_are_ordinary() -> None:
    look = "import ctypes; print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    program = (
        "import os, subprocess, sys\n"
        "from coursia_genai_lab.secret_files.own_memory import shut_own_memory\n"
        f"{look}\n"
        "print(shut_own_memory(), os.stat('/proc/self/environ').st_uid, flush=True)\n"
        f"{look}\n"
        "sys.stdout.flush()\n"
        f"subprocess.run([sys.executable, '-c', {look!r}], check=True, timeout=60)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout.split() == ["1", "True", "0", "0", "1"]
