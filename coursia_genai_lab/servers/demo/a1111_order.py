"""Reads a request of the AUTOMATIC1111 dialect into recipes."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageOps

from .a1111_models import SAMPLER_NAMES, SCHEDULER_NAMES, file_of
from .pixels import BadPictureError, decode
from .recipe import MAX_SIDE, Recipe

MAX_PICTURES = 16
MAX_STEPS = 150


class A1111Error(Exception):
    """The request is refused with `status`; `body` is in the shape of the real server."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.status = status
        # Only what the API refuses itself has its words in `detail`.
        refused = kind == "HTTPException"
        words = {"detail": detail, "body": "", "errors": ""}
        self.body: dict[str, Any] = {
            "error": kind, **(words if refused else {"detail": "", "body": "", "errors": detail})
        }  # fmt: skip


class InvalidFieldError(A1111Error):
    """A field is of the wrong type or beyond what is drawn; told in FastAPI's shape."""

    def __init__(self, field: str, message: str, kind: str = "value_error") -> None:
        super().__init__(422, "RequestValidationError", message)
        self.body = {"detail": [{"loc": ["body", field], "msg": message, "type": kind}]}


@dataclass(frozen=True)
class Batch:
    """What one call asks for: the first recipe, how many pictures, and its own task id.

    `keeps_model`: the model stays chosen after the call.
    """

    recipe: Recipe
    count: int
    task: str
    sampler: str
    scheduler: str
    send_images: bool
    samples_format: str
    keeps_model: bool

    def infotext_of(self, index: int) -> str:
        """Return how picture number `index` was made, as the WebUI writes it into the file."""
        recipe = self.recipe.nth(index)
        negative = f"\nNegative prompt: {recipe.negative}" if recipe.negative else ""
        facts = {
            "Steps": recipe.steps,
            "Sampler": self.sampler,
            "Schedule type": self.scheduler.title(),
            "CFG scale": f"{recipe.guidance:g}",
            "Seed": recipe.seed,
            "Size": f"{recipe.width}x{recipe.height}",
            "Model": recipe.model.rsplit(".", 1)[0],
            **({"Denoising strength": f"{recipe.strength:g}"} if recipe.source else {}),
            "Version": "demo",
        }
        line = ", ".join(f"{name}: {value}" for name, value in facts.items())
        return f"{recipe.prompt}{negative}\n{line}"


def checkpoint(name: object) -> str:
    """Return the model that `name` (file, title, stem or hash) means.

    Raises A1111Error (500, as the real server does) for an unknown one.
    """
    found = file_of(name)
    if found is None:
        raise A1111Error(500, "RuntimeError", f"model {str(name)[:100]!r} not found")
    return found


def read_batch(body: dict[str, Any], options: dict[str, Any], *, edit: bool) -> Batch:
    """Return what `body` asks for; `edit` tells img2img from txt2img. Raises A1111Error."""
    override = body.get("override_settings")
    settings = {**options, **(override if isinstance(override, dict) else {})}
    model = checkpoint(settings["sd_model_checkpoint"])
    _refuse_scripts(body)
    sampler = body.get("sampler_name") or body.get("sampler_index") or "Euler"
    if sampler not in SAMPLER_NAMES:
        raise A1111Error(400, "HTTPException", "Sampler not found")
    scheduler = str(body.get("scheduler") or "automatic").lower()
    source = _source(body) if edit else None
    width, height = _size(body)
    recipe = Recipe(
        prompt=_text(body, "prompt"),
        negative=_text(body, "negative_prompt"),
        width=width,
        height=height,
        # -1 means any: here it is the same one each time, so that equal calls give equal pictures.
        seed=max(0, _whole(body, "seed", -1, -1, 2**63)),
        steps=_whole(body, "steps", 50, 1, MAX_STEPS),
        guidance=_number(body, "cfg_scale", 7.0, 0, 30),
        strength=_number(body, "denoising_strength", 0.75, 0, 1),
        model=model,
        source=source,
        mask=_mask(body) if source and body.get("mask") else None,
    )
    task = body.get("force_task_id")
    return Batch(
        recipe=recipe,
        count=_count(body),
        task=str(task) if task else "",
        sampler=sampler,
        scheduler=scheduler if scheduler in SCHEDULER_NAMES else "automatic",
        send_images=body.get("send_images", True) is not False,
        samples_format=str(settings.get("samples_format") or "png").lower(),
        keeps_model=body.get("override_settings_restore_afterwards", True) is False,
    )


def picture_in(text: object) -> Image.Image:
    """Return a picture that was sent as base64 or as a data URL; raises A1111Error.

    Addresses are never fetched.
    """
    data = str(text)
    if data.startswith(("http://", "https://")):
        raise A1111Error(500, "HTTPException", "Requests not allowed")
    if data.startswith("data:"):
        data = data.partition(",")[2]
    try:
        return decode(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError) as error:
        kind = str(error) if isinstance(error, BadPictureError) else "Invalid encoded image"
        raise A1111Error(500, "HTTPException", kind) from error


def _source(body: dict[str, Any]) -> Image.Image:
    images = body.get("init_images")
    if not isinstance(images, list) or not images:
        raise A1111Error(404, "HTTPException", "Init image not found")
    return picture_in(images[0])


def _mask(body: dict[str, Any]) -> Image.Image:
    mask = picture_in(body["mask"]).convert("L")
    return ImageOps.invert(mask) if body.get("inpainting_mask_invert") else mask


def _refuse_scripts(body: dict[str, Any]) -> None:
    name = body.get("script_name")
    if name:
        raise A1111Error(422, "HTTPException", f"Script '{str(name)[:100]}' not found")
    scripts = body.get("alwayson_scripts")
    for name in scripts if isinstance(scripts, dict) else ():
        raise A1111Error(422, "HTTPException", f"always on script {str(name)[:100]} not found")


def _size(body: dict[str, Any]) -> tuple[int, int]:
    """Return the size of the finished picture: the second pass of `enable_hr` makes it larger."""
    sides = [_whole(body, name, 512, 64, MAX_SIDE) for name in ("width", "height")]
    if body.get("enable_hr") is True:
        scale = _number(body, "hr_scale", 2.0, 1, 4)
        for place, name in enumerate(("hr_resize_x", "hr_resize_y")):
            sides[place] = _whole(body, name, 0, 0, MAX_SIDE) or round(sides[place] * scale)
    if max(sides) > MAX_SIDE:
        raise InvalidFieldError("hr_scale", f"sides must be at most {MAX_SIDE}")
    return sides[0], sides[1]


def _count(body: dict[str, Any]) -> int:
    count = _whole(body, "batch_size", 1, 1, MAX_PICTURES) * _whole(
        body, "n_iter", 1, 1, MAX_PICTURES
    )
    if count > MAX_PICTURES:
        raise InvalidFieldError("n_iter", f"This demo engine draws {MAX_PICTURES} at most.")
    return count


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidFieldError(name, "str type expected", "type_error.str")
    return value or ""


def _whole(body: dict[str, Any], name: str, otherwise: int, low: int, high: int) -> int:
    return int(_number(body, name, otherwise, low, high))


def _number(body: dict[str, Any], name: str, otherwise: float, low: float, high: float) -> float:
    value = body.get(name)
    if value is None:
        return otherwise
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidFieldError(name, "value is not a valid number", "type_error")
    if not low <= value <= high:
        raise InvalidFieldError(name, f"ensure this value is between {low} and {high}")
    return value
