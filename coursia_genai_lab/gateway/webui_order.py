"""Reads what is asked of the WebUI's job routes, and leaves in it only what makes pictures.

The fields are those of the WebUI's `StableDiffusionTxt2ImgProcessingAPI` and its neighbours. Others
are left out, as the WebUI itself ignores what it does not know; what reaches beyond the picture,
such as scripts, paths and the server's settings, is refused.
"""

from __future__ import annotations

import base64
import binascii
import io
import json
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidRequest, NotAllowed, RequestTooLarge

MOST_PIXELS = 2**22
"""Of one picture, after a hires pass: 2048 x 2048."""
MOST_PICTURES = 16
MOST_STEPS = 150
"""What the WebUI's own page allows."""
MOST_WORK = 2**22 * 16 * 50
"""Pixels x pictures x steps of one call."""
MOST_INPUTS = 16
MOST_INPUT_BYTES = 32 * 2**20
MOST_INPUT_PIXELS = 2**25
MOST_PROMPT = 50_000
TAKEN = ("PNG", "JPEG", "WEBP")

WORDS = frozenset(
    {
        *("prompt", "negative_prompt", "sampler_name", "sampler_index", "scheduler", "infotext"),
        *("hr_upscaler", "hr_sampler_name", "hr_scheduler", "hr_prompt", "hr_negative_prompt"),
        *("hr_checkpoint_name", "refiner_checkpoint", "upscaler_1", "upscaler_2", "model"),
    }
)
NUMBERS = frozenset(
    {
        *("width", "height", "steps", "cfg_scale", "distilled_cfg_scale", "seed", "batch_size"),
        *("n_iter", "subseed", "subseed_strength", "seed_resize_from_h", "seed_resize_from_w"),
        *("denoising_strength", "eta", "s_churn", "s_tmax", "s_tmin", "s_noise", "s_min_uncond"),
        *("hr_scale", "hr_second_pass_steps", "hr_resize_x", "hr_resize_y", "hr_cfg"),
        *("hr_distilled_cfg", "refiner_switch_at", "firstphase_width", "firstphase_height"),
        *("resize_mode", "image_cfg_scale", "mask_blur", "mask_blur_x", "mask_blur_y"),
        *("inpainting_fill", "inpaint_full_res_padding", "inpainting_mask_invert"),
        *("initial_noise_multiplier", "upscaling_resize", "upscaling_resize_w"),
        *("upscaling_resize_h", "gfpgan_visibility", "codeformer_visibility"),
        *("codeformer_weight", "extras_upscaler_2_visibility"),
    }
)
SWITCHES = frozenset(
    {
        *("restore_faces", "tiling", "enable_hr", "send_images", "include_init_images"),
        *("inpaint_full_res", "disable_extra_networks", "mask_round", "do_not_reload_embeddings"),
        *("upscaling_crop", "upscale_first", "show_extras_results"),
    }
)
PICTURES = frozenset({"init_images", "mask", "firstpass_image", "image"})
SETTINGS = frozenset(
    {
        *("sd_model_checkpoint", "sd_vae", "CLIP_stop_at_last_layers", "eta_noise_seed_delta"),
        *("img2img_color_correction", "enable_emphasis", "comma_padding_backtrack"),
        *("forge_additional_modules", "face_restoration_model", "code_former_weight"),
        *("samples_format", "jpeg_quality", "randn_source", "sd_vae_encode_method"),
    }
)
"""Of `override_settings`: what changes a picture, and nothing of where files go."""
ELSEWHERE = ("script_name", "script_args", "alwayson_scripts", "save_images", "force_task_id")
"""Read here, and never sent on as they came."""


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
        return int(self.fields.get("batch_size", 1)) * int(self.fields.get("n_iter", 1))

    def sent(self, task: str, checkpoint: str | None) -> bytes:
        """Return the body to send on, under a task id of ours, for one checkpoint."""
        fields = {**self.fields, "force_task_id": task, "save_images": False}
        if checkpoint is not None:
            settings = {**self.fields.get("override_settings", {})}
            settings["sd_model_checkpoint"] = checkpoint
            fields["override_settings"] = settings
            # Put back and forth the model would be loaded twice for each picture.
            fields["override_settings_restore_afterwards"] = False
        return json.dumps(fields).encode()


def model_shown(checkpoint: str | None) -> str:
    """Return a checkpoint's name without its hash; empty for None."""
    return (checkpoint or "").partition(" [")[0][:100]


def read_order(body: bytes) -> WebUIOrder:
    """Return what a call asks for; takes processor time, so call it in a thread.

    Raises:
        InvalidRequest: it cannot be read, or is more than one call may ask.
        NotAllowed: it wants a script, or a setting of the server.
        RequestTooLarge: a picture in it is above 32 MiB.
    """
    given = _object(body)
    _refuse_scripts(given)
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or name in ELSEWHERE:
            continue
        if name in WORDS:
            fields[name] = _text(name, value)
        elif name in NUMBERS:
            fields[name] = _number(name, value)
        elif name in SWITCHES:
            fields[name] = _switch(name, value)
        elif name in PICTURES:
            fields[name] = _pictures(name, value)
    if isinstance(given.get("styles"), list):
        fields["styles"] = [_text("styles", one) for one in given["styles"][:20]]
    if settings := given.get("override_settings"):
        fields["override_settings"] = _settings(settings)
    _refuse_too_much(fields)
    task = given.get("force_task_id")
    checkpoint = fields.get("override_settings", {}).get("sd_model_checkpoint")
    return WebUIOrder(fields, str(task)[:200] if task else None, checkpoint)


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise InvalidRequest("The body is not a JSON object.", code="invalid_json")
    return value


