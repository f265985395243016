"""What one child keeps in the Lab's private folder: record, credential, output, lease."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from . import credentials
from .base import Secret
from .output_file import OutputFile
from .process_records import record_path

STEM = "process-"

T = TypeVar("T")


@dataclass(frozen=True)
class ProcessFiles:
    """The files of one start."""

    record: Path
    credential: Path
    output: OutputFile
    lease: Path
    """Holds the Unix time until which the child may outlive its Lab; mostly absent."""

    @classmethod
    def of(
        cls, state_folder: str, service: str, credential_name: str, log_limit_bytes: int
    ) -> ProcessFiles:
        """Return where the files of the service lie; touches nothing."""
        log = Path(state_folder) / "logs" / f"{service}.log"
        return cls(
            record_path(state_folder, service),
            credentials.credential_path(state_folder, credential_name),
            OutputFile(log, limit_bytes=log_limit_bytes),
            record_path(state_folder, service).with_suffix(".lease"),
        )

    def prepare(self, credential: Secret) -> None:
        """Make what the child needs before it is there."""
        self.lease.unlink(missing_ok=True)
        self.output.clear()
        credentials.write_credential(self.credential, credential)

    def leave_until(self, until: float) -> None:
        """Let the child outlive the Lab until a Unix time, in one step."""
        draft = self.lease.with_suffix(".draft")
        draft.write_text(f"{until:.0f}", encoding="ascii")
        draft.replace(self.lease)

    def remove(self) -> None:
        """Remove all of them; some or all may be gone already."""
        self.lease.unlink(missing_ok=True)
        self.record.unlink(missing_ok=True)
        credentials.remove_credential(self.credential)
        self.output.remove()


async def to_the_end(function: Callable[[], T]) -> T:
    """Call in a thread and, when cancelled, wait for its end before giving way."""
    call = asyncio.ensure_future(asyncio.to_thread(function))
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        await asyncio.wait([call])
        raise
