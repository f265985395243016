"""Workflows that the operator registered: one file each, in a folder of the operator's own.

A file holds the graph and the description that was found for it, so that it can be read, copied and
removed as a whole.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..catalog.load import belongs_to_others
from ..config import LabSettings
from ..errors import ConfigurationError, Conflict, GenAIError, InvalidRequest, NotFound
from ..wire.problems import Problem
from .exported import MOST_BYTES, read_exported
from .workflow_files import Description, Workflow, names

FORMAT = "coursia-genai workflow 1"
SUFFIX = ".json"
MOST_FILES = 200
MOST_NAME = 64
LONGEST_TITLE = 100
NAME = re.compile(rf"[a-z0-9][a-z0-9._-]{{0,{MOST_NAME - 1}}}")
RESERVED = frozenset({"auto", "demo", "none", "default"})
_FILE_BYTES = 2 * MOST_BYTES


@dataclass(frozen=True)
class Registration:
    """A workflow under its name, and the service that runs it."""

    workflow: Workflow
    service: str

    @property
    def name(self) -> str:
        """The name by which callers ask for it."""
        return self.workflow.name

    @property
    def title(self) -> str:
        """Its title for people."""
        return self.workflow.about.title


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
        workflow = registration.workflow
        table = {
            "format": FORMAT,
            "service": registration.service,
            "fetched_as": workflow.fetched_as or {},
            "about": workflow.about.model_dump(mode="json", exclude_defaults=True),
            "graph": workflow.graph,
        }
        try:
            self.path.mkdir(mode=0o755, parents=True, exist_ok=True)
            self._refuse_folder()
            text = json.dumps(table, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
            self._write(path, text, replace=replace)
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
            wrong: GenAIError = _wrong(path, f"cannot be read: {error.strerror or error}")
        except GenAIError as error:
            wrong = error
        return _Read(stamp, problem=Problem(**wrong.to_dict()))


def read_registration(path: Path) -> Registration:
    """Return the workflow of one file of the folder.

    Raises:
        ConfigurationError: it is no such file, or others could have written it; code
            `workflow_file`.
    """
    name = path.name.removesuffix(SUFFIX)
    refuse_name(name)
    data = _bytes_of(path)
    try:
        table = json.loads(data)
    except (ValueError, RecursionError):
        raise _wrong(path, "is no JSON") from None
    if not isinstance(table, dict) or table.get("format") != FORMAT:
        raise _wrong(path, "is no registered workflow")
    try:
        graph = read_exported(json.dumps(table.get("graph")).encode())
        about = Description.model_validate(table.get("about"))
        places = [place for one in about.parameters.values() for place in one.at]
        for node in (*about.outputs, *(place.partition(".")[0] for place in places)):
            if node not in graph:
                raise _wrong(path, f"describes node {node[:50]}, which is not in its graph")
        return Registration(
            Workflow(name=name, graph=graph, about=about, fetched_as=_texts(table, "fetched_as")),
            str(table.get("service", "")),
        )
    except InvalidRequest as error:
        raise _wrong(path, f"is wrong: {error.message.rstrip('.')}") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise _wrong(path, f"is wrong at about.{where}: {first['msg']}") from None


def refuse_name(name: str, taken: Iterable[str] = ()) -> None:
    """Return where a workflow may have this name.

    Raises:
        InvalidRequest: it is no name, or that of a model that there is already.
    """
    if not NAME.fullmatch(name):
        raise InvalidRequest(
            f"{name[:100]!r} is no name for a workflow.",
            f"Use at most {MOST_NAME} small letters, digits, '.', '_' and '-', beginning with a "
            "letter or digit; give it with --name.",
            code="workflow_name",
        )
    if name in RESERVED or name in names() or name in taken:
        raise InvalidRequest(
            f"{name} is the name of a model that there is already.",
            "Give another with --name.",
            code="workflow_name",
        )


def _bytes_of(path: Path) -> bytes:
    # Not blocking: a named pipe would keep the reader for ever.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    with os.fdopen(os.open(path, flags), "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode):
            raise _wrong(path, "is no plain file")
        if hasattr(os, "getuid") and belongs_to_others(info):
            raise _wrong(
                path,
                "belongs to somebody else or can be written by others; it is not used",
                f"Run: chown {os.getuid()} {path} && chmod go-w {path}",
            )
        data = file.read(_FILE_BYTES + 1)
    if len(data) > _FILE_BYTES:
        raise _wrong(path, f"has more than {_FILE_BYTES // 1024} KiB")
    return data


def _texts(table: Mapping[str, Any], name: str) -> dict[str, str]:
    found = table.get(name)
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def _wrong(path: Path, what: str, remedy: str | None = None) -> ConfigurationError:
    return ConfigurationError(
        f"{path.name} {what}.",
        remedy or f"Register it again, or remove it: {path}",
        code="workflow_file",
    )


def _folder(message: str, remedy: str | None = None) -> ConfigurationError:
    return ConfigurationError(message, remedy, code="workflow_folder")
