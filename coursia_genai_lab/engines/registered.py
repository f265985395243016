"""The operator's folder of registered workflows: read, written, removed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from ..catalog.load import belongs_to_others
from ..config import LabSettings
from ..errors import ConfigurationError, Conflict, GenAIError, NotFound
from ..wire.problems import Problem
from .registration_file import (
    NAME,
    SUFFIX,
    Registration,
    read_registration,
    text_of,
    wrong_file,
)

__all__ = ["Registration", "WorkflowFolder", "folder_of"]

MOST_FILES = 200


@dataclass(frozen=True)
class _Read:
    stamp: tuple[int, ...]
    registration: Registration | None = None
    problem: Problem | None = None


def folder_of(settings: LabSettings, data_folder: str | Path) -> Path:
    """Return where registered workflows lie.

    `workflows_path` where it is set; else `workflows` beside the folder of service files; else
    `coursia-genai/workflows` in Jupyter's data folder, given as `data_folder`.
    """
    if settings.workflows_path:
        return Path(settings.workflows_path)
    if settings.services_path:
        return Path(settings.services_path).expanduser().absolute().parent / "workflows"
    return Path(data_folder) / "coursia-genai" / "workflows"


@dataclass
class WorkflowFolder:
    """Read, write and remove registered workflows.

    A folder below `notebook_root` is not used, for a course could write there what everybody then
    runs; but for `data_folder`, which holds what Jupyter itself trusts. Each method reads the disk
    and is work for a thread; `known` does not.
    """

    path: Path
    notebook_root: Path | None = None
    data_folder: Path | None = None
    known: Mapping[str, Registration] = field(default_factory=dict)
    """What the last `refresh` found, by name."""
    problems: tuple[Problem, ...] = ()
    _read: dict[str, _Read] = field(default_factory=dict, repr=False)

    def refresh(self) -> Mapping[str, Registration]:
        """Read what has changed and return every workflow that is right, by name.

        One that is wrong is told in `problems` and breaks nothing else.
        """
        problems: list[Problem] = []
        try:
            paths = self._paths()
        except GenAIError as error:
            paths, problems = [], [Problem(**error.to_dict())]
        except OSError as error:
            unread = _folder(f"{self.path} cannot be read: {error.strerror or error}.")
            paths, problems = [], [Problem(**unread.to_dict())]
        read = {path.name: self._looked_at(path) for path in paths[:MOST_FILES]}
        if len(paths) > MOST_FILES:
            said = f"{self.path} holds {len(paths)} workflows; the first {MOST_FILES} were read."
            problems.append(Problem(**ConfigurationError(said, code="workflow_folder").to_dict()))
        problems += [one.problem for one in read.values() if one.problem is not None]
        found = [one.registration for one in read.values() if one.registration is not None]
        self._read, self.problems = read, tuple(problems)
        self.known = {one.name: one for one in found}
        return self.known

    def save(self, registration: Registration, *, replace: bool = False) -> Path:
        """Write a workflow, whole or not at all, and return its file.

        Raises:
            Conflict: one of that name is there, and `replace` is False.
            ConfigurationError: the folder or the disk refuses.
        """
        path = self.path / f"{registration.name}{SUFFIX}"
        try:
            self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._refuse_folder()
            self._write(path, text_of(registration), replace=replace)
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be written: {error.strerror or error}.",
                "Look at the disk and at GenAILab.workflows_path.",
                code="workflow_folder",
            ) from None
        return path

    def remove(self, name: str) -> Path:
        """Remove a workflow and return the file that it was.

        Raises:
            NotFound: there is none of that name.
        """
        path = self.path / f"{name}{SUFFIX}"
        if not NAME.fullmatch(name) or not path.is_file():
            raise NotFound(
                f"There is no registered workflow {name[:100]!r}.",
                "See `coursia-genai workflows list`.",
            )
        try:
            path.unlink()
        except OSError as error:
            raise ConfigurationError(
                f"{path} cannot be removed: {error.strerror or error}.", code="workflow_folder"
            ) from None
        return path

    def _write(self, path: Path, text: str, *, replace: bool) -> None:
        handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            Path(draft).chmod(0o644)
            if replace:
                Path(draft).replace(path)
                return
            try:
                # Of two at a time one gets the name; a look before would see none.
                os.link(draft, path)
            except FileExistsError:
                raise self._taken(path) from None
            except OSError:
                # Some file systems have no hard links.
                if path.exists():
                    raise self._taken(path) from None
                Path(draft).replace(path)
        finally:
            with suppress(FileNotFoundError):
                Path(draft).unlink()

    def _taken(self, path: Path) -> Conflict:
        return Conflict(
            f"A workflow {path.stem} is registered already.",
            "Give another --name, or take its place with --replace.",
        )

    def _paths(self) -> list[Path]:
        if not self.path.is_dir():
            return []
        self._refuse_folder()
        files = sorted(self.path.glob(f"*{SUFFIX}"))
        return [path for path in files if not path.name.startswith(".")]

    def _refuse_folder(self) -> None:
        """Raise ConfigurationError where somebody else could put a workflow there."""
        real = self.path.resolve()
        root = self.notebook_root.resolve() if self.notebook_root is not None else None
        trusted = self.data_folder.resolve() if self.data_folder is not None else None
        ours = trusted is not None and real.is_relative_to(trusted)
        if root is not None and real.is_relative_to(root) and not ours:
            raise _folder(
                f"The workflows folder {self.path} lies among the notebooks; it is not used.",
                "Set GenAILab.workflows_path to a folder outside the notebook root.",
            )
        if hasattr(os, "getuid") and belongs_to_others(self.path.stat()):
            raise _folder(
                f"The workflows folder {self.path} belongs to somebody else or can be written by "
                "others; it is not used.",
                f"Run: chown {os.getuid()} {self.path} && chmod go-w {self.path}",
            )

    def _looked_at(self, path: Path) -> _Read:
        stamp: tuple[int, ...] = (0,)
        try:
            info = path.stat()
            # A file that was given to its owner has another ctime and the old content.
            stamp = info.st_mtime_ns, info.st_ctime_ns, info.st_size
            known = self._read.get(path.name)
            if known is not None and known.stamp == stamp:
                return known
            return _Read(stamp, registration=read_registration(path))
        except OSError as error:
            wrong: GenAIError = wrong_file(path, f"cannot be read: {error.strerror or error}")
        except GenAIError as error:
            wrong = error
        return _Read(stamp, problem=Problem(**wrong.to_dict()))


def _folder(message: str, remedy: str | None = None) -> ConfigurationError:
    return ConfigurationError(message, remedy, code="workflow_folder")
