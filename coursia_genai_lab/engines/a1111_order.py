"""An order as the WebUI's API takes it: every value said, for its own defaults fit no Turbo."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from ..errors import InvalidRequest
from .limits import refuse_number, refuse_texts, size_of
from .orders import Order
from .pictures import white_where_open
from .workflow_files import WebUISettings, workflow_of

MULTIPLE = 8
MOST_STEPS = 150
MOST_GUIDANCE = 30
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
    guidance: float
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
    guidance = settings.cfg_scale if order.guidance is None else order.guidance
    fields: dict[str, Any] = {
        "prompt": order.prompt,
        "negative_prompt": order.negative,
        "width": width,
        "height": height,
        "steps": steps,
        "cfg_scale": guidance,
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
        fields["mask"] = base64.b64encode(white_where_open(order.mask)).decode("ascii")
        fields["inpainting_fill"] = 1
        fields["inpaint_full_res"] = False
        fields["denoising_strength"] = 1.0
    path = "/sdapi/v1/img2img" if order.images else "/sdapi/v1/txt2img"
    return Body(path, fields, steps, guidance, settings.checkpoint or None)


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
    refuse_texts(order)
    settings, side, title = _settings(order.model)
    for name, value, usual, least, most in (
        ("steps", order.steps, settings.steps, 1, MOST_STEPS),
        ("guidance", order.guidance, settings.cfg_scale, 0, MOST_GUIDANCE),
    ):
        if value is not None:
            refuse_number(name, value, title, least=least, most=most, usual=usual)
    return size_of(order, title, side=side, multiple=MULTIPLE)


def _settings(model: str) -> tuple[WebUISettings, int, str]:
    """Return the values for a model, the side that it was made for, and its title."""
    workflow = workflow_of(model)
    if workflow is None or workflow.about.webui is None:
        return OTHERS, OTHERS_SIDE, model[:100]
    return workflow.about.webui, workflow.about.side, workflow.about.title
