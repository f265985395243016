"""A container image of the demo engine, made offline from the Python that runs the tests."""

from __future__ import annotations

import io
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable
from pathlib import Path

import docker

DEMO_IMAGE = "coursia-genai-test/demo:1"
PORT = 8188
TOKEN_FILE = "/run/secrets/coursia-genai/token"

_PACKAGE = Path(__file__).parent.parent / "coursia_genai_lab"
_NOT_NEEDED = {
    "__pycache__", "config", "dist-packages", "ensurepip", "idlelib", "lib2to3", "pydoc_data",
    "site-packages", "test", "tests", "tkinter", "turtledemo", "unittest",
}  # fmt: skip


def build_demo_image(client: docker.DockerClient, folder: Path) -> str:
    """Import the image into the engine and return its name; `folder` is for a scratch file."""
    archive = folder / "demo-image.tar"
    with tarfile.open(archive, "w") as tar:
        python = Path(sys.executable).resolve()
        stdlib = Path(sysconfig.get_path("stdlib"))
        site = Path(sysconfig.get_path("purelib"))
        trees = [
            (stdlib, stdlib),
            *((site / name, Path("/app/site") / name) for name in _site_folders(site)),
            (_PACKAGE / "servers" / "demo", Path("/app/demo")),
        ]
        _add(tar, python, python)
        binaries = [python]
        for source, target in trees:
            for path in _files(source):
                _add(tar, path, target / path.relative_to(source))
                if ".so" in path.suffixes:
                    binaries.append(path)
        for library in _libraries(binaries, inside=site):
            _add(tar, library, library)
        _add_text(tar, "etc/passwd", "nobody:x:65534:65534:nobody:/:/bin/false\n")
        _add_folder(tar, "tmp", 0o1777)
    command = [str(python), "-m", "demo", "--host", "0.0.0.0", "--port", str(PORT)]
    quoted = ", ".join(f'"{word}"' for word in [*command, "--token-file", TOKEN_FILE])
    client.api.import_image_from_file(
        str(archive),
        repository=DEMO_IMAGE.partition(":")[0],
        tag=DEMO_IMAGE.partition(":")[2],
        changes=[
            f"CMD [{quoted}]",
            f"ENV PYTHONPATH=/app:/app/site PYTHONUNBUFFERED=1 PYTHON={python}",
            "USER 65534:65534",
        ],
    )
    archive.unlink()
    return DEMO_IMAGE


def _site_folders(site: Path) -> list[str]:
    return [name for name in ("tornado", "PIL", "pillow.libs") if (site / name).is_dir()]


def _files(root: Path) -> Iterable[Path]:
    for path in sorted(root.iterdir()):
        if path.name in _NOT_NEEDED or path.name.startswith("config-"):
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _libraries(binaries: Iterable[Path], *, inside: Path) -> set[Path]:
    """Return what the loader needs for the binaries, except what lies in `inside` anyway."""
    answer = subprocess.run(
        ["ldd", *map(str, binaries)], capture_output=True, text=True, timeout=60
    )
    found = set()
    for line in answer.stdout.splitlines():
        words = line.replace("=>", " ").split()
        for word in words:
            if word.startswith("/") and not word.endswith(":") and Path(word).is_file():
                found.add(Path(word))
    return {path for path in found if not path.is_relative_to(inside)}


def _add(tar: tarfile.TarFile, source: Path, target: Path) -> None:
    info = tar.gettarinfo(str(source.resolve()), arcname=str(target).lstrip("/"))
    info.uid = info.gid = 0
    info.mode |= 0o444
    # Several names of one file would else become links to a name that is not in the image.
    info.type, info.linkname = tarfile.REGTYPE, ""
    info.size = source.stat().st_size
    with source.open("rb") as file:
        tar.addfile(info, file)


def _add_text(tar: tarfile.TarFile, name: str, text: str) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(text)
    tar.addfile(info, io.BytesIO(text.encode()))


def _add_folder(tar: tarfile.TarFile, name: str, mode: int) -> None:
    info = tarfile.TarInfo(name)
    info.type, info.mode = tarfile.DIRTYPE, mode
    tar.addfile(info)
