"""Reads what is asked of the WebUI's job routes, and leaves in it only what makes pictures.

Unknown fields are left out, as the WebUI itself ignores what it does not know; what reaches beyond
the picture, such as scripts, paths and the server's settings, is refused.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..errors import NotAllowed
from .json_bodies import json_object
from .model_rules import networks_named
from .webui_fields import CHECKPOINT, MOST_PICTURES, checked, settings, text, wrong
from .webui_pictures import NAMES, Pictures

MOST_PIXELS = 2**22
"""Of one picture, after a hires pass: 2048 x 2048."""
MOST_WORK = 2**22 * 16 * 50
"""Pixels x pictures x steps of one call, both passes."""
MOST_ENLARGED = 2**26
"""Pixels of a picture that is only enlarged: 8192 x 8192."""
ELSEWHERE = ("script_name", "script_args", "alwayson_scripts", "save_images", "force_task_id")
"""Read here, and never sent on as they came."""

OTHER_CHECKPOINTS = ("hr_checkpoint_name", "refiner_checkpoint")
NO_OTHER = frozenset({"none", "use same checkpoint"})


@dataclass(frozen=True)
class WebUIOrder:
    """One checked call: the fields to send on, the caller's own task id and checkpoint."""

    fields: dict[str, Any]
    task: str | None
    checkpoint: str | None

    @property
    def model(self) -> str:
        """What a person sees of the model."""
        return model_shown(self.checkpoint)

    @property
    def pictures(self) -> int:
        """How many it asks for."""
        return _pictures(self.fields)

    @property
    def others(self) -> list[str]:
        """Return the checkpoints that it names beside its own."""
        named = [self.fields.get(name) for name in OTHER_CHECKPOINTS]
        return [str(one) for one in named if one and str(one).lower() not in NO_OTHER]

    @property
    def checkpoints(self) -> list[str]:
        """Return every checkpoint that it names."""
        return [*([self.checkpoint] if self.checkpoint else []), *self.others]

    @property
    def networks(self) -> set[str]:
        """Return the LoRAs and their like that its prompts bring along."""
        prompts = [value for name, value in self.fields.items() if "prompt" in name]
        return {one for prompt in prompts for one in networks_named(str(prompt))}

    def naming(self, titles: Mapping[str, str]) -> WebUIOrder:
        """Return the same with other names for its checkpoints."""
        others = {name: self.fields[name] for name in OTHER_CHECKPOINTS if name in self.fields}
        named = {name: titles.get(one, one) for name, one in others.items()}
        own = None if self.checkpoint is None else titles.get(self.checkpoint, self.checkpoint)
        return replace(self, fields={**self.fields, **named}, checkpoint=own)

    def sent(self, task: str, checkpoint: str | None) -> bytes:
        """Return the body to send on, under a task id of ours, for one checkpoint."""
        fields = {**self.fields, "force_task_id": task, "save_images": False}
        if checkpoint is not None:
            own = self.fields.get("override_settings", {})
            fields["override_settings"] = {**own, CHECKPOINT: checkpoint}
            # Put back and forth a model would be loaded twice for each picture; any other setting
            # that stayed would change the pictures of the next.
            fields["override_settings_restore_afterwards"] = not own.keys() <= {CHECKPOINT}
        return json.dumps(fields).encode()


def model_shown(checkpoint: str | None) -> str:
    """Return a checkpoint's name without its hash; empty for None."""
    return (checkpoint or "").partition(" [")[0][:100]


def task_name(given: object) -> str | None:
    """Return a caller's own task id as it is remembered; None for none."""
    return str(given)[:200] if given else None


def read_order(body: bytes) -> WebUIOrder:
    """Return what a call asks for; takes processor time, so call it in a thread.

    Raises:
        InvalidRequest: it cannot be read, or is more than one call may ask.
        NotAllowed: it wants a script, or a setting of the server.
        RequestTooLarge: a picture in it is above 32 MiB.
    """
    given = json_object(body)
    _refuse_scripts(given)
    fields: dict[str, Any] = {}
    pictures = Pictures()
    for name, value in given.items():
        if value is None or name in ELSEWHERE:
            continue
        found = checked(name, value)
        if name in NAMES and value != "":
            found = pictures.checked(name, value)
        if found is not None:
            fields[name] = found
    if isinstance(given.get("styles"), list):
        fields["styles"] = [text("styles", one) for one in given["styles"][:20]]
    if own := given.get("override_settings"):
        fields["override_settings"] = settings(own)
    _refuse_too_much(fields)
    _refuse_too_large(fields, *pictures.size)
    chosen = fields.get("override_settings", {}).get(CHECKPOINT)
    checkpoint = None if chosen is None else text(CHECKPOINT, chosen)
    return WebUIOrder(fields, task_name(given.get("force_task_id")), checkpoint)


def read_picture_order(body: bytes) -> bytes:
    """Return what is sent on of a call that only asks what is written in a picture.

    Raises:
        InvalidRequest: it is no picture; an address would be fetched by the WebUI.
        RequestTooLarge: it is above 32 MiB.
    """
    return json.dumps({"image": Pictures().one("image", json_object(body).get("image"))}).encode()


def _refuse_scripts(given: dict[str, Any]) -> None:
    if given.get("script_name") or given.get("alwayson_scripts"):
        raise NotAllowed(
            "Scripts cannot be run through this door.",
            "Leave out script_name and alwayson_scripts.",
            code="script_refused",
        )
    if given.get("infotext"):
        # The WebUI takes sizes, steps and settings out of it that nobody here would have seen.
        raise NotAllowed(
            "The text of a past picture cannot be sent as an order.",
            "Leave out infotext, and send the fields that it tells of.",
            code="option_refused",
        )


def _pictures(fields: dict[str, Any]) -> int:
    return int(fields.get("batch_size", 1) * fields.get("n_iter", 1))


def _refuse_too_much(fields: dict[str, Any]) -> None:
    """Refuse more than one call may ask of two passes; each field alone is within its limits."""
    width, height = fields.get("width", 512), fields.get("height", 512)
    steps = fields.get("steps", 50)
    first, second, more = width * height, 0.0, 0
    if fields.get("enable_hr"):
        to = max(fields.get("hr_resize_x", 0) / width, fields.get("hr_resize_y", 0) / height)
        # The WebUI covers both sides, and then crops.
        second = first * (to or fields.get("hr_scale", 2)) ** 2
        more = fields.get("hr_second_pass_steps", 0) or steps
    for name, amount, most in (
        ("batch_size", _pictures(fields), MOST_PICTURES),
        ("width", max(first, second), MOST_PIXELS),
        ("steps", (first * steps + second * more) * _pictures(fields), MOST_WORK),
    ):
        if amount > most:
            raise wrong(name, "is more than one call may ask")


def _refuse_too_large(fields: dict[str, Any], width: int, height: int) -> None:
    """Refuse to enlarge a picture beyond what a machine has memory for."""
    if not any(name.startswith("upscal") for name in fields) or not width:
        return
    by = max(
        fields.get("upscaling_resize", 2),
        fields.get("upscaling_resize_w", 0) / width,
        fields.get("upscaling_resize_h", 0) / height,
    )
    if width * height * by * by > MOST_ENLARGED:
        raise wrong("upscaling_resize", "makes more than 8192 x 8192 pixels")
