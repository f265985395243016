"""Service files that installed packages bring, by the entry point `coursia_genai_lab.services`.

An entry point names a folder of a package, `lab_services` or `lab_services.files`; every `*.toml`
in it is a service. Nothing of the package is imported: its folder is looked up and read.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import site
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import SpecError

GROUP = "coursia_genai_lab.services"


@dataclass(frozen=True)
class PackageFolder:
    """Where a package keeps its service files, or why they cannot be had."""

    package: str
    """Name of the distribution."""
    folder: Path | None = None
    error: SpecError | None = None


def package_folders(notebook_root: Path | None = None) -> Iterator[PackageFolder]:
    """Yield the folders of all installed packages that bring services, by package name.

    A package that lies among the notebooks, where a course could put one, counts only inside a
    Python environment; None takes the present folder for theirs. Costs about 10 ms: it looks at
    every installed distribution's metadata.
    """
    try:
        points = importlib.metadata.entry_points(group=GROUP)
    except Exception as error:  # noqa: BLE001 -- whatever one broken distribution makes it raise
        yield PackageFolder("installed packages", error=_bad("installed packages", str(error)))
        return
    for point in sorted(points, key=lambda one: (_owner(one), one.value)):
        package = _owner(point)
        try:
            folder = _folder(point.value)
        except SpecError as error:
            yield PackageFolder(package, error=_bad(package, error.message))
        except Exception as error:  # noqa: BLE001 -- import hooks of others run here
            yield PackageFolder(package, error=_bad(package, f"{type(error).__name__}: {error}"))
        else:
            if _is_among(folder, notebook_root):
                where = f"it lies among the notebooks, in {folder}"
                yield PackageFolder(package, error=_bad(package, where))
            else:
                yield PackageFolder(package, folder)


def _owner(point: importlib.metadata.EntryPoint) -> str:
    return point.dist.name if point.dist is not None else point.name


def _folder(value: str) -> Path:
    top, *rest = value.partition(":")[0].strip().split(".")
    # Of the top-level package alone, for to find one inside it Python would import it.
    found = importlib.util.find_spec(top) if top.isidentifier() else None
    places = list(found.submodule_search_locations or ()) if found is not None else []
    if not places or not all(part.isidentifier() for part in rest):
        raise SpecError(f"{value!r} names no folder of a package")
    for place in places:
        folder = Path(place, *rest)
        if folder.is_dir():
            return folder.resolve()
    raise SpecError(f"{value!r} names no folder of a package")


def _is_among(folder: Path, notebook_root: Path | None) -> bool:
    if not folder.is_relative_to((notebook_root or Path.cwd()).resolve()):
        return False
    return not any(folder.is_relative_to(place) for place in _environment_folders())


def _environment_folders() -> Iterator[Path]:
    named = [sysconfig.get_path(name) for name in ("purelib", "platlib")]
    for place in (*named, *site.getsitepackages(), site.getusersitepackages()):
        if place:
            yield Path(place).resolve()


def _bad(package: str, reason: str) -> SpecError:
    return SpecError(
        f"The services of {package} were not read: {reason[:300]}.",
        f"Install {package} again or remove it; its other functions are not touched.",
        code="services_package_bad",
    )
