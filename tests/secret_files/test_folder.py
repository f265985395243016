"""What a folder of secrets gives, and what it says of files that are not as they should be."""

from __future__ import annotations

import copy
import logging
import os
import pickle
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from coursia_genai_lab.errors import ConfigurationError
from coursia_genai_lab.secret_files.folder import ENV_FILE, MOST_BYTES, TOKENS_FILE, SecretsFolder
from coursia_genai_lab.secret_files.secret import Secret

VALUE = "sk-or-v1-do-not-show-me"
NAME = "OPENROUTER_API_KEY"


def later() -> int:
    """Tell a time at which every file of a test has come to rest."""
    return time.time_ns() + 10**11


def written(path: Path, data: str | bytes, mode: int = 0o600) -> Path:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    path.chmod(mode)
    return path


@pytest.fixture
def env(tmp_path: Path) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    return folder / ENV_FILE


@pytest.fixture
def folder(env: Path) -> SecretsFolder:
    return SecretsFolder(env.parent, now_ns=later)


def value(folder: SecretsFolder, name: str = NAME) -> str | None:
    found = folder.get(name)
    return None if found is None else found.reveal()


def codes(folder: SecretsFolder) -> list[str]:
    return [one.code for one in folder.problems()]


def test_no_folder_and_an_empty_folder_hold_nothing(folder: SecretsFolder, tmp_path: Path) -> None:
    for one in (SecretsFolder(""), folder, SecretsFolder(tmp_path / "nowhere")):
        assert one.get(NAME) is None
        assert one.entries() == []
        assert one.problems() == ()


def test_both_files_are_read_and_the_first_wins(folder: SecretsFolder, env: Path) -> None:
    written(env, f"# keys\n{NAME}={VALUE}\n")
    written(env.parent / TOKENS_FILE, f"{NAME}=other\nCOMFYUI_BEARER_TOKEN=$2b$12$abc/def.\n")
    assert value(folder) == VALUE
    assert value(folder, "COMFYUI_BEARER_TOKEN") == "$2b$12$abc/def."
    assert [(one.name, one.file.name) for one in folder.entries()] == [
        ("COMFYUI_BEARER_TOKEN", "comfyui_auth_tokens.conf"),
        (NAME, ENV_FILE),
    ]


