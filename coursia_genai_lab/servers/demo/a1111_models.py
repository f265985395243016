"""Checkpoints and option lists as the AUTOMATIC1111 dialect names them."""

from __future__ import annotations

import hashlib
from typing import Any

from .comfy_models import MODEL_FILES

CHECKPOINTS = MODEL_FILES["checkpoints"]
TURBO = next(name for name in CHECKPOINTS if "turbo" in name)
SAMPLER_NAMES = (
    "Euler", "Euler a", "DPM++ 2M", "DPM++ SDE", "DPM++ 2M SDE", "DPM++ 3M SDE", "DPM2", "DPM2 a",
    "LMS", "Heun", "DDIM", "UniPC", "LCM", "Restart",
)  # fmt: skip
SCHEDULER_NAMES = ("automatic", "uniform", "karras", "exponential", "sgm_uniform", "simple", "beta")
UPSCALERS = ("None", "Lanczos", "Nearest")
LISTS: dict[str, Any] = {
    "samplers": [{"name": n, "aliases": [n.lower()], "options": {}} for n in SAMPLER_NAMES],
    "schedulers": [{"name": n, "label": n.title(), "aliases": None} for n in SCHEDULER_NAMES],
    "upscalers": [
        {"name": n, "model_name": None, "model_path": None, "model_url": None, "scale": 4}
        for n in UPSCALERS
    ],
    "latent-upscale-modes": [{"name": "Latent"}],
    "sd-vae": [],
    "sd-modules": [],
    "loras": [],
    "hypernetworks": [],
    "face-restorers": [],
    "realesrgan-models": [],
    "prompt-styles": [],
    "embeddings": {"loaded": {}, "skipped": {}},
    "scripts": {"txt2img": [], "img2img": []},
    "script-info": [],
    "extensions": [],
    "cmd-flags": {"api": True},
}
"""Path below /sdapi/v1/ and what is there."""


def short_hash(file: str) -> str:
    """Return the hash in a checkpoint's title."""
    return hashlib.sha256(file.encode()).hexdigest()[:10]


def title(file: str) -> str:
    """Return a checkpoint as settings and model lists name it."""
    return f"{file} [{short_hash(file)}]"


def stem(file: str) -> str:
    """Return a checkpoint's name without its ending."""
    return file.rsplit(".", 1)[0]


def file_of(name: object) -> str | None:
    """Return the checkpoint that a title, a file name, a stem or a hash means."""
    wanted = str(name)
    plain = wanted.partition(" [")[0]
    for file in CHECKPOINTS:
        if plain in (file, stem(file)) or wanted == short_hash(file):
            return file
    return None


def described(file: str) -> dict[str, Any]:
    """Return a checkpoint as `/sdapi/v1/sd-models` shows it."""
    return {
        "title": title(file),
        "model_name": stem(file),
        "hash": short_hash(file),
        "sha256": hashlib.sha256(file.encode()).hexdigest(),
        "filename": f"/models/Stable-diffusion/{file}",
        "config": None,
    }
