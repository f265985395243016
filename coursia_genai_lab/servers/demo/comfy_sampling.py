"""Turns a sampler node's inputs into recipes, one a picture of the batch."""

from __future__ import annotations

from typing import Any

from PIL import Image

from .comfy_values import Conditioning, Guider, Latent, Model, Sampling, Sigmas
from .recipe import Recipe, TooLargeError, check_size

MAX_BATCH_PIXELS = 2**25
SAMPLERS = frozenset({"KSampler", "KSamplerAdvanced", "SamplerCustom", "SamplerCustomAdvanced"})


def plan(class_type: str, given: dict[str, Any]) -> Sampling:
    """Return what the sampler node `class_type` is to draw.

    Raises TooLargeError when the pictures are larger or more than the engine draws.
    """
    latent: Latent = given["latent_image"]
    if class_type == "SamplerCustomAdvanced":
        guider: Guider = given["guider"]
        sigmas: Sigmas = given["sigmas"]
        return _plan(latent, guider, given["noise"], sigmas)
    model: Model = given["model"]
    guider = Guider(model, given["positive"], given["negative"], given["cfg"])
    if class_type == "KSampler":
        return _plan(latent, guider, given["seed"], Sigmas(given["steps"], given["denoise"]))
    if class_type == "SamplerCustom":
        return _plan(latent, guider, given["noise_seed"], given["sigmas"])
    steps = given["steps"]
    first, last = given["start_at_step"], min(steps, given["end_at_step"])
    share = max(0, last - first) / steps
    return _plan(latent, guider, given["noise_seed"], Sigmas(max(1, last - first), share))


def _plan(latent: Latent, guider: Guider, seed: int, sigmas: Sigmas) -> Sampling:
    check_size(latent.width, latent.height)
    if latent.width * latent.height * latent.batch > MAX_BATCH_PIXELS:
        raise TooLargeError(
            f"This demo engine draws up to {MAX_BATCH_PIXELS} pixels a job; "
            f"{latent.batch} pictures of {latent.width} x {latent.height} are more."
        )
    text: Conditioning = guider.positive
    recipes = []
    for index in range(latent.batch):
        source = _source(latent, text, index, sigmas.denoise)
        recipe = Recipe(
            prompt=text.text,
            negative=guider.negative.text,
            width=latent.width,
            height=latent.height,
            seed=seed,
            steps=sigmas.steps,
            guidance=text.guidance if text.guidance is not None else guider.cfg,
            strength=sigmas.denoise,
            model=guider.model.name,
            source=source,
            mask=latent.mask if source is not None else None,
            extras=text.images[1:],
        )
        recipes.append(recipe.nth(index))
    return Sampling(tuple(recipes), sigmas.steps, latent)


def _source(latent: Latent, text: Conditioning, index: int, denoise: float) -> Image.Image | None:
    if text.images:
        return text.images[0]
    if not latent.pictures:
        return None
    # At full denoise nothing of the picture is left, unless a mask protects a part of it.
    if denoise >= 1 and latent.mask is None:
        return None
    return latent.pictures[index % len(latent.pictures)]
