"""An operator's folder with one service whose models a liar server offers."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from liar_server import Liar

SMALL = hashlib.shake_256(b"one").digest(300_000)
LARGE = hashlib.shake_256(b"two").digest(2_500_000)


def sha256(data: bytes) -> str:
    """Return the hash of some bytes."""
    return hashlib.sha256(data).hexdigest()


def write_service(folder: Path, liar: Liar) -> Path:
    """Write `pictures.toml` and put its files on offer; return the folder.

    `small` is one file; `large` are two, one of them that of `small`; `closed` has a licence to
    accept; `unpublished` is to be brought by an admin.
    """
    folder.mkdir(parents=True, exist_ok=True)
    small = _file("small.safetensors", SMALL, url=liar.offer("/small", SMALL))
    large = _file("large.safetensors", LARGE, url=liar.offer("/large", LARGE))
    closed = _file("closed.safetensors", SMALL, url=liar.offer("/closed", SMALL))
    by_hand = _file("by-hand.safetensors", SMALL)
    models = [
        _model("small", [small]),
        _model("large", [small, large]),
        _model(
            "closed",
            [closed],
            licence="No commerce",
            licence_url="https://example.org/licence",
            accept=True,
            optional=True,
        ),
        _model("unpublished", [by_hand], optional=True),
    ]
    text = [
        'title = "Pictures"',
        'dialect = "comfyui"',
        "[process]",
        'command = ["{python}", "-c", "pass"]',
    ]
    for model in models:
        files = model.pop("files")
        text += ["[[models]]", *(f"{key} = {json.dumps(value)}" for key, value in model.items())]
        for file in files:
            text += ["[[models.files]]"]
            text += [f"{key} = {json.dumps(value)}" for key, value in file.items()]
    (folder / "pictures.toml").write_text("\n".join(text), encoding="utf-8")
    return folder


def _file(name: str, data: bytes, **more: Any) -> dict[str, Any]:
    return {
        "folder": "checkpoints",
        "name": name,
        "size_bytes": len(data),
        "sha256": sha256(data),
        **more,
    }


def _model(model_id: str, files: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"id": model_id, "title": model_id.title(), "files": files, **more}
