"""Reads a request of the OpenAI dialect into one checked order."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from PIL import Image

from .openai_models import MODELS, QUALITY_STEPS, ModelCard
from .recipe import MAX_SIDE, Recipe

MIN_SIDE = 64
MAX_PROMPT = 32000
MAX_STEPS = 200
MAX_SEED = 2**64 - 1
QUALITIES = ("auto", "low", "medium", "high", "xhigh", "max", "standard", "hd")


class OrderError(Exception):
    """The request is refused; it says so in OpenAI's shape."""

    def __init__(
        self, message: str, param: str | None = None, code: str | None = None, status: int = 400
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body = {
            "error": {
                "message": message,
                "type": "invalid_request_error",
                "param": param,
                "code": code,
            }
        }


@dataclass(frozen=True)
class Order:
    """What one request asks for, checked; `recipe` is that of the first picture."""

    recipe: Recipe
    count: int
    quality: str
    background: str
    output_format: str
    compression: int
    stream: bool
    partial_images: int
    progress: bool

    @property
    def size(self) -> str:
        """The size as OpenAI writes it."""
        return f"{self.recipe.width}x{self.recipe.height}"

    @property
    def about(self) -> dict[str, str]:
        """What every answer repeats of the order."""
        return {
            "size": self.size,
            "quality": self.quality,
            "background": self.background,
            "output_format": self.output_format,
        }

    def origin(self, index: int) -> dict[str, Any]:
        """What a finished picture, number `index` from 0, says of where it comes from."""
        recipe = self.recipe.nth(index)
        made_with = {"steps": recipe.steps, "guidance": recipe.guidance}
        return {"model": recipe.model, "seed": recipe.seed, **made_with, "demo": True}

    @property
    def usage(self) -> dict[str, Any]:
        """Token counts of plausible size; nothing is ever billed for them."""
        recipe = self.recipe
        words = len(recipe.prompt) // 4 + 1
        seen = 765 * ((recipe.source is not None) + len(recipe.extras))
        each = {"low": 272, "high": 4160}.get(self.quality, 1056)
        made = max(1, each * recipe.width * recipe.height // 2**20) * self.count
        return {
            "input_tokens": words + seen,
            "input_tokens_details": {"image_tokens": seen, "text_tokens": words},
            "output_tokens": made,
            "output_tokens_details": {"image_tokens": made, "text_tokens": 0},
            "total_tokens": words + seen + made,
        }


class _Fields:
    """Reads typed values; forms bring text, JSON brings the types themselves."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def get(self, name: str) -> Any:
        value = self._given.get(name)
        return None if value == "" and name != "prompt" else value

    def text(self, name: str, otherwise: str, allowed: tuple[str, ...] = ()) -> str:
        value = self.get(name)
        if value is None:
            return otherwise
        if not isinstance(value, str) or (allowed and value not in allowed):
            wanted = f" It must be one of {', '.join(allowed)}." if allowed else ""
            raise OrderError(f"Invalid value for '{name}'.{wanted}", name, "invalid_value")
        return value

    def whole(self, name: str, otherwise: int, low: int, high: int) -> int:
        return int(self.number(name, otherwise, low, high, whole=True))

    def number(
        self, name: str, otherwise: float, low: float, high: float, *, whole: bool = False
    ) -> float:
        value = self.get(name)
        if value is None:
            return otherwise
        try:
            if isinstance(value, bool) or (whole and isinstance(value, float)):
                raise TypeError
            number = int(value) if whole else float(value)
        except (TypeError, ValueError, OverflowError):
            kind = "an integer" if whole else "a number"
            raise OrderError(f"'{name}' must be {kind}.", name, "invalid_type") from None
        if not low <= number <= high:
            message = f"'{name}' must be between {low} and {high}."
            raise OrderError(message, name, "invalid_value")
        return number

    def flag(self, name: str) -> bool:
        value = self.get(name)
        if value in (None, False, "false", "False", "0"):
            return False
        if value in (True, "true", "True", "1"):
            return True
        raise OrderError(f"'{name}' must be true or false.", name, "invalid_type")


def find_model(name: object) -> ModelCard:
    """Return the card of a model; raises OrderError (404, model_not_found) for an unknown one."""
    card = MODELS.get(name) if isinstance(name, str) else None
    if card is None:
        shown = str(name)[:100]
        message = f"The model '{shown}' does not exist here. Known models: {', '.join(MODELS)}."
        raise OrderError(message, "model", "model_not_found", 404)
    return card


def read_order(
    given: Mapping[str, Any],
    images: tuple[Image.Image, ...] = (),
    mask: Image.Image | None = None,
) -> Order:
    """Return the order in `given`; raises OrderError.

    `images` are those to edit; the first is changed, the others are referred to. `mask` is RGBA,
    transparent where the edit may change something.
    """
    fields = _Fields(given)
    model = find_model(given.get("model") or "demo")
    prompt = fields.text("prompt", "")
    if not prompt.strip():
        raise OrderError(
            "Missing required parameter: 'prompt'.", "prompt", "missing_required_parameter"
        )
    if len(prompt) > MAX_PROMPT:
        raise OrderError(
            f"'prompt' is longer than {MAX_PROMPT} characters.", "prompt", "string_above_max_length"
        )
    quality = fields.text("quality", "auto", QUALITIES)
    quality = {"standard": "medium", "hd": "high", "xhigh": "high", "max": "high"}.get(
        quality, quality
    )
    background = fields.text("background", "auto", ("auto", "opaque", "transparent"))
    output_format = fields.text("output_format", "png", ("png", "jpeg", "webp"))
    if background == "transparent" and output_format == "jpeg":
        raise OrderError("JPEG has no transparent background.", "background", "invalid_value")
    width, height = _size(fields.text("size", "auto"), images[0] if images else None)
    recipe = Recipe(
        prompt=prompt,
        negative=fields.text("negative_prompt", ""),
        width=width,
        height=height,
        seed=fields.whole("seed", 0, 0, MAX_SEED),
        steps=fields.whole("steps", QUALITY_STEPS.get(quality, model.steps), 1, MAX_STEPS),
        guidance=fields.number("guidance", model.guidance, 0, 100),
        model=model.id,
        source=images[0] if images else None,
        mask=_changeable(mask, images),
        extras=images[1:],
        transparent=background == "transparent",
    )
    return Order(
        recipe=recipe,
        count=fields.whole("n", 1, 1, 10),
        quality="medium" if quality == "auto" else quality,
        background="opaque" if background == "auto" else background,
        output_format=output_format,
        compression=fields.whole("output_compression", 90, 0, 100),
        stream=fields.flag("stream"),
        partial_images=fields.whole("partial_images", 0, 0, 3),
        progress=fields.flag("progress"),
    )


def _size(text: str, source: Image.Image | None) -> tuple[int, int]:
    if text == "auto":
        if source is None:
            return 1024, 1024
        shrink = min(1.0, MAX_SIDE / max(source.size))
        width, height = (max(MIN_SIDE, round(side * shrink)) for side in source.size)
        return width, height
    match = re.fullmatch(r"(\d{1,5})x(\d{1,5})", text)
    if match is None:
        raise OrderError("'size' must be auto or WIDTHxHEIGHT.", "size", "invalid_value")
    width, height = int(match[1]), int(match[2])
    if not (MIN_SIDE <= width <= MAX_SIDE and MIN_SIDE <= height <= MAX_SIDE):
        message = f"Both sides of 'size' must be between {MIN_SIDE} and {MAX_SIDE} here."
        raise OrderError(message, "size", "invalid_value")
    return width, height


def _changeable(mask: Image.Image | None, images: tuple[Image.Image, ...]) -> Image.Image | None:
    if mask is None:
        return None
    if "A" not in mask.getbands():
        raise OrderError("The mask has no alpha channel.", "mask", "invalid_mask_image_format")
    if images and mask.size != images[0].size:
        message = "The mask is not of the same size as the image."
        raise OrderError(message, "mask", "invalid_mask_image_format")
    return mask.getchannel("A").point(list(range(255, -1, -1)))
