"""Which pictures of an order a workflow takes, and where its mask goes."""

from __future__ import annotations

from collections.abc import Mapping

from ..errors import InvalidRequest
from .orders import Order
from .workflow_files import Parameter, Workflow


def pictures_of(
    workflow: Workflow, parameters: Mapping[str, Parameter], order: Order
) -> tuple[dict[str, bytes], tuple[str, bytes] | None]:
    """Return the parameters that get pictures, with their PNG; and, apart from them, the picture
    that must carry the mask, with the mask.

    Raises:
        InvalidRequest: the workflow takes more, fewer or none; the sentence says how many.
    """
    _refuse_number(workflow, parameters, order)
    places = _places(parameters)
    names = list(places) or ["image"]
    pictures = dict(zip(names, order.images, strict=False))
    mask = _mask(workflow, parameters, order)
    if mask is not None and mask[0] == "mask":
        pictures["mask"] = mask[1]
        mask = None
    return pictures, mask


def _mask(
    workflow: Workflow, parameters: Mapping[str, Parameter], order: Order
) -> tuple[str, bytes] | None:
    """Return the parameter that the mask is for, and the mask."""
    about = workflow.about
    place = "mask" if "mask" in parameters else about.mask_in
    if order.mask is None:
        if place is None:
            return None
        raise InvalidRequest(
            f"{about.title} changes what a mask leaves open, and no mask was sent.",
            "Send a PNG of the picture's size as 'mask', transparent where it may change.",
            code="missing_required_parameter",
            param="mask",
        )
    if place is None:
        raise InvalidRequest(
            f"{about.title} takes no mask.",
            "Leave the mask out, or ask another model.",
            code="invalid_value",
            param="mask",
        )
    return place, order.mask


def _counted(pictures: int) -> str:
    return f"{pictures or 'no'} picture{'s'[: pictures != 1]}"


def _refuse_number(workflow: Workflow, parameters: Mapping[str, Parameter], order: Order) -> None:
    title = workflow.about.title
    if order.mask is not None and not order.images:
        raise InvalidRequest(
            "A mask needs the picture that it lies on.", code="invalid_value", param="mask"
        )
    places = _places(parameters)
    most = len(places) or ("image" in workflow.about.grafts)
    if workflow.about.needs_picture and not order.images:
        raise InvalidRequest(
            f"{title} changes pictures, and none was sent.",
            "Send one to /v1/images/edits, or ask another model.",
            code="missing_required_parameter",
            param="image",
        )
    if len(order.images) > most:
        raise InvalidRequest(
            f"{title} takes {_counted(most)}, {len(order.images)} were sent.",
            "Send fewer, or ask a model that takes several.",
            code="too_many_images",
            param="image",
        )
    needed = sum(not one.optional for one in places.values())
    if len(order.images) < needed:
        raise InvalidRequest(
            f"{title} needs {_counted(needed)}, {len(order.images)} were sent.",
            "Send them all to /v1/images/edits.",
            code="missing_required_parameter",
            param="image",
        )


def _places(parameters: Mapping[str, Parameter]) -> dict[str, Parameter]:
    return {n: one for n, one in parameters.items() if one.type == "picture" and n != "mask"}
