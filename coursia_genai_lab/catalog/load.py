"""Read service files, built in, of installed packages and the operator's; keep the good ones."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import SpecError
from ..wire.problems import Problem
from .advice import clashes
from .packages import package_folders
from .read import read_spec
from .spec import ServiceSpec

__all__ = ["BUILT_IN_FOLDER", "Catalog", "load_catalog", "read_spec", "spec_files"]

BUILT_IN_FOLDER = Path(__file__).parent / "services"
MOST_FILES = 200
"""So many service files of one folder are read, in the order of their names."""


@dataclass(frozen=True)
class Catalog(Mapping[str, ServiceSpec]):
    """The services that can exist, by name, and what was wrong with the others."""

    specs: Mapping[str, ServiceSpec]
    problems: tuple[Problem, ...] = field(default=())
    sources: Mapping[str, str] = field(default_factory=dict)
    """Service -> the file that it was read from."""

    def __getitem__(self, name: str) -> ServiceSpec:
        return self.specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.specs)

    def __len__(self) -> int:
        return len(self.specs)


def load_catalog(
    operator_folder: str | Path | None = None,
    *,
    notebook_root: Path | None = None,
    packages: bool = True,
) -> Catalog:
    """Return the built-in services, then those of packages, then the operator's.

    Of two with one name the later stands in the place of the earlier. A file that is wrong is
    reported as a problem and breaks nothing else: where it would have replaced a service, that
    one stays. A folder below `notebook_root` is not read: a course could write there what the
    Lab runs. `packages` False leaves out what installed
    packages bring.

    Raises:
        SpecError: a built-in file is wrong, which is a defect of the package.
    """
    reading = _Reading()
    for path in spec_files(BUILT_IN_FOLDER):
        reading.keep(path, read_spec(path))
    for found in package_folders(notebook_root) if packages else ():
        if found.error is not None:
            reading.problems.append(Problem(**found.error.to_dict()))
        elif found.folder is not None:
            reading.read_all(found.folder, of=found.package)
    if operator_folder:
        folder = Path(operator_folder).expanduser()
        wrong = _refusal(folder, notebook_root)
        if wrong is not None:
            reading.problems.append(wrong)
        else:
            reading.read_all(folder, notebook_root=notebook_root)
    problems = (*reading.problems, *clashes(reading.specs.values()))
    return Catalog(reading.specs, problems, reading.sources)


def spec_files(folder: Path) -> list[Path]:
    """Return the service files of a folder, by name; hidden ones are left out."""
    return sorted(path for path in folder.glob("*.toml") if not path.name.startswith("."))


class _Reading:
    """What has been read so far."""

    def __init__(self) -> None:
        self.specs: dict[str, ServiceSpec] = {}
        self.sources: dict[str, str] = {}
        self.problems: list[Problem] = []

    def keep(self, path: Path, spec: ServiceSpec) -> None:
        self.specs[spec.name] = spec
        self.sources[spec.name] = str(path)

    def read_all(
        self, folder: Path, *, of: str | None = None, notebook_root: Path | None = None
    ) -> None:
        """Read a folder; `of` is the package that brings it, None the operator's own."""
        try:
            paths = spec_files(folder)
        except OSError as error:
            self._refuse(SpecError(f"{folder} cannot be read: {error.strerror or error}."), of)
            return
        if len(paths) > MOST_FILES:
            said = f"{folder} holds {len(paths)} service files; the first {MOST_FILES} were read."
            self._refuse(SpecError(said), of)
        for path in paths[:MOST_FILES]:
            try:
                if of is None:
                    _refuse_foreign_owner(path)
                    _refuse_link_to_notebooks(path, notebook_root)
                spec = read_spec(path)
                _refuse_context_of_others(path, spec, notebook_root)
                self.keep(path, spec)
            except SpecError as error:
                self._refuse(error, of)

    def _refuse(self, error: SpecError, of: str | None) -> None:
        problem = Problem(**error.to_dict())
        if of is not None:
            remedy = f"Tell whoever makes the package {of}, or remove it."
            problem = problem.model_copy(
                update={"message": f"{of}: {problem.message}", "remedy": remedy}
            )
        self.problems.append(problem)


def _refusal(folder: Path, notebook_root: Path | None) -> Problem | None:
    if not folder.is_dir():
        return Problem(
            code="services_path_missing",
            message=f"The services folder {folder} does not exist.",
            remedy="Create it, or correct GenAILab.services_path.",
        )
    if notebook_root is not None and folder.resolve().is_relative_to(notebook_root.resolve()):
        return Problem(
            code="services_path_in_root",
            message=f"The services folder {folder} lies among the notebooks; it was not read.",
            remedy="Move it to a folder that only you can write, outside the notebook root, and "
            "set GenAILab.services_path to that.",
        )
    info = folder.stat()
    if hasattr(os, "getuid") and belongs_to_others(info):
        # Others could put a link there to some file that happens to be the operator's.
        open_to_all = SpecError(
            f"The services folder {folder} belongs to somebody else or can be written by others; "
            "it was not read.",
            f"Run: chown {os.getuid()} {folder} && chmod go-w {folder}",
        )
        return Problem(**open_to_all.to_dict())
    return None


def _refuse_foreign_owner(path: Path) -> None:
    # Whoever can write a spec chooses what the Lab runs, so only the operator may.
    if not hasattr(os, "getuid"):
        return
    try:
        info = path.stat()
    except OSError as error:
        raise SpecError(f"{path.name} cannot be read: {error.strerror}.") from error
    if belongs_to_others(info):
        raise SpecError(
            f"{path.name} belongs to somebody else or can be written by others; it was not read.",
            f"Run: chown {os.getuid()} {path} && chmod go-w {path}",
        )


def _refuse_link_to_notebooks(path: Path, notebook_root: Path | None) -> None:
    if notebook_root is not None and path.resolve().is_relative_to(notebook_root.resolve()):
        raise SpecError(
            f"{path.name} leads to a file among the notebooks; it was not read.",
            "Put the file itself there: a course could change the other one.",
        )


def _refuse_context_of_others(path: Path, spec: ServiceSpec, notebook_root: Path | None) -> None:
    # What is built there runs here; a folder that is missing is told by the build itself.
    if spec.build is None or not spec.build.context.startswith("/"):
        return
    context = Path(spec.build.context)
    if notebook_root is not None and context.resolve().is_relative_to(notebook_root.resolve()):
        raise SpecError(
            f"{path.name} builds from {context}, which lies among the notebooks.",
            "Move it to a folder that only you can write, and correct [build].context.",
        )
    for place in (context, context / "Dockerfile"):
        try:
            info = place.stat()
        except OSError:
            continue
        if hasattr(os, "getuid") and belongs_to_others(info):
            raise SpecError(
                f"{path.name} builds from {place}, which belongs to somebody else or can be "
                "written by others.",
                f"Run: chown -R {os.getuid()} {context} && chmod -R go-w {context}",
            )


def belongs_to_others(info: os.stat_result) -> bool:
    """Say whether somebody other than this user and root can write there."""
    return info.st_uid not in (os.getuid(), 0) or bool(info.st_mode & (stat.S_IWOTH | stat.S_IWGRP))
