"""A service file that is right, to be changed by the tests."""

from __future__ import annotations

from pathlib import Path

from coursia_genai_lab.catalog.mistakes import Mistake
from coursia_genai_lab.catalog.read import BadSpec, examine

LINES = """\
title = "Mine"
dialect = "comfyui"
door_port = 8188

[container]
image = "lab/comfyui:1"
port = 8188
models = ["checkpoints"]

[build]
context = "comfyui"

[gpu]
vram_mib = 1024

[readiness]
path = "/system_stats"

[[exports]]
[exports.variables]
MINE_URL = "{door}"

[[models]]
id = "one"
title = "One"

[[models.files]]
folder = "checkpoints"
name = "one.safetensors"
""".splitlines()


def line_of(beginning: str) -> int:
    """Return the number of the only line that begins so."""
    [number] = [n for n, line in enumerate(LINES, 1) if line.startswith(beginning)]
    return number


def changed(folder: Path, beginning: str, new: str) -> Path:
    """Write the file with one line replaced; `new` may have several."""
    number = line_of(beginning)
    path = folder / "mine.toml"
    text = "\n".join([*LINES[: number - 1], new, *LINES[number:]])
    path.write_bytes(text.encode("utf-8", "surrogateescape") + b"\n")
    return path


def mistakes_in(path: Path) -> list[Mistake]:
    """Return what is wrong in a file."""
    try:
        examine(path)
    except BadSpec as bad:
        return list(bad.mistakes)
    return []
