"""Uploads, views, and graphs that edit a picture they were given."""

from __future__ import annotations

import io
import json
import struct
import zlib
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw
from servers.demo.harness import Engine, Graph, picture, png, text_graph


def upload(engine: Engine, name: str, data: bytes, **fields: str) -> dict[str, Any]:
    answer = engine.http.post("/upload/image", files={"image": (name, data)}, data=fields)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def view(engine: Engine, **query: str) -> Any:
    return engine.http.get("/view", params=query)


def bomb(side: int) -> bytes:
    """A small PNG that claims to be `side` pixels wide and high."""
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    body = chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + body


def test_an_upload_comes_back_as_it_was(engine: Engine) -> None:
    data = png((10, 200, 30))

    kept = upload(engine, "in.png", data)

    assert kept == {"name": "in.png", "subfolder": "", "type": "input"}
    answer = view(engine, filename="in.png", type="input")
    assert answer.content == data
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_equal_bytes_keep_their_name_and_others_get_a_number(engine: Engine) -> None:
    upload(engine, "in.png", png((1, 1, 1)))

    assert upload(engine, "in.png", png((1, 1, 1)))["name"] == "in.png"
    assert upload(engine, "in.png", png((2, 2, 2)))["name"] == "in (1).png"
    assert upload(engine, "in.png", png((3, 3, 3)))["name"] == "in (2).png"
    assert upload(engine, "in.png", png((4, 4, 4)), overwrite="true")["name"] == "in.png"
    shown = picture(view(engine, filename="in.png", type="input").content)
    assert shown.convert("RGB").getpixel((0, 0)) == (4, 4, 4)


def test_an_upload_may_go_to_a_subfolder(engine: Engine) -> None:
    kept = upload(engine, "in.png", png((1, 2, 3)), subfolder="me")

    assert kept["subfolder"] == "me"
    listed = engine.http.get("/object_info/LoadImage").json()["LoadImage"]["input"]["required"]
    assert "me/in.png" in listed["image"][0]
    assert view(engine, filename="in.png", subfolder="me", type="input").status_code == 200


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("in.png", {"subfolder": "../.."}),
        ("in.png", {"subfolder": "/etc"}),
        ("..\\..\\in.png", {}),
        ("in.png", {"type": "output"}),
        ("in.png", {"type": "elsewhere"}),
    ],
)
def test_an_upload_cannot_leave_its_folder(
    engine: Engine, name: str, fields: dict[str, str]
) -> None:
    answer = engine.http.post("/upload/image", files={"image": (name, png((1, 1, 1)))}, data=fields)

    assert answer.status_code == 400


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"GIF89a" + b"\0" * 40,
        bomb(6000),
        bomb(60000),
    ],
)
def test_what_is_no_plain_picture_is_refused(engine: Engine, data: bytes) -> None:
    answer = engine.http.post("/upload/image", files={"image": ("in.png", data)})

    assert answer.status_code == 400


def test_a_moving_picture_is_refused(engine: Engine) -> None:
    out = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])

    answer = engine.http.post("/upload/image", files={"image": ("in.webp", out.getvalue())})

    assert answer.status_code == 400
    assert "frame" in answer.text


def test_an_upload_beyond_the_limit_is_refused(engine: Engine) -> None:
    large = png((1, 1, 1)) + b"\0" * (engine.http.get("/features").json()["max_upload_size"])

    assert engine.http.post("/upload/image", files={"image": ("in.png", large)}).status_code == 413
    assert engine.http.post("/upload/image", data={"x": "y"}).status_code == 400


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"filename": "absent.png"}, 404),
        ({}, 404),
        ({"filename": "../secret.png"}, 400),
        ({"filename": "/etc/passwd"}, 400),
        ({"filename": "a.png", "type": "elsewhere"}, 400),
        ({"filename": "a.png", "subfolder": "../../.."}, 403),
        ({"filename": "a.png", "subfolder": "/etc"}, 403),
    ],
)
def test_a_view_outside_the_folder_is_refused(
    engine: Engine, query: dict[str, str], status: int
) -> None:
    assert view(engine, **query).status_code == status


def test_a_view_can_be_made_smaller(engine: Engine) -> None:
    (saved,) = engine.run(text_graph(width=512, height=512))["outputs"]["9"]["images"]
    whole = view(engine, **saved).content

    small = view(engine, **saved, preview="webp;50")

    assert small.headers["content-type"] == "image/webp"
    assert picture(small.content).format == "WEBP"
    assert len(small.content) < len(whole) / 2
    assert picture(view(engine, **saved, preview="jpeg;x").content).format == "JPEG"


