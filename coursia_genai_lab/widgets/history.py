"""Pictures of before, so that a form has them again after its kernel was restarted.

They lie in the person's own Jupyter data folder, and not beside the notebook: a folder of a course
is shared, handed in and put under version control, and what somebody tried there is nobody else's.
Each notebook has its own folder, named by a hash of the notebook's path.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import sys
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..client.images import EditRequest, sniff
from ..errors import GenAIError
from ..wire.images import GenerationRequest
from ..wire.provenance import Provenance
from .pictures import GeneratedImage, write_whole

MOST_PICTURES = 24
MOST_BYTES = 64 * 2**20
"""Of one notebook."""
MOST_BYTES_IN_ALL = 512 * 2**20
ORPHAN_SECONDS = 3600.0
"""After it a picture without a record is what a killed kernel left."""
VERSION = 1


class History:
    """The pictures of one notebook, each a file with a record beside it that is written last.

    Above 24 pictures or 64 MiB the oldest go; above 512 MiB in all, the notebooks that were not
    used for longest. Two kernels may use one folder.
    """

    def __init__(
        self, folder: Path, *, most_bytes: int = MOST_BYTES, in_all: int = MOST_BYTES_IN_ALL
    ) -> None:
        self.folder = folder
        self._most_bytes = most_bytes
        self._in_all = in_all

    def keep(self, picture: GeneratedImage) -> None:
        """Write a picture down; the oldest make room.

        Raises:
            OSError: the folder cannot be written.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        stem = f"{time.time_ns():020d}-{uuid.uuid4().hex[:8]}"
        write_whole(self.folder / f"{stem}.{picture.format}", picture.data, overwrite=True)
        record = json.dumps(_record(picture), ensure_ascii=False).encode()
        write_whole(self.folder / f"{stem}.json", record, overwrite=True)
        os.utime(self.folder)
        self._make_room()

    def load(self) -> list[GeneratedImage]:
        """Return the pictures, the newest first; what cannot be read is left out."""
        found = []
        for path in self._records():
            picture = _read(path)
            if picture is not None:
                found.append(picture)
        return found

    def forget(self) -> None:
        """Delete all pictures of this notebook.

        Raises:
            OSError: they cannot be deleted.
        """
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.folder)

    def _records(self) -> list[Path]:
        try:
            return sorted(self.folder.glob("*.json"), reverse=True)[:MOST_PICTURES]
        except OSError:
            return []

    def _make_room(self) -> None:
        kept = {path.stem for path in self._within(self._records())}
        recorded = {path.stem for path in self.folder.glob("*.json")}
        for path in [path for path in self.folder.iterdir() if path.stem not in kept]:
            with contextlib.suppress(OSError):
                if path.stem in recorded or time.time() - path.stat().st_mtime > ORPHAN_SECONDS:
                    path.unlink()
        _forget_notebooks(self.folder, self._in_all)

    def _within(self, records: list[Path]) -> list[Path]:
        left = self._most_bytes
        for number, path in enumerate(records):
            left -= sum(_size(file) for file in path.parent.glob(f"{path.stem}.*"))
            if left < 0 and number:
                return records[:number]
        return records


def find_history(environ: Mapping[str, str], folder: Path) -> History:
    """Return the history of the notebook that runs in `folder`, as far as `environ` names it.

    Jupyter servers and our own batch runs name the notebook; elsewhere all of one folder share
    their history.
    """
    name = environ.get("JPY_SESSION_NAME") or environ.get("COURSIA_NOTEBOOK_PATH") or ""
    path = folder / name if name else folder
    spelled = str(path.absolute()).encode(errors="surrogateescape")
    key = hashlib.sha256(spelled).hexdigest()[:32]
    return History(data_folder(environ) / "coursia-genai" / "history" / key)


def data_folder(environ: Mapping[str, str]) -> Path:
    """Return the person's Jupyter data folder, by Jupyter's own rule."""
    if environ.get("JUPYTER_DATA_DIR"):
        return Path(environ["JUPYTER_DATA_DIR"])
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Jupyter"
    if os.name == "nt":
        return Path(environ.get("APPDATA") or Path.home()) / "jupyter"
    return Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "jupyter"


def _record(picture: GeneratedImage) -> dict[str, Any]:
    # The pictures that an edit was made from are not kept, so its call cannot be repeated.
    again = None if isinstance(picture.asked, EditRequest) else picture.asked
    return {
        "version": VERSION,
        "format": picture.format,
        "prompt": picture.prompt,
        "model": picture.model,
        "seed": picture.seed,
        "demo": picture.demo,
        "warning": picture.warning,
        "provenance": picture.provenance and picture.provenance.model_dump(mode="json"),
        "asked": again and again.model_dump(mode="json", exclude_none=True),
    }


def _read(path: Path) -> GeneratedImage | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told["version"] != VERSION or told["format"] not in ("png", "jpeg", "webp"):
            return None
        data = path.with_suffix(f".{told['format']}").read_bytes()
        known, asked = told["provenance"], told["asked"]
        picture = GeneratedImage(
            data=data,
            format=sniff(data),
            prompt=str(told["prompt"]),
            model=None if told["model"] is None else str(told["model"]),
            seed=None if told["seed"] is None else int(told["seed"]),
            demo=bool(told["demo"]),
            warning=str(told["warning"]),
            provenance=known and Provenance.model_validate(known),
            asked=asked and GenerationRequest.model_validate(asked),
        )
        # Decoded now: a damaged file would break whoever shows it.
        return picture if picture.size else None
    except (OSError, ValueError, KeyError, TypeError, ValidationError, GenAIError):
        return None


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _forget_notebooks(current: Path, most_bytes: int) -> None:
    """Delete the folders of the notebooks that were not used for longest, never the current."""
    with contextlib.suppress(OSError):
        others = [path for path in current.parent.iterdir() if path.is_dir() and path != current]
        others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
        left = most_bytes - sum(_size(file) for file in current.iterdir())
        for folder in others:
            left -= sum(_size(file) for file in folder.iterdir())
            if left < 0:
                shutil.rmtree(folder, ignore_errors=True)
