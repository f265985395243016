"""What of a folder is sent to the engine that builds from it."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.runtimes.build_context import build_context


def packed(folder: Path) -> dict[str, bytes]:
    """Return the files of the archive."""
    table = {
        "name": "made",
        "title": "Made",
        "dialect": "comfyui",
        "container": {"image": "cgl-test/built:1", "port": 8000},
        "build": {"context": str(folder)},
    }
    archive, _ = build_context(ServiceSpec.model_validate(table)).pack()
    with archive, tarfile.open(fileobj=archive) as tar:
        found = {}
        for member in tar.getmembers():
            inner = tar.extractfile(member) if member.isreg() else None
            if inner is not None:
                found[member.name] = inner.read()
        return found


def test_a_file_with_two_names_is_sent_under_both(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "one").write_text("the same")
    os.link(tmp_path / "one", tmp_path / "two")
    assert packed(tmp_path)["one"] == packed(tmp_path)["two"] == b"the same"


def test_what_the_operator_leaves_out_is_not_sent(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\nCOPY . /app\n")
    (tmp_path / ".dockerignore").write_text("# secrets\n.env\n\nlarge/*\n!large/small\n")
    (tmp_path / ".env").write_text("HF_TOKEN=secret")
    (tmp_path / "kept").write_text("kept")
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "small").write_text("small")
    (tmp_path / "large" / "huge").write_text("huge")
    assert set(packed(tmp_path)) == {"Dockerfile", ".dockerignore", "kept", "large/small"}


def test_what_is_no_file_is_neither_read_nor_sent(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("FROM scratch\n")
    os.mkfifo(tmp_path / "pipe")
    assert set(packed(tmp_path)) == {"Dockerfile"}
