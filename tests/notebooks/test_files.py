"""A notebook file is changed as a whole or not at all."""

from __future__ import annotations

import os
import stat
import struct
from pathlib import Path

import pytest

from coursia_genai_lab.errors import GenAIError
from coursia_genai_lab.notebooks.files import mark_file
from coursia_genai_lab.notebooks.word import Change

OFF = Change.of(off=True)
NOTEBOOK = b'{"cells": [], "metadata": {}, "nbformat": 4}'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "été & cours.ipynb"
    path.write_bytes(NOTEBOOK)
    return path


def refusal(path: Path) -> GenAIError:
    with pytest.raises(GenAIError) as caught:
        mark_file(path, OFF)
    assert caught.value.message.endswith(".")
    assert caught.value.remedy
    return caught.value


def test_the_file_says_it_and_keeps_its_mode(file):
    file.chmod(0o640)
    marked = mark_file(file, OFF)
    assert file.read_bytes() == marked.data
    assert b'"enabled": false' in marked.data
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in file.parent.iterdir()] == [file.name]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs a superuser")
def test_the_file_keeps_its_owner(file):
    os.chown(file, 12345, 23456)
    mark_file(file, OFF)
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 23456)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="this system has no such attributes")
def test_the_file_keeps_its_attributes_among_them_who_else_may_read_it(file):
    # An access list as the kernel writes it: version 2; owner, user 12345, group, mask, others.
    entries = [(1, 6, -1), (2, 4, 12345), (4, 0, -1), (16, 4, -1), (32, 0, -1)]
    access = struct.pack("<I", 2) + b"".join(struct.pack("<HHi", *entry) for entry in entries)
    kept = {"user.course": b"images", "system.posix_acl_access": access}
    for name, value in kept.items():
        try:
            os.setxattr(file, name, value)
        except OSError:
            pytest.skip("the file system keeps none")
    assert mark_file(file, Change.of(off=True)).changed
    assert {name: os.getxattr(file, name) for name in kept} == kept


def test_a_file_that_already_says_it_is_not_touched(file):
    mark_file(file, OFF)
    before = file.stat()
    assert not mark_file(file, OFF).changed
    after = file.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_the_longest_name_is_no_obstacle(tmp_path):
    path = tmp_path / ("图" * 82 + ".ipynb")
    path.write_bytes(NOTEBOOK)
    assert mark_file(path, OFF).changed
    assert b'"enabled": false' in path.read_bytes()


def test_a_dry_run_says_what_would_change_and_writes_nothing(file):
    marked = mark_file(file, OFF, dry_run=True)
    assert marked.changed
    assert marked.after == {"enabled": False}
    assert file.read_bytes() == NOTEBOOK


def test_a_link_is_not_followed(file, tmp_path):
    link = tmp_path / "link.ipynb"
    link.symlink_to(file)
    error = refusal(link)
    assert error.error_code == "is_a_link"
    assert str(file) in error.message
    assert file.read_bytes() == NOTEBOOK


def test_a_read_only_file_stays_as_it_is(file):
    file.chmod(0o444)
    assert refusal(file).error_code == "read_only"
    assert file.read_bytes() == NOTEBOOK


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda path: None])
def test_what_is_no_file_is_refused(tmp_path, make):
    path = tmp_path / "odd.ipynb"
    make(path)
    assert refusal(path).error_code == "unreadable"


def test_a_file_that_cannot_be_written_stays_as_it_is(file):
    resource = pytest.importorskip("resource")
    signal = pytest.importorskip("signal")
    old = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, old[1]))
    try:
        error = refusal(file)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old)
        signal.signal(signal.SIGXFSZ, handler)
    assert error.error_code == "not_written"
    assert file.read_bytes() == NOTEBOOK
    assert [path.name for path in file.parent.iterdir()] == [file.name]
