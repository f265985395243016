"""Time inside the launch hook for classic notebooks, cold, beside two ways to read the file.

Every launch examines the file anew (its pages are in the operating system's cache), asks a
session table of 30 rows, and finds that nothing is to be done.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import nbformat

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.detection.profile import Detector
from coursia_genai_lab.launch.kernels import Kernel
from coursia_genai_lab.launch.launcher import Launcher
from coursia_genai_lab.wire.notebooks import Profile

from .detection_time import CLASSIC, notebook
from .measure import interleaved, show


class Cold:
    """Profiles that are never remembered."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._detector = Detector(load_catalog())

    def get(self, path: Path, *, api_path: str = "") -> Profile:
        """Examine the notebook."""
        profile = self._detector.profile_file(path, root=self._root, api_path=api_path)
        if profile.type != "CLASSIC" or profile.note:
            raise SystemExit(f"{path} should be classic: {profile.note or profile.services}")
        return profile


class NoDesk:
    """A desk that no classic notebook ever reaches; only its `names` are looked up."""

    def __getattr__(self, name: str) -> Callable[..., NoReturn]:
        def reached(*_: object) -> NoReturn:
            raise SystemExit(f"a classic notebook reached the desk: {name}")

        return reached


class Sessions:
    """A session table with rows of other kernels."""

    kernel_manager = None

    async def list_sessions(self) -> list[dict[str, Any]]:
        """Return 30 rows."""
        return [{"id": f"s{n}", "path": "x.ipynb", "kernel": {"id": f"k{n}"}} for n in range(30)]


class _CodeCell(msgspec.Struct):
    cell_type: str
    source: str | list[str] = ""


class _Notebook(msgspec.Struct):
    cells: list[_CodeCell]


def hook(loop: asyncio.AbstractEventLoop, launcher: Launcher, path: Path) -> None:
    """Run the hook once, as `pre_launch` does."""
    kernel = Kernel("kernel", {"JPY_SESSION_NAME": str(path)}, {})
    if loop.run_until_complete(launcher.before(kernel)):
        raise SystemExit("a classic notebook was given variables")


def main() -> None:
    """Print 12 KB and 20 MB."""
    loop = asyncio.new_event_loop()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        desk: Any = NoDesk()
        launcher = Launcher(
            desk=desk, profiles=Cold(root), root_dir=root, session_manager=Sessions()
        )
        cases = {
            "12 KB": (notebook(root / "a.ipynb", code=CLASSIC, cells=40), "<= 1 ms", 300),
            "20 MB": (
                notebook(root / "b.ipynb", code=CLASSIC, cells=40, output_bytes=20_000_000),
                "<= 22 ms",
                15,
            ),
        }
        for name, (path, goal, n) in cases.items():
            calls: dict[str, Callable[[], object]] = {
                f"hook, {name} classic, cold": partial(hook, loop, launcher, path),
                "nbformat.read": partial(nbformat.read, path, as_version=4),
                "msgspec": partial(_decoded, path),
            }
            ours, *others = interleaved(calls, n=n, warm=2).values()
            for other in others:
                show(ours, other, goal=goal)
        loop.run_until_complete(launcher.close())
    loop.close()


def _decoded(path: Path) -> _Notebook:
    return msgspec.json.decode(path.read_bytes(), type=_Notebook)


if __name__ == "__main__":
    main()
