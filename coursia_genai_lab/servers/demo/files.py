"""The engine's own files: a private folder, bounded, gone at the end."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path

KINDS = ("input", "output", "temp")
MAX_FILES = 500
MAX_BYTES = 512 * 2**20


class OutsideError(ValueError):
    """The name would leave the folder."""


class Vault:
    """Holds uploads and results; of each kind the oldest go when there are too many.

    `max_files` and `max_bytes` bound each of the three kinds.
    """

    def __init__(self, max_files: int = MAX_FILES, max_bytes: int = MAX_BYTES) -> None:
        self._max_files, self._max_bytes = max_files, max_bytes
        self.root = Path(tempfile.mkdtemp(prefix="genai-demo-"))
        self._order: dict[str, dict[Path, int]] = {kind: {} for kind in KINDS}
        for kind in KINDS:
            (self.root / kind).mkdir()

    def path(self, kind: str, subfolder: str, name: str) -> Path:
        """Return where the file lies or would lie.

        Raises OutsideError for a name that leaves its place, KeyError for an unknown kind.
        """
        if kind not in KINDS:
            raise KeyError(kind)
        if "\x00" in subfolder + name or len(subfolder) + len(name) > 240:
            raise OutsideError(name)
        base = self.root / kind
        # "\" separates folders elsewhere and must not hide a step upwards.
        path = (base / subfolder.replace("\\", "/") / name.replace("\\", "/")).resolve()
        if path == base or not path.is_relative_to(base):
            raise OutsideError(name)
        return path

    def store(self, kind: str, path: Path, data: bytes) -> None:
        """Write `data` to `path` and let the oldest files of the kind go."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        order = self._order[kind]
        order.pop(path, None)
        order[path] = len(data)
        while len(order) > 1 and (
            len(order) > self._max_files or sum(order.values()) > self._max_bytes
        ):
            oldest = next(iter(order))
            del order[oldest]
            oldest.unlink(missing_ok=True)

    def upload(self, subfolder: str, name: str, data: bytes, overwrite: bool) -> str:
        """Keep an upload and return its name.

        The same bytes keep the name they came under; other bytes under a taken name get a number.
        """
        path = self.path("input", subfolder, name)
        stem, suffix, number = path.stem, path.suffix, 1
        while not overwrite and path.exists() and path.read_bytes() != data:
            path = path.with_name(f"{stem} ({number}){suffix}")
            number += 1
        self.store("input", path, data)
        return path.name

    def inputs(self) -> list[str]:
        """Return the names of the uploads, as LoadImage takes them."""
        base = self.root / "input"
        return sorted(path.relative_to(base).as_posix() for path in tuple(self._order["input"]))

    def input_digest(self, name: str) -> str:
        """Return a digest of an upload's bytes; empty when there is no such upload."""
        try:
            return hashlib.blake2b(self.path("input", "", name).read_bytes()).hexdigest()
        except (OSError, OutsideError):
            return ""

    def next_name(self, kind: str, prefix: str, taken: int = 0) -> tuple[str, str]:
        """Return subfolder and `name_00001_.png` for the next picture saved under `prefix`.

        Raises OutsideError for a prefix that leaves the folder.
        """
        place = self.path(kind, "", prefix.strip("/") or "ComfyUI")
        numbers = [taken]
        for path in tuple(self._order[kind]):
            head, _, tail = path.stem.rstrip("_").rpartition("_")
            if path.parent == place.parent and head == place.name and tail.isdigit():
                numbers.append(int(tail))
        folder = place.parent.relative_to(self.root / kind).as_posix()
        return ("" if folder == "." else folder), f"{place.name}_{max(numbers) + 1:05d}_.png"

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self.root, ignore_errors=True)
