"""Read service files, built in and the operator's, and keep the good ones."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ..errors import SpecError
from ..wire.problems import Problem
from .spec import ServiceSpec

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

BUILT_IN_FOLDER = Path(__file__).parent / "services"


@dataclass(frozen=True)
class Catalog(Mapping[str, ServiceSpec]):
    """The services that can exist, by name, and what was wrong with the others."""

    specs: Mapping[str, ServiceSpec]
    problems: tuple[Problem, ...] = field(default=())

    def __getitem__(self, name: str) -> ServiceSpec:
        return self.specs[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.specs)

    def __len__(self) -> int:
        return len(self.specs)


def load_catalog(
    operator_folder: str | Path | None = None, *, notebook_root: Path | None = None
) -> Catalog:
    """Return the built-in services, with the operator's added or put in their place.

    A file that is wrong is reported as a problem and breaks nothing else. A folder below
    `notebook_root` is not read: a course could write there what the Lab runs.

    Raises:
        SpecError: a built-in file is wrong, which is a defect of the package.
    """
    specs = {spec.name: spec for spec in map(read_spec, _files(BUILT_IN_FOLDER))}
    problems: list[Problem] = []
    if operator_folder:
        folder = Path(operator_folder).expanduser()
        wrong = _refusal(folder, notebook_root)
        if wrong is not None:
            problems.append(wrong)
        else:
            for path in _files(folder):
                try:
                    _refuse_foreign_owner(path)
                    spec = read_spec(path)
                    specs[spec.name] = spec
                except SpecError as error:
                    problems.append(Problem(**error.to_dict()))
    return Catalog(specs, tuple(problems))


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
    return None


def read_spec(path: Path) -> ServiceSpec:
    """Return the spec of one TOML file, named after its stem.

    Raises:
        SpecError: naming the file, and the line or field that is wrong.
    """
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SpecError(f"{path.name} cannot be read: {error}.") from error
    table.setdefault("name", path.stem)
    try:
        return ServiceSpec.model_validate(table)
    except ValidationError as error:
        places = "; ".join(
            f"{'.'.join(str(part) for part in item['loc']) or 'the file'}: {item['msg']}"
            for item in error.errors()[:5]
        )
        raise SpecError(f"{path.name} is not a valid service file: {places}.") from None


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.glob("*.toml") if not path.name.startswith("."))


def _refuse_foreign_owner(path: Path) -> None:
    # Whoever can write a spec chooses what the Lab runs, so only the operator may.
    if not hasattr(os, "getuid"):
        return
    try:
        info = path.stat()
    except OSError as error:
        raise SpecError(f"{path.name} cannot be read: {error.strerror}.") from error
    if info.st_uid not in (os.getuid(), 0) or info.st_mode & (stat.S_IWOTH | stat.S_IWGRP):
        raise SpecError(
            f"{path.name} belongs to somebody else or can be written by others; it was not read.",
            f"Run: chown {os.getuid()} {path} && chmod go-w {path}",
        )
