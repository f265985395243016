"""Run a Docker engine of a test's own, with the demo engine's image; put its socket at a path.

    python docker_here.py SOCKET

It prints `ready` once the socket answers and runs until its standard input ends. Where no engine
can run it ends by itself, with the reason.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from docker_engine import running_engine
from docker_image import build_demo_image


def main(socket: Path) -> None:
    """Run until nobody needs the engine any more."""
    with running_engine() as engine:
        build_demo_image(engine.client, engine.root)
        # Beside the socket and then in its place: nobody sees half of it.
        beside = socket.with_suffix(".new")
        beside.symlink_to(engine.socket)
        beside.rename(socket)
        try:
            print("ready", flush=True)
            sys.stdin.read()
        finally:
            socket.unlink()


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except pytest.skip.Exception as reason:
        sys.exit(str(reason))
