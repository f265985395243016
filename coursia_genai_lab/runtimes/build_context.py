"""What a build is made from: a folder with a Dockerfile, packed the same way each time."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from ..catalog.spec import ServiceSpec
from ..errors import ConfigurationError

BUILT_IN_FOLDER = Path(__file__).resolve().parent.parent / "build_contexts"
SHARED_FOLDER = "shared"
"""Files that each built-in context gets too, in the folder `shared`."""
IGNORE_NAME = ".dockerignore"
BASE_ARGUMENT = "BASE_IMAGE"
_LARGEST_BYTES = 512 << 20
_BASE_LINE = re.compile(rf"^ARG\s+{BASE_ARGUMENT}=[\"']?([^\s\"']+)", re.IGNORECASE | re.MULTILINE)
_LEFT_OUT = {"__pycache__", ".git", ".DS_Store"}


@dataclass(frozen=True)
class BuildContext:
    """A folder that was found to be one, and what of it decides about the image."""

    folder: Path
    shared: Path | None
    arguments: Mapping[str, str] = field(default_factory=dict)
    declared: Mapping[str, str] = field(default_factory=dict)
    """Those of the arguments that the service file gives."""

    @property
    def base(self) -> str:
        """The base image: of the arguments, else the default in the Dockerfile, else empty."""
        if given := self.arguments.get(BASE_ARGUMENT):
            return given
        found = _BASE_LINE.search((self.folder / "Dockerfile").read_text(encoding="utf-8"))
        return found.group(1) if found else ""

    def pack(self) -> tuple[IO[bytes], str]:
        """Return an archive to send, at its beginning, and the hash of what it is made from.

        Times and owners are left out, and a base image that was ordered for once, so equal files
        give equal hashes. The caller closes the archive.

        Raises:
            ConfigurationError: it has more than 512 MiB, or cannot be read.
        """
        archive = tempfile.TemporaryFile()  # noqa: SIM115 -- the caller closes it
        try:
            with tarfile.open(fileobj=archive, mode="w") as tar:
                for source, name in self._files():
                    _add(tar, source, name)
                    if archive.tell() > _LARGEST_BYTES:
                        raise _unusable(self.folder, "it has more than 512 MiB")
            archive.seek(0)
            digest = hashlib.sha256()
            while piece := archive.read(1 << 20):
                digest.update(piece)
            for name, value in sorted(self.declared.items()):
                digest.update(f"\0{name}={value}".encode())
            archive.seek(0)
        except OSError as error:
            archive.close()
            raise _unusable(self.folder, error.strerror or "it cannot be read") from error
        except BaseException:
            archive.close()
            raise
        return archive, digest.hexdigest()

    def _files(self) -> Iterator[tuple[Path, str]]:
        wanted = _not_ignored(self.folder)
        for source, name in _walk(self.folder, ""):
            if wanted is None or name in wanted:
                yield source, name
        if self.shared is not None:
            yield from _walk(self.shared, f"{SHARED_FOLDER}/")


def build_context(spec: ServiceSpec, base: str = "") -> BuildContext:
    """Return the context of a service with [build]; `base` replaces its base image.

    Raises:
        ConfigurationError: there is no such folder, or others could write what it runs.
    """
    if spec.build is None:
        raise ConfigurationError(f"{spec.title} has no [build] in its service file.")
    name, own = spec.build.context, Path(spec.build.context)
    folder = own if own.is_absolute() else BUILT_IN_FOLDER / name
    if not own.is_absolute() and (name == SHARED_FOLDER or Path(name).name != name):
        raise _unusable(folder, "only an absolute path or the name of a built-in one is taken")
    if not (folder / "Dockerfile").is_file():
        raise _unusable(folder, "it has no Dockerfile")
    if own.is_absolute():
        _refuse_open(folder)
    arguments = dict(spec.build.arguments)
    if base:
        arguments[BASE_ARGUMENT] = base
    shared = None if own.is_absolute() else BUILT_IN_FOLDER / SHARED_FOLDER
    return BuildContext(folder, shared, arguments, dict(spec.build.arguments))


def _walk(folder: Path, prefix: str) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if _LEFT_OUT.isdisjoint(relative.parts):
            yield path, prefix + relative.as_posix()


def _not_ignored(folder: Path) -> set[str] | None:
    """Return what a `.dockerignore` leaves to be sent; None: there is none.

    Engines leave it to who sends the context: without this a secret that the operator left out
    would stand in the image.
    """
    try:
        text = (folder / IGNORE_NAME).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(folder, f"its {IGNORE_NAME} cannot be read") from error
    from docker.utils import exclude_paths

    patterns = [line.strip() for line in text.splitlines()]
    patterns = [line for line in patterns if line and not line.startswith("#")]
    return {Path(name).as_posix() for name in exclude_paths(str(folder), patterns)}


def _add(tar: tarfile.TarFile, source: Path, name: str) -> None:
    info = tar.gettarinfo(str(source), arcname=name)
    if info.islnk():  # a second name of a file that was sent: sent again, as a file of its own
        info.type, info.linkname, info.size = tarfile.REGTYPE, "", source.stat().st_size
    if not (info.isfile() or info.isdir() or info.issym()):
        return
    info.uid = info.gid = info.mtime = 0
    info.uname = info.gname = ""
    info.mode = 0o755 if info.isdir() or info.mode & stat.S_IXUSR else 0o644
    if info.isfile():
        with source.open("rb") as file:
            tar.addfile(info, file)
    else:
        tar.addfile(info)


def _refuse_open(folder: Path) -> None:
    # Whoever can write there chooses what the engine runs as root while it builds.
    if not hasattr(os, "getuid"):
        return
    for path in (folder, folder / "Dockerfile"):
        info = path.stat()
        if info.st_uid not in (os.getuid(), 0) or info.st_mode & (stat.S_IWOTH | stat.S_IWGRP):
            raise _unusable(folder, "others than you can write there")


def _unusable(folder: Path, why: str) -> ConfigurationError:
    return ConfigurationError(
        f"The build context {folder} cannot be used: {why}.",
        "Correct [build] in the service file, or the folder that it names.",
        code="build_context_unusable",
    )
