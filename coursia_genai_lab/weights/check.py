"""Read model files as a whole and compare their hashes with the published ones."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from ..catalog.spec import ModelFileSpec
from ..errors import ModelFilesError
from .inventory import find_file
from .part import BLOCK, told
from .records import read_record, record_of, write_record

Verdict = Literal["right", "wrong", "unknown", "absent"]
"""`unknown`: it was read, and nobody published a hash to compare it with."""


@dataclass(frozen=True)
class Checked:
    """What became of one file."""

    file: ModelFileSpec
    verdict: Verdict
    sha256: str = ""
    skipped: bool = False
    """Whether it was not read, for it has not changed since it last was."""


def check_file(
    file: ModelFileSpec,
    roots: Sequence[str | Path],
    report: Callable[[int], None],
    *,
    again: bool = False,
    stop: threading.Event | None = None,
) -> Checked:
    """Hash a file and remember the result. Blocks for long; `stop` ends it as `absent`.

    One that has not changed since is not read again unless `again`. `report` hears how many
    bytes have been read.

    Raises:
        ModelFilesError: the file cannot be read.
    """
    found = find_file(file, roots)
    place = found.place
    if place is None or found.state in ("missing", "partial"):
        return Checked(file, "absent")
    try:
        info = place.target.stat()
        before = read_record(place.record)
        wanted = file.sha256 or (before.published if before else "")
        if before and before.is_of(info) and before.sha256 and not again:
            report(info.st_size)
            return Checked(file, _verdict(before.sha256, wanted, found.state), before.sha256, True)
        if found.state == "wrong" and not (before and before.sha256 and before.is_of(info)):
            return Checked(file, "wrong")
        sha256 = hash_of(place.target, report, stop)
        if sha256 is None:
            return Checked(file, "absent")
        same = before is not None and before.is_of(info)
        record = before if before and same else record_of(place.folder, place.name, info)
        published = before.published if before else ""
        record = replace(record, sha256=sha256, published=published, at=time.time())
        # A root that cannot be written is read anew each time.
        with suppress(OSError):
            write_record(place.record, record)
        return Checked(file, _verdict(sha256, wanted, "present"), sha256)
    except OSError as error:
        raise told(error, place.root) from error


def hash_of(
    path: Path, report: Callable[[int], None], stop: threading.Event | None = None
) -> str | None:
    """Return the SHA-256 of a file; None when it was stopped.

    Raises:
        OSError: it cannot be read.
    """
    digest, done = hashlib.sha256(), 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if stop is not None and stop.is_set():
                return None
            digest.update(block)
            done += len(block)
            report(done)
    return digest.hexdigest()


def as_problem(checked: Checked) -> ModelFilesError | None:
    """Return what to say of a file that is not the published one; None: nothing."""
    if checked.verdict != "wrong":
        return None
    file = checked.file
    return ModelFilesError(
        f"{file.folder}/{file.name} is not the published file.",
        "Move it away, then fetch it.",
        code="model_hash_wrong" if checked.sha256 else "model_size_wrong",
    )


def _verdict(sha256: str, wanted: str, state: str) -> Verdict:
    if not wanted:
        return "unknown" if state == "present" else "wrong"
    return "right" if sha256 == wanted else "wrong"