def _refuse_scripts(given: dict[str, Any]) -> None:
    scripts = given.get("script_name") or given.get("alwayson_scripts")
    if scripts:
        raise NotAllowed(
            "Scripts cannot be run through this door.",
            "Leave out script_name and alwayson_scripts.",
            code="script_refused",
        )


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(name, "must be a text")
    if len(value) > MOST_PROMPT:
        raise _wrong(name, f"is longer than {MOST_PROMPT} characters")
    if "prompt" not in name and name != "infotext" and _is_path(value):
        raise _wrong(name, "must be a plain name")
    return value


def _is_path(text: str) -> bool:
    return text.startswith(("/", "\\", "~")) or ".." in text.replace("\\", "/").split("/")


def _number(name: str, value: object) -> float:
    # Python reads 1e999 and NaN out of JSON; no engine should have to.
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not abs(value) < 2**64:
        raise _wrong(name, "must be a number")
    return value


def _switch(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, "must be true or false")
    return value


def _settings(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong("override_settings", "must be an object")
    for name, setting in value.items():
        if name not in SETTINGS:
            raise NotAllowed(
                f"The setting {str(name)[:60]!r} belongs to the server.",
                "Of override_settings only those that change the picture are taken, such as "
                "sd_model_checkpoint.",
                code="option_refused",
            )
        for one in setting if isinstance(setting, list) else [setting]:
            if isinstance(one, str):
                _text(name, one)
            elif not isinstance(one, (int, float)):
                raise _wrong(name, "must be a text or a number")
    return dict(value)


def _pictures(name: str, value: object) -> str | list[str]:
    if name != "init_images":
        return _picture(name, value)
    if not isinstance(value, list) or len(value) > MOST_INPUTS:
        raise _wrong(name, f"must be a list of at most {MOST_INPUTS} pictures")
    return [_picture(name, one) for one in value]


def _picture(name: str, value: object) -> str:
    """Return a picture as it came, its header looked at: no address, no bomb, no other file."""
    # Pillow is loaded by the first picture, not with the door.
    from PIL import Image, UnidentifiedImageError

    if not isinstance(value, str):
        raise _wrong(name, "must be a picture in base64")
    if len(value) > MOST_INPUT_BYTES * 4 // 3 + 100:
        raise RequestTooLarge("A picture is larger than 32 MiB.", param=name)
    text = value.partition(",")[2] if value.startswith("data:image/") else value
    try:
        data = base64.b64decode(text, validate=True)
        with Image.open(io.BytesIO(data), formats=TAKEN) as picture:
            if picture.width * picture.height > MOST_INPUT_PIXELS:
                raise _wrong(name, "has too many pixels")
            if getattr(picture, "n_frames", 1) > 1:
                raise _wrong(name, "has more than one frame")
    except Image.DecompressionBombError as error:
        raise _wrong(name, "has too many pixels") from error
    except (binascii.Error, UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise _wrong(name, "is no PNG, JPEG or WebP picture in base64") from error
    return value


def _refuse_too_much(fields: dict[str, Any]) -> None:
    scale = fields.get("hr_scale", 2) if fields.get("enable_hr") else 1
    wide = max(fields.get("width", 512) * scale, fields.get("hr_resize_x", 0))
    high = max(fields.get("height", 512) * scale, fields.get("hr_resize_y", 0))
    pictures = fields.get("batch_size", 1) * fields.get("n_iter", 1)
    steps = fields.get("steps", 50) + fields.get("hr_second_pass_steps", 0)
    enlarged = max(
        fields.get("upscaling_resize_w", 0) * fields.get("upscaling_resize_h", 0),
        MOST_PIXELS if fields.get("upscaling_resize", 0) > 8 else 0,
    )
    for name, amount, least, most in (
        ("steps", steps, 1, MOST_STEPS),
        ("width", wide, 1, 2**14),
        ("height", high, 1, 2**14),
        ("batch_size", pictures, 1, MOST_PICTURES),
        ("width", wide * high, 1, MOST_PIXELS),
        ("upscaling_resize", enlarged, 0, MOST_PIXELS - 1),
        ("steps", wide * high * pictures * steps, 1, MOST_WORK),
    ):
        if not least <= amount <= most:
            raise _wrong(name, "is more, or less, than one call may ask")


def _wrong(name: str, what: str) -> InvalidRequest:
    return InvalidRequest(
        f"'{name}' {what}.",
        f"One call makes at most {MOST_PICTURES} pictures of at most 2048 x 2048 pixels in at "
        f"most {MOST_STEPS} steps each.",
        code="invalid_value",
        param=name,
    )
