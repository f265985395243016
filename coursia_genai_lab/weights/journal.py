"""What is known of an unfinished file: where its bytes come from and what it shall become."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from ..catalog.spec import ModelFileSpec
from .records import read_table, write_table
from .sources import Origin
from .transfer import Reply

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Journal:
    """Stands beside a part; a part without one is of nothing."""

    origin: str
    """The address that its bytes come from, as a hash: an address may hold a signature."""
    size_bytes: int | None
    sha256: str | None
    validator: str
    """The source's own mark of this version: a strong ETag, or a date."""
    boot: str
    """The run of the machine in which it was written; empty where the system does not say."""

    @classmethod
    def of(cls, origin: Origin, validator: str) -> Journal:
        """Return the journal of a part that comes from there."""
        return cls(origin.identity, origin.size_bytes, origin.sha256, validator, _boot())

    @classmethod
    def read(cls, path: Path) -> Journal | None:
        """Return the journal; None when there is none or it makes no sense."""
        table = read_table(path)
        if table is None:
            return None
        size, sha256 = table.get("size_bytes"), table.get("sha256")
        if not isinstance(size, int | None) or not isinstance(sha256, str | None):
            return None
        words = [str(table.get(name) or "") for name in ("origin", "validator", "boot")]
        return cls(words[0], size, sha256, words[1], words[2])

    def write(self, path: Path) -> None:
        """Put the journal in place in one step.

        Raises:
            OSError: the place cannot be written.
        """
        write_table(path, asdict(self))

    def can_go_on(self, file: ModelFileSpec) -> bool:
        """Say whether the part can still become the file of the catalogue.

        Where nobody published a hash, a part from before a restart of the machine is not
        believed: its end may have been lost with the power, and nothing would show it.
        """
        if file.sha256 not in (None, self.sha256) or file.size_bytes not in (None, self.size_bytes):
            return False
        return self.sha256 is not None or (bool(self.validator) and self.boot == _boot())

    def is_of(self, origin: Origin) -> bool:
        """Say whether the part's bytes are those of this origin."""
        if self.sha256 is not None and origin.sha256 is not None:
            return self.sha256 == origin.sha256
        if self.origin != origin.identity:
            return False
        return origin.size_bytes in (None, self.size_bytes)

    def is_version(self, reply: Reply) -> bool:
        """Say whether a piece that a source sends is of the version that the part is of."""
        if not reply.start:
            return True
        if self.size_bytes is not None and reply.total not in (None, self.size_bytes):
            return False
        marks = self.validator.startswith('"') and reply.validator.startswith('"')
        return not marks or self.validator == reply.validator


def _boot() -> str:
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return ""
