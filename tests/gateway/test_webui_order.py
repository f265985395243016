"""What is read of a call to the WebUI: no cap is walked around, and what notebooks send works."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import pytest
from PIL import Image

from coursia_genai_lab.errors import GenAIError, InvalidRequest, NotAllowed
from coursia_genai_lab.gateway.webui_order import read_order, read_picture_order


def read(**fields: Any) -> dict[str, Any]:
    """Return what is sent on for some fields."""
    order = read_order(json.dumps({"prompt": "a fox", **fields}).encode())
    sent: dict[str, Any] = json.loads(order.sent("task(x)", None))
    return sent


def picture(size: tuple[int, int] = (16, 16)) -> str:
    """Return a PNG in base64."""
    out = io.BytesIO()
    Image.new("1", size).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


AROUND: dict[str, dict[str, Any]] = {
    "a large first pass that the hires pass makes small": {
        "enable_hr": True, "hr_scale": 0.01, "width": 8192, "height": 8192,
    },
    "a negative scale": {"enable_hr": True, "hr_scale": -1, "width": 8192, "hr_resize_x": 64},
    "a target beside a scale of nothing": {
        "enable_hr": True, "hr_scale": 0, "width": 8192, "height": 8192,
    },
    "steps less those of a second pass": {"steps": 250, "hr_second_pass_steps": -150},
    "two negative counts": {"batch_size": -4, "n_iter": -4},
    "a fraction of a batch, many times": {"batch_size": 0.001, "n_iter": 16_000},
    "half a picture": {"batch_size": 1.5},
    "one side of an enlargement": {"image": picture(), "upscaling_resize_w": 10**6},
    "two negative sides": {
        "image": picture(), "upscaling_resize_w": -(10**6), "upscaling_resize_h": -(10**6),
    },
    "a large picture eight times as large": {
        "image": picture((4096, 4096)), "upscaling_resize": 8,
    },
    "noise of another size": {"seed_resize_from_w": 10**6, "seed_resize_from_h": 10**6},
    "an older way to name the first pass": {"firstphase_width": 10**5, "firstphase_height": 10**5},
    "a blur without end": {"mask_blur": 10**9},
    "a blur without end, one way": {"mask_blur_x": 10**9},
    "a second pass without end": {"enable_hr": True, "hr_second_pass_steps": 10**6},
    "no number in a setting": {"override_settings": {"CLIP_stop_at_last_layers": float("nan")}},
    "half a character": {"override_settings": {"sd_model_checkpoint": "\ud800"}},
    "half a character in a prompt": {"prompt": "\udfff"},
}  # fmt: skip


@pytest.mark.parametrize("what", AROUND)
def test_no_cap_is_walked_around(what: str) -> None:
    with pytest.raises(InvalidRequest):
        read(**AROUND[what])


def test_the_text_of_a_past_picture_sets_nothing() -> None:
    """The WebUI would read size, steps and settings out of it, past every cap."""
    with pytest.raises(NotAllowed):
        read(infotext="a fox\nSteps: 9000, Size: 8192x8192")


@pytest.mark.parametrize("piece", [b"[],", b"{},", b"0,", b'{"a":[1.5]},'])
def test_a_body_of_a_million_values_is_refused_unread(piece: bytes) -> None:
    body = b'{"prompt": "a fox", "x": [' + piece * 1_000_000 + b"0]}"
    with pytest.raises(InvalidRequest) as refused:
        read_order(body)
    assert refused.value.error_code == "too_complex"


def test_a_prompt_full_of_commas_is_read() -> None:
    assert read(prompt="red, " * 6_000)["prompt"]


USUAL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "nothing": ({"seed": None, "styles": None, "override_settings": None}, {}),
    "empty scripts": ({"script_name": "", "script_args": [], "alwayson_scripts": {}}, {}),
    "empty settings": ({"override_settings": {}}, {}),
    "a setting of nothing": ({"override_settings": {"sd_vae": None}}, {}),
    "a whole number with a point": ({"width": 512.0, "steps": 4.0}, {"width": 512, "steps": 4}),
    "a random seed": ({"seed": -1, "subseed": -1}, {"seed": -1, "subseed": -1}),
    "switches as numbers": ({"tiling": 0, "restore_faces": 1},
                            {"tiling": False, "restore_faces": True}),
    "a number as a switch": ({"inpainting_mask_invert": True}, {"inpainting_mask_invert": 1}),
    "no mask": ({"init_images": [picture()], "mask": ""}, {}),
    "an older name of the sampler": ({"sampler_index": "Euler a"}, {"sampler_index": "Euler a"}),
    "steps of a second pass that is not made": ({"steps": 100, "hr_second_pass_steps": 100},
                                                {"steps": 100}),
    "modules by their paths": (
        {"override_settings": {"forge_additional_modules": ["/models/VAE/ae.safetensors"]}},
        {"override_settings": {"forge_additional_modules": ["ae.safetensors"]}},
    ),
    "unknown fields": ({"n_jobs": 4, "comments": {}, "sampler_counter": [1]}, {}),
}  # fmt: skip


@pytest.mark.parametrize("what", USUAL)
def test_what_notebooks_send_is_taken(what: str) -> None:
    given, expected = USUAL[what]
    sent = read(**given)
    for name, value in expected.items():
        assert sent[name] == value
        assert type(sent[name]) is type(value), name
    assert "mask" not in sent


def test_a_picture_in_lines_is_taken_without_them() -> None:
    lines = base64.encodebytes(base64.b64decode(picture((64, 64)))).decode()
    assert read(init_images=[lines])["init_images"] == [lines.replace("\n", "")]


def test_the_photo_of_a_phone_is_taken() -> None:
    """It is a JPEG with a second, smaller picture behind the first."""
    photo, behind = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (8, 8), "blue")
    out = io.BytesIO()
    photo.save(out, "MPO", save_all=True, append_images=[behind])
    sent = base64.b64encode(out.getvalue()).decode()
    assert read(init_images=[sent])["init_images"] == [sent]


def test_other_settings_than_the_model_are_put_back_after_the_job() -> None:
    """What one person sets would else change the pictures of the next."""
    alone = read_order(b'{"prompt": "a fox"}').sent("task(x)", "one.safetensors")
    assert json.loads(alone)["override_settings_restore_afterwards"] is False
    body = b'{"override_settings": {"CLIP_stop_at_last_layers": 12}}'
    beside = json.loads(read_order(body).sent("task(x)", "one.safetensors"))
    assert beside["override_settings_restore_afterwards"] is True


@pytest.mark.parametrize(
    "image", ["http://169.254.169.254/x", "https://example.org/x.png", "aGVsbG8=", 7, None]
)
def test_only_a_picture_is_looked_at_for_its_text(image: object) -> None:
    with pytest.raises(GenAIError):
        read_picture_order(json.dumps({"image": image}).encode())


def test_a_picture_is_looked_at_for_its_text() -> None:
    body = json.dumps({"image": picture(), "url": "http://127.0.0.1/"}).encode()
    assert json.loads(read_picture_order(body)) == {"image": picture()}
