"""The fields of the WebUI's job routes that make pictures, and what each may hold.

They are those of the WebUI's `StableDiffusionTxt2ImgProcessingAPI` and its neighbours.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..engines.limits import LONGEST_TEXT
from ..errors import InvalidRequest, NotAllowed

MOST_PICTURES = 16
MOST_STEPS = 150
"""What the WebUI's own page allows."""
MOST_SIDE = 2**14
MOST_SCALE = 8
"""By which a picture may be enlarged."""

CHECKPOINT = "sd_model_checkpoint"
WORDS = frozenset(
    {
        *("prompt", "negative_prompt", "sampler_name", "sampler_index", "scheduler"),
        *("hr_upscaler", "hr_sampler_name", "hr_scheduler", "hr_prompt", "hr_negative_prompt"),
        *("hr_checkpoint_name", "refiner_checkpoint", "upscaler_1", "upscaler_2", "model"),
    }
)
WHOLE: Mapping[str, tuple[int, int]] = {
    "batch_size": (1, MOST_PICTURES),
    "n_iter": (1, MOST_PICTURES),
    "steps": (1, MOST_STEPS),
    "hr_second_pass_steps": (0, MOST_STEPS),
    **dict.fromkeys(("width", "height"), (1, MOST_SIDE)),
    **dict.fromkeys(("hr_resize_x", "hr_resize_y"), (0, MOST_SIDE)),
    **dict.fromkeys(("upscaling_resize_w", "upscaling_resize_h"), (0, MOST_SIDE)),
    **dict.fromkeys(("firstphase_width", "firstphase_height"), (0, 2048)),
    **dict.fromkeys(("seed_resize_from_w", "seed_resize_from_h"), (-1, 2048)),
    **dict.fromkeys(("mask_blur", "mask_blur_x", "mask_blur_y"), (0, 256)),
    **dict.fromkeys(("seed", "subseed"), (-(2**63), 2**64)),
    **dict.fromkeys(("resize_mode", "inpainting_fill", "inpainting_mask_invert"), (0, 9)),
    "inpaint_full_res_padding": (0, MOST_SIDE),
}
"""Whole numbers, from and to."""
NUMBERS: Mapping[str, tuple[float, float]] = {
    "hr_scale": (0, MOST_SCALE),
    "upscaling_resize": (0, MOST_SCALE),
    **dict.fromkeys(
        (
            *("cfg_scale", "distilled_cfg_scale", "hr_cfg", "hr_distilled_cfg", "image_cfg_scale"),
            *("denoising_strength", "subseed_strength", "eta", "s_churn", "s_tmax", "s_tmin"),
            *("s_noise", "s_min_uncond", "refiner_switch_at", "initial_noise_multiplier"),
            *("gfpgan_visibility", "codeformer_visibility", "codeformer_weight"),
            "extras_upscaler_2_visibility",
        ),
        (-(2.0**64), 2.0**64),
    ),
}
SWITCHES = frozenset(
    {
        *("restore_faces", "tiling", "enable_hr", "send_images", "include_init_images"),
        *("inpaint_full_res", "disable_extra_networks", "mask_round", "do_not_reload_embeddings"),
        *("upscaling_crop", "upscale_first", "show_extras_results"),
    }
)
SETTINGS = frozenset(
    {
        *(CHECKPOINT, "sd_vae", "CLIP_stop_at_last_layers", "eta_noise_seed_delta"),
        *("img2img_color_correction", "enable_emphasis", "comma_padding_backtrack"),
        *("forge_additional_modules", "face_restoration_model", "code_former_weight"),
        *("samples_format", "jpeg_quality", "randn_source", "sd_vae_encode_method"),
    }
)
"""Of `override_settings`: what changes a picture, and nothing of where files go."""
PATHS = frozenset({"forge_additional_modules"})
"""Settings that Forge tells as paths, and of which it takes the file names."""


def checked(name: str, value: object) -> Any:
    """Return a plain field as it is sent on; None for one that is not known.

    Raises:
        InvalidRequest: it is of the wrong kind, or more than one call may ask.
    """
    if name in WORDS:
        return text(name, value)
    if name in WHOLE or name in NUMBERS:
        return _number(name, value)
    return _switch(name, value) if name in SWITCHES else None


def text(name: str, value: object) -> str:
    """Return a text; raises InvalidRequest for another value, or a path where none may be."""
    if not isinstance(value, str):
        raise wrong(name, "must be a text")
    if len(value) > LONGEST_TEXT:
        raise wrong(name, f"is longer than {LONGEST_TEXT:,} characters")
    if any("\ud800" <= one <= "\udfff" for one in value):
        # Half a character could be stored, and never be told again.
        raise wrong(name, "is no proper text")
    if "prompt" not in name and _is_path(value):
        raise wrong(name, "must be a plain name")
    return value


def _is_path(given: str) -> bool:
    return given.startswith(("/", "\\", "~")) or ".." in given.replace("\\", "/").split("/")


def _number(name: str, value: object) -> float:
    # Python reads 1e999 and NaN out of JSON; no engine should have to.
    if not isinstance(value, (int, float)) or not abs(value) < 2**64:
        raise wrong(name, "must be a number")
    if name in WHOLE or isinstance(value, bool):
        if value != int(value):
            raise wrong(name, "must be a whole number")
        value = int(value)
    least, most = WHOLE.get(name) or NUMBERS.get(name) or (-(2**64), 2**64)
    if not least <= value <= most:
        raise wrong(name, f"must be {least} to {most}")
    return value


def _switch(name: str, value: object) -> bool:
    if value not in (True, False):
        raise wrong(name, "must be true or false")
    return bool(value)


def settings(value: object) -> dict[str, Any]:
    """Return `override_settings`, of which only what changes a picture may be set.

    Raises:
        InvalidRequest: one is of the wrong kind.
        NotAllowed: one belongs to the server.
    """
    if not isinstance(value, dict):
        raise wrong("override_settings", "must be an object")
    kept: dict[str, Any] = {}
    for name, setting in value.items():
        if name not in SETTINGS:
            raise NotAllowed(
                f"The setting {str(name)[:60]!r} belongs to the server.",
                "Of override_settings only those that change the picture are taken, such as "
                "sd_model_checkpoint.",
                code="option_refused",
            )
        if isinstance(setting, list):
            kept[name] = [_setting(name, one) for one in setting[:20]]
        elif setting is not None:
            kept[name] = _setting(name, setting)
    return kept


def _setting(name: str, value: object) -> str | float:
    if isinstance(value, str):
        return text(name, file_name(value) if name in PATHS else value)
    if isinstance(value, bool):
        return value
    if not isinstance(value, (int, float)):
        raise wrong(name, "must be a text or a number")
    return _number(name, value)


def shown_settings(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return of a server's settings those that may come with a job, without its folders."""
    shown = {name: value for name, value in told.items() if name in SETTINGS}
    for name in PATHS & shown.keys():
        if isinstance(shown[name], list):
            shown[name] = [file_name(str(one)) for one in shown[name]]
    return shown


def file_name(path: str) -> str:
    """Return the last part of a path of any system."""
    return path.replace("\\", "/").rpartition("/")[2]


def wrong(name: str, what: str) -> InvalidRequest:
    """Return the refusal of a field."""
    return InvalidRequest(
        f"'{name}' {what}.",
        f"One call makes at most {MOST_PICTURES} pictures of at most 2048 x 2048 pixels in at "
        f"most {MOST_STEPS} steps each.",
        code="invalid_value",
        param=name,
    )
