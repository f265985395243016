"""Reads a request of the AUTOMATIC1111 dialect into recipes."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from PIL import Image

from .comfy_models import MODEL_FILES
from .pixels import BadPictureError, decode
from .recipe import MAX_SIDE, Recipe

MAX_PICTURES = 16
MAX_STEPS = 150
SAMPLER_NAMES = (
    "Euler", "Euler a", "DPM++ 2M", "DPM++ SDE", "DPM++ 2M SDE", "DPM++ 3M SDE", "DPM2", "DPM2 a",
    "LMS", "Heun", "DDIM", "UniPC", "LCM", "Restart",
)  # fmt: skip
SCHEDULER_NAMES = ("automatic", "uniform", "karras", "exponential", "sgm_uniform", "simple", "beta")


class A1111Error(Exception):
    """The request is refused with `status`; `body` is in the shape of the real server."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        self.body = {"error": kind, "detail": detail, "body": "", "errors": ""}


@dataclass(frozen=True)
class Batch:
    """What one call asks for: the first recipe, how many pictures, and its own task id."""

    recipe: Recipe
    count: int
    task: str
    sampler: str
    send_images: bool


def title(name: str) -> str:
    """Return a model file as the model list shows it."""
    return name.rsplit(".", 1)[0]


def checkpoint(name: object) -> str:
    """Return the model that `name` (file, title or start of one) means.

    Raises A1111Error (500, as the real server does) for an unknown one.
    """
    wanted = str(name).partition(" [")[0]
    for file in MODEL_FILES["checkpoints"]:
        if wanted in (file, title(file)):
            return file
    raise A1111Error(500, "RuntimeError", f"model '{wanted[:100]}' not found")


def read_batch(body: dict[str, Any], model: str, *, edit: bool) -> Batch:
    """Return what `body` asks for; `edit` tells img2img from txt2img. Raises A1111Error."""
    override = body.get("override_settings")
    if isinstance(override, dict) and override.get("sd_model_checkpoint"):
        model = checkpoint(override["sd_model_checkpoint"])
    sampler = body.get("sampler_name") or body.get("sampler_index") or "Euler"
    if sampler not in SAMPLER_NAMES:
        raise A1111Error(400, "HTTPException", "Sampler not found")
    source = _source(body) if edit else None
    count = _whole(body, "batch_size", 1, 1, MAX_PICTURES) * _whole(
        body, "n_iter", 1, 1, MAX_PICTURES
    )
    if count > MAX_PICTURES:
        raise A1111Error(422, "HTTPException", f"This demo engine draws {MAX_PICTURES} at most.")
    seed = _whole(body, "seed", -1, -1, 2**63)
    recipe = Recipe(
        prompt=str(body.get("prompt") or ""),
        negative=str(body.get("negative_prompt") or ""),
        width=_whole(body, "width", 512, 64, MAX_SIDE),
        height=_whole(body, "height", 512, 64, MAX_SIDE),
        # -1 means any: here it is the same one each time, so that equal calls give equal pictures.
        seed=max(0, seed),
        steps=_whole(body, "steps", 50, 1, MAX_STEPS),
        guidance=_number(body, "cfg_scale", 7.0, 0, 30),
        strength=_number(body, "denoising_strength", 0.75, 0, 1),
        model=model,
        source=source,
        mask=_picture(body["mask"]).convert("L") if source and body.get("mask") else None,
    )
    task = body.get("force_task_id")
    send = body.get("send_images", True) is not False
    return Batch(recipe, count, str(task) if task else "", sampler, send)


def _source(body: dict[str, Any]) -> Image.Image:
    images = body.get("init_images")
    if not isinstance(images, list) or not images:
        raise A1111Error(404, "HTTPException", "Init image not found")
    return _picture(images[0])


def _picture(text: object) -> Image.Image:
    # A data URL or bare base64; addresses are never fetched.
    data = str(text)
    if data.startswith("data:"):
        data = data.partition(",")[2]
    try:
        return decode(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError) as error:
        kind = str(error) if isinstance(error, BadPictureError) else "Invalid encoded image"
        raise A1111Error(500, "HTTPException", kind) from error


def _whole(body: dict[str, Any], name: str, otherwise: int, low: int, high: int) -> int:
    return int(_number(body, name, otherwise, low, high))


def _number(body: dict[str, Any], name: str, otherwise: float, low: float, high: float) -> float:
    value = body.get(name)
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise A1111Error(422, "HTTPException", f"{name} must be between {low} and {high}")
    return value