def qwen_graph(instruction: str, image: str, size: tuple[int, int] | None = None) -> Graph:
    graph: Graph = {
        "1": {"class_type": "UNETLoader", "inputs": {
            "unet_name": "qwen_image_edit_2509_fp8_e4m3fn.safetensors", "weight_dtype": "default"}},
        "2": {"class_type": "CLIPLoader", "inputs": {
            "clip_name": "qwen_2.5_vl_7b_fp8_scaled.safetensors", "type": "qwen_image"}},
        "3": {"class_type": "VAELoader", "inputs": {"vae_name": "qwen_image_vae.safetensors"}},
        "4": {"class_type": "LoraLoaderModelOnly", "inputs": {
            "model": ["1", 0], "strength_model": 1.0,
            "lora_name": "Qwen-Image-Edit-2509-Lightning-4steps-V1.0-bf16.safetensors"}},
        "5": {"class_type": "ModelSamplingAuraFlow", "inputs": {"model": ["4", 0], "shift": 3.0}},
        "6": {"class_type": "CFGNorm", "inputs": {"model": ["5", 0], "strength": 1.0}},
        "7": {"class_type": "LoadImage", "inputs": {"image": image}},
        "8": {"class_type": "FluxKontextImageScale", "inputs": {"image": ["7", 0]}},
        "9": {"class_type": "TextEncodeQwenImageEditPlus", "inputs": {
            "clip": ["2", 0], "prompt": instruction, "vae": ["3", 0], "image1": ["8", 0]}},
        "10": {"class_type": "TextEncodeQwenImageEditPlus", "inputs": {
            "clip": ["2", 0], "prompt": "", "vae": ["3", 0], "image1": ["8", 0]}},
        "11": {"class_type": "VAEEncode", "inputs": {"pixels": ["8", 0], "vae": ["3", 0]}},
        "12": {"class_type": "KSampler", "inputs": {
            "seed": 1, "steps": 4, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple",
            "denoise": 1.0, "model": ["6", 0], "positive": ["9", 0], "negative": ["10", 0],
            "latent_image": ["11", 0]}},
        "13": {"class_type": "VAEDecode", "inputs": {"samples": ["12", 0], "vae": ["3", 0]}},
        "14": {"class_type": "SaveImage", "inputs": {
            "images": ["13", 0], "filename_prefix": "edit"}},
    }  # fmt: skip
    if size is not None:
        latent = {"width": size[0], "height": size[1], "batch_size": 1}
        graph["11"] = {"class_type": "EmptySD3LatentImage", "inputs": latent}
    return graph


def test_an_edit_changes_the_picture_it_was_given(engine: Engine) -> None:
    (given,) = engine.images(engine.run(text_graph(width=256, height=256)))
    upload(engine, "given.png", given)

    (data,) = engine.images(engine.run(qwen_graph("turn everything blue", "given.png")))

    edited = picture(data).convert("RGB")
    assert edited.size == (1024, 1024)
    before = picture(given).convert("RGB").resize((64, 64))
    after = edited.resize((64, 64))
    assert blueness(after) > blueness(before) + 20
    assert likeness(before, after) > 0.6


def blueness(image: Image.Image) -> float:
    red, _, blue = (sum(band.tobytes()) / (64 * 64) for band in image.split())
    return blue - red


def likeness(one: Image.Image, other: Image.Image) -> float:
    """How far the lights and darks of two pictures go together: 1 is alike, 0 unrelated."""
    a, b = ([float(v) for v in image.convert("L").tobytes()] for image in (one, other))
    mean_a, mean_b = sum(a) / len(a), sum(b) / len(b)
    both = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b, strict=True))
    spread = sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)
    return float(both / spread**0.5)


def test_an_edit_takes_the_size_of_an_empty_latent(engine: Engine) -> None:
    upload(engine, "given.png", png((200, 120, 40), (300, 200)))

    (data,) = engine.images(engine.run(qwen_graph("make it night", "given.png", (320, 256))))

    assert picture(data).size == (320, 256)


def inpaint_graph(image: str, loader: dict[str, Any]) -> Graph:
    graph = text_graph("make it night")
    graph["1"] = {"class_type": "LoadImage", "inputs": {"image": image}}
    graph["2"] = loader
    graph["10"] = {"class_type": "VAEEncode", "inputs": {"pixels": ["1", 0], "vae": ["4", 2]}}
    graph["5"] = {
        "class_type": "SetLatentNoiseMask",
        "inputs": {"samples": ["10", 0], "mask": ["2", 0]},
    }
    return graph


