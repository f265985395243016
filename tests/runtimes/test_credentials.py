"""The credential of one start: its file and its header."""

from __future__ import annotations

import os
import pickle
import time
from pathlib import Path

import pytest

from coursia_genai_lab.catalog.spec import CredentialSpec
from coursia_genai_lab.errors import ConfigurationError
from coursia_genai_lab.runtimes import credentials
from coursia_genai_lab.runtimes.base import Secret

SECRET = Secret("a-secret")


def test_a_credential_is_kept_from_everybody_else(tmp_path: Path) -> None:
    path = credentials.credential_path(tmp_path / "state", "process-demo.1")
    credentials.write_credential(path, SECRET)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    found = credentials.read_credential(path)
    assert found is not None
    assert found.reveal() == "a-secret"


def test_a_folder_open_to_others_is_closed_before_use(tmp_path: Path) -> None:
    folder = tmp_path / credentials.FOLDER
    folder.mkdir(mode=0o755)
    credentials.write_credential(folder / "one", SECRET)
    assert folder.stat().st_mode & 0o777 == 0o700


def test_a_link_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / credentials.FOLDER).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigurationError):
        credentials.write_credential(tmp_path / credentials.FOLDER / "one", SECRET)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_an_existing_file_is_never_written_over(tmp_path: Path) -> None:
    path = credentials.credential_path(tmp_path, "one")
    credentials.write_credential(path, SECRET)
    with pytest.raises(FileExistsError):
        credentials.write_credential(path, Secret("another"))


def test_a_link_a_folder_and_nothing_hold_no_credential(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("a-secret")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "folder", "empty", "pipe", "nothing"):
        assert credentials.read_credential(tmp_path / name) is None


@pytest.mark.parametrize("name", ["", "../other", "a/b", ".hidden", ".."])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigurationError):
        credentials.credential_path(tmp_path, name)


def test_old_files_that_nothing_refers_to_are_swept(tmp_path: Path) -> None:
    an_hour_ago = time.time() - 3600
    for name in ("process-kept", "process-old", "process-new", "docker-old"):
        path = credentials.credential_path(tmp_path, name)
        credentials.write_credential(path, SECRET)
        if name != "process-new":
            os.utime(path, (an_hour_ago, an_hour_ago))
    credentials.sweep_credentials(tmp_path, "process-", {"process-kept"})
    left = {path.name for path in (tmp_path / credentials.FOLDER).iterdir()}
    assert left == {"process-kept", "process-new", "docker-old"}


def test_sweeping_a_folder_that_is_not_there_does_nothing(tmp_path: Path) -> None:
    credentials.sweep_credentials(tmp_path / "nowhere", "process-", set())
    assert not (tmp_path / "nowhere").exists()


def test_the_header_follows_the_scheme() -> None:
    def header(scheme: str, secret: Secret = SECRET) -> dict[str, str]:
        spec = CredentialSpec.model_validate({"scheme": scheme})
        return credentials.credential_headers(spec, secret)

    assert header("bearer") == {"Authorization": "Bearer a-secret"}
    assert header("basic") == {"Authorization": "Basic Z2VuYWk6YS1zZWNyZXQ="}
    assert header("none") == {}
    assert header("bearer", Secret("")) == {}


def test_a_secret_shows_itself_only_when_asked() -> None:
    assert "a-secret" not in f"{SECRET} {SECRET!r} {[SECRET]}"
    with pytest.raises(TypeError):
        pickle.dumps(SECRET)


def test_output_is_told_without_the_credential() -> None:
    lines = ["Bearer a-secret", "fine"]
    assert credentials.redact(lines, SECRET) == ["Bearer …", "fine"]
    assert credentials.redact(lines, Secret("")) == lines
