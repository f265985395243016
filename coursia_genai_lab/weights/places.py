"""Where a model file lies in a model root, and what the Lab keeps beside it."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..catalog.spec import ModelFileSpec

HIDDEN = ".coursia-genai"
"""The folder inside a model root that holds unfinished files, locks and records. It is in the
root so that putting a file in place is one rename within one file system."""
_PARTS, _LOCKS, _RECORDS, _LICENCES = "parts", "locks", "records", "licences"


@dataclass(frozen=True)
class Place:
    """One file of a model in one model root."""

    root: Path
    folder: str
    name: str

    @property
    def key(self) -> str:
        """A file name that stands for folder and name, the same for every service."""
        digest = hashlib.sha256(f"{self.folder}/{self.name}".encode()).hexdigest()[:16]
        return f"{digest}-{self.name[:150]}"

    @property
    def target(self) -> Path:
        """The file itself."""
        return self.root / self.folder / self.name

    @property
    def part(self) -> Path:
        """The bytes that a fetch has brought so far."""
        return self.root / HIDDEN / _PARTS / f"{self.key}.part"

    @property
    def coming(self) -> Path:
        """The copy that is made beside the file where a rename does not reach its disk."""
        return self.target.with_name(f".{self.part.name}.coming")

    @property
    def journal(self) -> Path:
        """What is known of the part: where it comes from and what it shall become."""
        return self.root / HIDDEN / _PARTS / f"{self.key}.json"

    @property
    def lock(self) -> Path:
        """The file whose lock the one writer holds; it stays, for its name is what all lock."""
        return self.root / HIDDEN / _LOCKS / f"{self.key}.lock"

    @property
    def record(self) -> Path:
        """What was found out about the file: its hash, and whether a fetch of ours put it there."""
        return self.root / HIDDEN / _RECORDS / f"{self.key}.json"


def parts_folder(root: Path) -> Path:
    """Return where the unfinished files of a root lie."""
    return root / HIDDEN / _PARTS


def records_folder(root: Path) -> Path:
    """Return where the records of a root lie."""
    return root / HIDDEN / _RECORDS


def licences_folder(root: Path) -> Path:
    """Return where it is kept who accepted which licence."""
    return root / HIDDEN / _LICENCES


def place_of(file: ModelFileSpec, roots: Sequence[str | Path]) -> Place | None:
    """Return where the file lies or would lie; None: there is no model root.

    It is the first root that has the file's folder, for that one is mounted into containers; where
    none has it, the first that we can write, else the first.
    """
    paths = [Path(root) for root in roots]
    if not paths:
        return None
    having = (path for path in paths if (path / file.folder).is_dir())
    writable = (path for path in paths if path.is_dir() and os.access(path, os.W_OK | os.X_OK))
    root = next(having, None) or next(writable, paths[0])
    return Place(root, file.folder, file.name)