def test_only_the_white_of_a_mask_changes(engine: Engine) -> None:
    upload(engine, "given.png", png((220, 180, 90), (256, 256)))
    mask = Image.new("RGB", (256, 256), "black")
    ImageDraw.Draw(mask).rectangle((64, 64, 191, 191), fill="white")
    out = io.BytesIO()
    mask.save(out, "PNG")
    upload(engine, "mask.png", out.getvalue())
    loader = {"class_type": "LoadImageMask", "inputs": {"image": "mask.png", "channel": "red"}}

    (data,) = engine.images(engine.run(inpaint_graph("given.png", loader)))

    changed = ImageChops.difference(
        picture(data).convert("RGB"), Image.new("RGB", (256, 256), (220, 180, 90))
    )
    box = changed.getbbox()
    assert box is not None
    assert box[0] >= 64
    assert box[1] >= 64
    assert box[2] <= 192
    assert box[3] <= 192


def test_an_empty_mask_changes_nothing(engine: Engine) -> None:
    upload(engine, "given.png", png((220, 180, 90), (128, 128)))
    loader = {"class_type": "LoadImageMask", "inputs": {"image": "given.png", "channel": "alpha"}}

    (data,) = engine.images(engine.run(inpaint_graph("given.png", loader)))

    assert picture(data).convert("RGB").getcolors() == [(128 * 128, (220, 180, 90))]


def test_a_painted_mask_becomes_the_transparency_of_its_picture(engine: Engine) -> None:
    upload(engine, "given.png", png((220, 180, 90), (64, 64)))
    mask = Image.new("RGBA", (64, 64), (0, 0, 0, 255))
    ImageDraw.Draw(mask).rectangle((0, 0, 31, 63), fill=(0, 0, 0, 0))
    out = io.BytesIO()
    mask.save(out, "PNG")

    answer = engine.http.post(
        "/upload/mask",
        files={"image": ("masked.png", out.getvalue())},
        data={"original_ref": json.dumps({"filename": "given.png", "type": "input"})},
    )

    assert answer.status_code == 200
    stored = picture(view(engine, filename="masked.png", type="input").content)
    assert stored.getpixel((5, 5)) == (220, 180, 90, 0)
    assert stored.getpixel((60, 5)) == (220, 180, 90, 255)
    bad = engine.http.post("/upload/mask", files={"image": ("m.png", out.getvalue())})
    assert bad.status_code == 400


@pytest.mark.parametrize(
    ("node", "size"),
    [
        ({"class_type": "ImageScale", "inputs": {
            "upscale_method": "area", "width": 48, "height": 0, "crop": "disabled"}}, (48, 32)),
        ({"class_type": "ImageScale", "inputs": {
            "upscale_method": "lanczos", "width": 40, "height": 40, "crop": "center"}}, (40, 40)),
        ({"class_type": "ImageScaleBy", "inputs": {
            "upscale_method": "bicubic", "scale_by": 2.0}}, (192, 128)),
        ({"class_type": "ImageScaleToTotalPixels", "inputs": {
            "upscale_method": "bilinear", "megapixels": 0.25}}, (627, 418)),
        ({"class_type": "ImageInvert", "inputs": {}}, (96, 64)),
    ],
)  # fmt: skip
def test_nodes_that_work_on_pictures_do_their_work(
    engine: Engine, node: dict[str, Any], size: tuple[int, int]
) -> None:
    upload(engine, "given.png", png((200, 120, 40)))
    node["inputs"]["image"] = ["1", 0]
    graph: Graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "given.png"}},
        "2": node,
        "3": {"class_type": "PreviewImage", "inputs": {"images": ["2", 0]}},
    }

    (data,) = engine.images(engine.run(graph))

    assert picture(data).size == size


def test_masks_and_batches_can_be_combined(engine: Engine) -> None:
    upload(engine, "given.png", png((200, 120, 40, 0), (32, 32)))
    graph: Graph = {
        "1": {"class_type": "LoadImage", "inputs": {"image": "given.png"}},
        "2": {"class_type": "InvertMask", "inputs": {"mask": ["1", 1]}},
        "3": {"class_type": "MaskToImage", "inputs": {"mask": ["2", 0]}},
        "4": {"class_type": "ImageToMask", "inputs": {"image": ["1", 0], "channel": "green"}},
        "5": {"class_type": "MaskToImage", "inputs": {"mask": ["4", 0]}},
        "6": {"class_type": "ImageBatch", "inputs": {"image1": ["3", 0], "image2": ["5", 0]}},
        "7": {"class_type": "PreviewImage", "inputs": {"images": ["6", 0]}},
    }

    first, second = (picture(data) for data in engine.images(engine.run(graph)))

    assert first.getpixel((0, 0)) == (0, 0, 0)
    assert second.getpixel((0, 0)) == (120, 120, 120)
