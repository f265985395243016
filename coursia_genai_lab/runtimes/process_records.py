"""What must be known of a child process after the Lab itself was killed: one small file each."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import MISSING, asdict, dataclass, fields
from pathlib import Path

from .child import Identity
from .credentials import private_folder

FOLDER = "processes"
_KINDS: dict[str, type] = {
    "pid": int,
    "parent": int,
    "port": int,
    "started_at": float,
    "gpu_mib": int,
    "gpu_exclusive": bool,
}


@dataclass(frozen=True)
class ProcessRecord:
    """One child: who it is, where it answers, whose it is. Holds no secret."""

    service: str
    owner: str
    namespace: str
    pid: int
    start_time: str
    parent: int
    port: int
    credential: str
    """Name of its credential file."""
    fingerprint: str
    started_at: float
    gpus: str = ""
    """Ids of the GPUs that it was given, comma between them; a record of old names none."""
    gpu_mib: int = 0
    gpu_exclusive: bool = False

    @property
    def identity(self) -> Identity:
        """The process that was started."""
        return Identity(self.pid, self.start_time, self.parent)


def record_path(state_folder: str | Path, service: str) -> Path:
    """Return where the record of a service lies."""
    return Path(state_folder) / FOLDER / f"{service}.json"


def write_record(state_folder: str | Path, record: ProcessRecord) -> None:
    """Put the record in place in one step, so that nobody ever reads half of one."""
    path = record_path(state_folder, record.service)
    private_folder(path.parent)
    draft = path.with_suffix(f".{os.getpid()}.draft")
    try:
        draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def read_record(path: Path) -> ProcessRecord | None:
    """Return the record; None when it is gone or makes no sense."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        values = {
            field.name: table[field.name]
            if field.default is MISSING
            else table.get(field.name, field.default)
            for field in fields(ProcessRecord)
        }
        if all(isinstance(value, _KINDS.get(name, str)) for name, value in values.items()):
            return ProcessRecord(**values)
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return None


def records(state_folder: str | Path) -> Iterator[tuple[Path, ProcessRecord | None]]:
    """Go through all records; None stands for a file that makes no sense."""
    folder = Path(state_folder) / FOLDER
    if folder.is_dir():
        for path in sorted(folder.glob("*.json")):
            yield path, read_record(path)