def test_a_change_counts_at_the_next_use(folder: SecretsFolder, env: Path) -> None:
    written(env, f"{NAME}=aaaa\n")
    assert value(folder) == "aaaa"
    before = env.stat()
    # In place, of one size, with its old time put back: only the change time tells.
    env.write_text(f"{NAME}=bbbb\n")
    os.utime(env, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert value(folder) == "bbbb"
    env.unlink()
    assert value(folder) is None
    assert codes(folder) == ["secrets_gone"]
    written(env, f"{NAME}=cccc\n")
    assert value(folder) == "cccc"
    assert codes(folder) == []


def test_a_file_that_has_just_changed_is_read_again_though_it_looks_the_same(env: Path) -> None:
    # A coarse clock gives two writes within one tick the same time.
    written(env, f"{NAME}=aaaa\n")
    folder = SecretsFolder(env.parent, now_ns=lambda: env.stat().st_mtime_ns)
    assert value(folder) == "aaaa"
    env.write_text(f"{NAME}=bbbb\n")
    assert value(folder) == "bbbb"


def test_an_unchanged_file_is_not_read_again(folder: SecretsFolder, env: Path) -> None:
    written(env, f"{NAME}={VALUE}\n")
    first = folder.get(NAME)
    assert folder.get(NAME) is first
    env.touch()
    assert folder.get(NAME) is not first


BROKEN = {
    "half a name": (f"{NAME}=new\nHF_TO", "secrets_broken_line"),
    "a quote without an end": (f"{NAME}='new\n", "secrets_broken_line"),
    "json": ('{\n "raw_token": "new"\n}\n', "secrets_broken_line"),
    "a NUL byte": (f"{NAME}=new\0\n", "secrets_not_text"),
    "UTF-16": (f"{NAME}=new\n".encode("utf-16"), "secrets_not_text"),
    "no UTF-8": (f"{NAME}=".encode() + b"\xff\xfe\n", "secrets_not_text"),
    "a huge file": (f"{NAME}=new\n" + "#" * MOST_BYTES + "\n", "secrets_too_large"),
}


@pytest.mark.parametrize(("data", "code"), BROKEN.values(), ids=BROKEN)
def test_a_broken_file_leaves_the_last_good_values(
    folder: SecretsFolder,
    env: Path,
    data: str | bytes,
    code: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    written(env, f"{NAME}={VALUE}\n")
    assert value(folder) == VALUE
    written(env, data)
    with caplog.at_level(logging.DEBUG):
        for _ in range(3):
            assert value(folder) == VALUE
    assert codes(folder) == [code]
    assert len(caplog.records) == 1
    assert str(env) in caplog.text
    assert "new" not in caplog.text
    (problem,) = folder.problems()
    assert problem.remedy
    written(env, f"{NAME}=mended\n")
    assert value(folder) == "mended"
    assert codes(folder) == []


def test_a_broken_file_that_was_never_good_gives_nothing(folder: SecretsFolder, env: Path) -> None:
    written(env, f"{NAME}={VALUE}\nwhat is this\n")
    assert value(folder) is None
    assert codes(folder) == ["secrets_broken_line"]
    assert "Line 2" in folder.problems()[0].message


def test_a_file_whose_last_line_has_no_end_waits_until_it_rests(env: Path) -> None:
    written(env, f"{NAME}={VALUE}\n")
    age = 10**10
    folder = SecretsFolder(env.parent, now_ns=lambda: env.stat().st_mtime_ns + age)
    assert value(folder) == VALUE
    written(env, f"{NAME}=sk-or-v1-half")
    age = 0
    assert value(folder) == VALUE
    assert codes(folder) == ["secrets_being_written"]
    age = 10**10
    assert value(folder) == "sk-or-v1-half"
    assert codes(folder) == []


def test_an_emptied_file_is_being_written_at_first_and_then_empty(env: Path) -> None:
    written(env, f"{NAME}={VALUE}\n")
    age = 10**10
    folder = SecretsFolder(env.parent, now_ns=lambda: env.stat().st_mtime_ns + age)
    assert value(folder) == VALUE
    written(env, "")
    age = 0
    assert value(folder) == VALUE
    age = 10**10
    assert value(folder) is None


def readable(path: Path) -> None:
    path.chmod(0o644)


def linked(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path, 0o600)


def in_an_open_folder(path: Path) -> None:
    path.parent.chmod(0o777)


@pytest.mark.parametrize("expose", [readable, linked, a_pipe, in_an_open_folder])
@pytest.mark.parametrize("file", [ENV_FILE, TOKENS_FILE])
def test_what_others_can_reach_is_used_no_more(
    folder: SecretsFolder, env: Path, file: str, expose: Callable[[Path], None]
) -> None:
    path = written(env.parent / file, f"{NAME}={VALUE}\n")
    assert value(folder) == VALUE
    expose(path)
    if expose is in_an_open_folder:
        path.touch()
    with pytest.raises(ConfigurationError) as caught:
        folder.get(NAME)
    assert caught.value.error_code == "secrets_exposed"
    assert caught.value.remedy
    assert codes(folder) == ["secrets_exposed"]
    assert VALUE not in "".join(traceback.format_exception(caught.value))


def test_a_linked_folder_of_tokens_is_not_followed(folder: SecretsFolder, env: Path) -> None:
    written(env.parent / "real" / "comfyui_auth_tokens.conf", f"{NAME}={VALUE}\n")
    (env.parent / ".secrets").symlink_to("real")
    with pytest.raises(ConfigurationError, match="is a link"):
        folder.get(NAME)


@pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root gives files away")
def test_a_file_of_another_user_is_not_used(folder: SecretsFolder, env: Path) -> None:
    os.chown(written(env, f"{NAME}={VALUE}\n"), 65534, 65534)
    with pytest.raises(ConfigurationError, match="belongs to another user"):
        folder.get(NAME)


def test_an_exposed_file_does_not_hide_what_the_other_has(folder: SecretsFolder, env: Path) -> None:
    written(env, "OTHER=x\n", 0o644)
    written(env.parent / TOKENS_FILE, f"{NAME}={VALUE}\n")
    assert value(folder) == VALUE
    assert codes(folder) == ["secrets_exposed"]


def test_a_folder_among_the_notebooks_is_refused(env: Path) -> None:
    written(env, f"{NAME}={VALUE}\n")
    folder = SecretsFolder(env.parent, notebook_root=env.parent.parent)
    with pytest.raises(ConfigurationError, match="among the notebooks"):
        folder.get(NAME)
    assert codes(folder) == ["secrets_exposed"]
    link = env.parent.parent / "link"
    link.symlink_to(env.parent)
    with pytest.raises(ConfigurationError, match="among the notebooks"):
        SecretsFolder(link, notebook_root=env.parent).get(NAME)


def test_a_name_that_stands_twice_is_told_and_the_last_line_counts(
    folder: SecretsFolder, env: Path
) -> None:
    written(env, f"{NAME}=first\n\n{NAME}={VALUE}\n")
    assert value(folder) == VALUE
    assert codes(folder) == ["secret_twice"]
    assert "line 3" in folder.problems()[0].message


def test_a_value_that_nothing_could_carry_is_told_and_left_out(
    folder: SecretsFolder, env: Path
) -> None:
    written(env, f'{NAME}="two\nlines"\nGOOD={VALUE}\nLONG={"x" * 5000}\nEMPTY=\n')
    assert value(folder) is None
    assert value(folder, "GOOD") == VALUE
    assert codes(folder) == ["secret_unfit", "secret_unfit"]
    assert [one.name for one in folder.entries()] == ["GOOD"]


@pytest.mark.parametrize("data", [f"\ufeff{NAME}={VALUE}\n", f"{NAME}={VALUE}\r\nB=c\r\n"])
def test_what_windows_editors_add_changes_nothing(
    folder: SecretsFolder, env: Path, data: str
) -> None:
    written(env, data)
    assert value(folder) == VALUE
    assert codes(folder) == []


def test_no_way_of_showing_a_secret_shows_it(folder: SecretsFolder, env: Path) -> None:
    written(env, f"{NAME}={VALUE}\n")
    secret = folder.get(NAME)
    assert secret is not None
    shown = [repr(secret), str(secret), f"{secret}", f"{secret!r:>40}", repr([secret])]
    shown += [repr(folder), repr(vars(folder)), repr(folder.entries())]
    assert not [text for text in shown if VALUE in text]
    for take in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never pickled"):
            take(secret)
    assert not hasattr(Secret("x"), "__dict__")
