"""An order as the WebUI's API takes it: every value said, for its own defaults fit no Turbo."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidRequest
from .orders import Order
from .workflow_files import WebUISettings, workflow_of
from .workflow_plan import LEAST_SIDE, MOST_SIDE, near_side, png_size

MULTIPLE = 8
OTHERS = WebUISettings(
    checkpoint="", sampler_name="Euler", steps=20, cfg_scale=7.0, denoising_strength=0.75
)
"""For a model that nothing comes along for: usual values, and whatever checkpoint is loaded."""
OTHERS_SIDE = 512


@dataclass(frozen=True)
class Body:
    """Path and JSON of a call, without seed and task; `checkpoint` None leaves what is loaded."""

    path: str
    fields: dict[str, Any] = field(repr=False)
    steps: int
    checkpoint: str | None
    notices: tuple[str, ...] = ()


def body_of(order: Order) -> Body:
    """Return the call for an order; pictures are encoded, so it is work for a thread.

    Raises:
        InvalidRequest: the WebUI cannot do it.
    """
    width, height = refuse_impossible(order)
    settings = _settings(order.model)[0]
    steps = settings.steps if order.steps is None else order.steps
    fields: dict[str, Any] = {
        "prompt": order.prompt,
        "negative_prompt": order.negative,
        "width": width,
        "height": height,
        "steps": steps,
        "cfg_scale": settings.cfg_scale if order.guidance is None else order.guidance,
        "sampler_name": settings.sampler_name,
        "batch_size": 1,
        "n_iter": 1,
        "send_images": True,
        "save_images": False,
    }
    if settings.scheduler is not None:
        fields["scheduler"] = settings.scheduler
    if order.images:
        fields["init_images"] = [base64.b64encode(order.images[0]).decode("ascii")]
        fields["denoising_strength"] = settings.denoising_strength
        # The picture fills the size, and what stands out is cut.
        fields["resize_mode"] = 1
    if order.mask is not None:
        fields["mask"] = base64.b64encode(_white_where_open(order.mask)).decode("ascii")
        fields["inpainting_fill"] = 1
        fields["inpaint_full_res"] = False
        fields["denoising_strength"] = 1.0
    path = "/sdapi/v1/img2img" if order.images else "/sdapi/v1/txt2img"
    return Body(path, fields, steps, settings.checkpoint or None)


def refuse_impossible(order: Order) -> tuple[int, int]:
    """Return the size to ask for; raises InvalidRequest for what the WebUI cannot do."""
    if not order.images and order.mask is not None:
        raise InvalidRequest(
            "A mask needs the picture that it lies on.", code="invalid_value", param="mask"
        )
    if len(order.images) > 1:
        raise InvalidRequest(
            f"The WebUI changes 1 picture at a time, {len(order.images)} were sent.",
            "Send one, or ask a model that takes several.",
            code="too_many_images",
            param="image",
        )
    return _size(order, _settings(order.model)[1])


def _settings(model: str) -> tuple[WebUISettings, int]:
    """Return the values for a model and the side that it was made for."""
    workflow = workflow_of(model)
    if workflow is None or workflow.about.webui is None:
        return OTHERS, OTHERS_SIDE
    return workflow.about.webui, workflow.about.side


def _size(order: Order, side: int) -> tuple[int, int]:
    if order.width is None or order.height is None:
        if not order.images:
            return side, side
        width, height = png_size(order.images[0])
        by = (side**2 / (width * height)) ** 0.5
        return near_side(width * by, MULTIPLE), near_side(height * by, MULTIPLE)
    for wanted in (order.width, order.height):
        if not LEAST_SIDE <= wanted <= MOST_SIDE or wanted % MULTIPLE:
            raise InvalidRequest(
                f"Both sides of 'size' must be multiples of {MULTIPLE} between {LEAST_SIDE} and "
                f"{MOST_SIDE}.",
                f"The model was made for {side}x{side}.",
                code="invalid_value",
                param="size",
            )
    return order.width, order.height


def _white_where_open(mask: bytes) -> bytes:
    """Return the WebUI's mask, white where the picture may change."""
    from PIL import Image, ImageOps

    with Image.open(io.BytesIO(mask), formats=("PNG",)) as picture:
        kept = picture.convert("RGBA").getchannel("A")
    out = io.BytesIO()
    ImageOps.invert(kept).save(out, "PNG")
    return out.getvalue()
