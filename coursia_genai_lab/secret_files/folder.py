"""What the folder of secrets holds at this moment.

Nothing polls: each use looks whether the files are those that were read last. A file that others
could read, that is a link or that is gone gives nothing from then on; one that is broken or being
written leaves the last good values in force.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigurationError
from ..wire.problems import Problem
from . import problems
from .lines import read_lines
from .private_file import Exposed, Stamp, look, read_private
from .secret import Secret

ENV_FILE = ".env.genai-extension"
TOKENS_FILE = ".secrets/comfyui_auth_tokens.conf"
FILES = (ENV_FILE, TOKENS_FILE)
"""In this order: what the first says wins."""
MOST_BYTES = 65_536
_SETTLED_NS = 1_000_000_000
"""A file without an end of its last line that changed so recently is being written. And one that
changed so recently is read again: clocks of file systems are coarse, it may have changed since."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Entry:
    """One secret, without its value."""

    name: str
    file: Path
    changed: float
    """When its file was changed last, in seconds since 1970."""


class SecretsFile:
    """One file, and the last good values of it. Used under its folder's lock."""

    def __init__(self, path: Path, now_ns: Callable[[], int]) -> None:
        self.path = path
        self.values: dict[str, Secret] = {}
        self.names: frozenset[str] = frozenset()
        self.problems: tuple[Problem, ...] = ()
        self.changed = 0.0
        self._now_ns = now_ns
        self._stamp: Stamp | None = None
        self._was_there = False

    def refresh(self) -> None:
        """Read the file, unless it is the one that was read last."""
        stamp = look(self.path)
        if stamp is not None and stamp == self._stamp:
            return
        self._stamp = None
        try:
            read = read_private(self.path, MOST_BYTES)
        except Exposed as error:
            self._forget(error.problem)
            self._was_there = True
            return
        if read is None:
            self._forget(*([problems.gone(self.path)] if self._was_there else []))
            return
        self._was_there = True
        age = self._now_ns() - read.changed_ns
        fresh = 0 <= age < _SETTLED_NS
        unended = fresh and not read.data.endswith((b"\n", b"\r"))
        if not read.steady or unended:
            self._keep(problems.being_written(self.path))
            return
        if not fresh:
            self._stamp = read.stamp
        self._take(read.data, read.changed_ns / 1e9)

    def _take(self, data: bytes, changed: float) -> None:
        if len(data) > MOST_BYTES:
            self._keep(problems.too_large(self.path, MOST_BYTES))
            return
        text = _text(data)
        if text is None:
            self._keep(problems.not_text(self.path))
            return
        said = read_lines(text)
        if said.broken is not None:
            self._keep(problems.broken_line(self.path, said.broken))
            return
        self.values, self.names, self.changed = said.values, frozenset(said.lines), changed
        self._tell(
            *(problems.twice(self.path, name, said.lines[name]) for name in said.repeated),
            *(problems.unfit(self.path, name, said.lines[name]) for name in said.unfit),
        )

    def _keep(self, problem: Problem) -> None:
        self._tell(problem)

    def _forget(self, *found: Problem) -> None:
        self.values, self.names = {}, frozenset()
        self._tell(*found)

    def _tell(self, *found: Problem) -> None:
        for problem in found:
            if problem not in self.problems:
                log.warning("%s %s", problem.message, problem.remedy)
        self.problems = found


class SecretsFolder:
    """The secrets of a folder; an empty path holds none. Safe in threads; each call may block.

    A folder below `notebook_root` is refused: every kernel reads what lies there. `beside` are
    secrets from elsewhere, such as the server's environment; the files come first. `now_ns` is
    the clock of files, nanoseconds since 1970.
    """

    def __init__(
        self,
        folder: str | Path = "",
        *,
        notebook_root: Path | None = None,
        beside: Mapping[str, Secret] | None = None,
        now_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self.path = Path(folder).expanduser().absolute() if folder else None
        self._notebook_root = notebook_root
        self._beside = dict(beside or {})
        self._files = (
            [] if self.path is None else [SecretsFile(self.path / f, now_ns) for f in FILES]
        )
        self._lock = threading.Lock()

    def get(self, name: str) -> Secret | None:
        """Return the secret as the files have it now, else what stands beside them, else None.

        Raises:
            ConfigurationError: the files have none, and one of them was not read since others
                can read or replace it: what it would have said is not replaced by another's word.
        """
        if self.path is None:
            return self._beside.get(name)
        with self._lock:
            self._refresh()
            for file in self._files:
                if name in file.values:
                    return file.values[name]
            for problem in (one for file in self._files for one in file.problems):
                if problem.code == problems.EXPOSED:
                    raise problems.as_error(problem)
        return self._beside.get(name)

    def from_beside(self, name: str) -> bool:
        """Say whether `get` answers with what stands beside the files.

        Raises:
            ConfigurationError: the folder lies among the notebooks.
        """
        if self.path is None:
            return name in self._beside
        with self._lock:
            self._refresh()
            return name in self._beside and all(name not in file.values for file in self._files)

    def entries(self) -> list[Entry]:
        """Return what there is, by name, without any value.

        Raises:
            ConfigurationError: the folder lies among the notebooks.
        """
        with self._lock:
            self._refresh()
            found: dict[str, Entry] = {}
            for file in self._files:
                for name in file.values:
                    found.setdefault(name, Entry(name, file.path, file.changed))
        return [found[name] for name in sorted(found)]

    def names(self) -> list[str]:
        """Return the names that the files have.

        Raises:
            ConfigurationError: the folder lies among the notebooks.
        """
        return [entry.name for entry in self.entries()]

    @property
    def may_hold(self) -> bool:
        """Whether there is anything that could hold a secret."""
        return self.path is not None or bool(self._beside)

    def stands(self, name: str) -> list[Entry]:
        """Return every place of a name, with a value or not; the first one counts.

        Raises:
            ConfigurationError: the folder lies among the notebooks.
        """
        with self._lock:
            self._refresh()
            found = [file for file in self._files if name in file.names]
            return [Entry(name, file.path, file.changed) for file in found]

    def problems(self) -> tuple[Problem, ...]:
        """Return what is wrong with the files now."""
        with self._lock:
            try:
                self._refresh()
            except ConfigurationError as error:
                return (Problem(**error.to_dict()),)
            return tuple(one for file in self._files for one in file.problems)

    def _refresh(self) -> None:
        if self.path is not None and self._notebook_root is not None:
            refuse_among_notebooks(self.path, self._notebook_root)
        for file in self._files:
            file.refresh()

    def __repr__(self) -> str:
        return f"SecretsFolder({str(self.path or '')!r})"


def refuse_among_notebooks(folder: Path, notebook_root: Path) -> None:
    """Raise ConfigurationError for a folder of secrets that lies among the notebooks."""
    if folder.resolve().is_relative_to(notebook_root.resolve()):
        raise problems.as_error(
            problems.exposed(
                folder / ENV_FILE,
                "lies among the notebooks, where every kernel reads it",
                "Move it to a folder outside the notebook root and name that in "
                "GenAILab.secrets_path.",
            )
        )


def _text(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:  # it would show the bytes, so it goes no further
        return None
