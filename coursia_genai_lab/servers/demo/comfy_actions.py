"""What each node that is no sampler does to the values that flow through it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PIL import Image, ImageFilter, ImageOps

from .comfy_values import Conditioning, Guider, Images, Latent, Model, Sigmas
from .drawing import fit
from .files import Vault
from .marks import encode
from .pixels import decode
from .recipe import check_size

RESAMPLING = {
    "nearest-exact": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "area": Image.Resampling.BOX,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True)
class Desk:
    """What an action may use: the files, the graph it belongs to, and its own node id.

    `finished` returns a file as it is to be stored.
    """

    vault: Vault
    graph: dict[str, Any]
    node_id: str
    finished: Callable[[bytes], bytes]


Given = dict[str, Any]
Action = Callable[[Desk, Given], tuple[Any, ...]]


def _load_image(desk: Desk, given: Given) -> tuple[Any, ...]:
    picture = _upload(desk, given["image"])
    return (picture.convert("RGB"),), _hole(picture)


def _load_mask(desk: Desk, given: Given) -> tuple[Any, ...]:
    picture = _upload(desk, given["image"])
    if given["channel"] == "alpha":
        return (_hole(picture),)
    return (picture.convert("RGB").getchannel(given["channel"][0].upper()),)


def _upload(desk: Desk, name: str) -> Image.Image:
    return decode(desk.vault.path("input", "", name).read_bytes())


def _hole(picture: Image.Image) -> Image.Image:
    # ComfyUI's mask is white where the picture is transparent.
    if "A" not in picture.getbands():
        return Image.new("L", picture.size, 0)
    return ImageOps.invert(picture.getchannel("A"))


def _empty(desk: Desk, given: Given) -> tuple[Any, ...]:
    return (Latent(given["width"], given["height"], given["batch_size"]),)


def _encode(desk: Desk, given: Given) -> tuple[Any, ...]:
    pictures: Images = given["pixels"]
    mask: Image.Image | None = given.get("mask")
    if mask is not None and given.get("grow_mask_by"):
        mask = mask.filter(ImageFilter.MaxFilter(given["grow_mask_by"] // 2 * 2 + 1))
    width, height = pictures[0].size
    return (Latent(width, height, len(pictures), pictures, mask),)


def _decode(desk: Desk, given: Given) -> tuple[Any, ...]:
    latent: Latent = given["samples"]
    if latent.pictures:
        return (latent.pictures,)
    check_size(latent.width, latent.height)
    return ((Image.new("RGB", (latent.width, latent.height), "grey"),) * latent.batch,)


def _set_mask(desk: Desk, given: Given) -> tuple[Any, ...]:
    return (dataclasses.replace(given["samples"], mask=given["mask"]),)


def _repeat(desk: Desk, given: Given) -> tuple[Any, ...]:
    latent: Latent = given["samples"]
    return (dataclasses.replace(latent, batch=latent.batch * given["amount"]),)


def _edit_text(desk: Desk, given: Given) -> tuple[Any, ...]:
    names = ("image", "image1", "image2", "image3")
    images = tuple(given[name][0] for name in names if name in given)
    return (Conditioning(given["prompt"], images),)


def _combine(desk: Desk, given: Given) -> tuple[Any, ...]:
    one: Conditioning = given["conditioning_1"]
    two: Conditioning = given["conditioning_2"]
    return (Conditioning(f"{one.text}, {two.text}", one.images + two.images, one.guidance),)


def _guidance(desk: Desk, given: Given) -> tuple[Any, ...]:
    return (dataclasses.replace(given["conditioning"], guidance=given["guidance"]),)


def _reference(desk: Desk, given: Given) -> tuple[Any, ...]:
    text: Conditioning = given["conditioning"]
    latent: Latent | None = given.get("latent")
    more = latent.pictures[:1] if latent else ()
    return (dataclasses.replace(text, images=text.images + more),)


def _lora(desk: Desk, given: Given) -> tuple[Any, ...]:
    model: Model = given["model"]
    with_lora = dataclasses.replace(model, loras=(*model.loras, given["lora_name"]))
    return with_lora, given.get("clip")


def _scale(desk: Desk, given: Given) -> tuple[Any, ...]:
    pictures: Images = given["image"]
    width, height = given["width"], given["height"]
    if not width and not height:
        return (pictures,)
    first = pictures[0]
    width = width or max(1, round(first.width * height / first.height))
    height = height or max(1, round(first.height * width / first.width))
    if given["crop"] == "center":
        check_size(width, height)
        return (tuple(fit(picture, width, height) for picture in pictures),)
    return (_resized(pictures, width, height, given["upscale_method"]),)


def _scale_by(desk: Desk, given: Given) -> tuple[Any, ...]:
    first = given["image"][0]
    by = given.get("scale_by") or (
        (given["megapixels"] * 2**20 / (first.width * first.height)) ** 0.5
    )
    width, height = round(first.width * by), round(first.height * by)
    return (_resized(given["image"], width, height, given["upscale_method"]),)


def _scale_kontext(desk: Desk, given: Given) -> tuple[Any, ...]:
    # About one megapixel in the picture's own shape, in multiples of 16, is what the model likes.
    first = given["image"][0]
    by = (2**20 / (first.width * first.height)) ** 0.5
    width, height = (max(16, round(side * by / 16) * 16) for side in first.size)
    return (_resized(given["image"], min(width, 2048), min(height, 2048), "lanczos"),)


def _resized(pictures: Images, width: int, height: int, method: str) -> Images:
    check_size(width, height)
    return tuple(picture.resize((width, height), RESAMPLING[method]) for picture in pictures)


def _composite(desk: Desk, given: Given) -> tuple[Any, ...]:
    below, above = given["destination"], given["source"]
    mask: Image.Image | None = given.get("mask")
    made = []
    for index, picture in enumerate(below):
        over = above[index % len(above)]
        if given["resize_source"]:
            over = over.resize(picture.size, Image.Resampling.BILINEAR)
        cut = mask.resize(over.size, Image.Resampling.BILINEAR) if mask is not None else None
        whole = picture.convert("RGB")
        whole.paste(over.convert("RGB"), (given["x"], given["y"]), cut)
        made.append(whole)
    return (tuple(made),)


def _save(desk: Desk, given: Given) -> tuple[Any, ...]:
    return (_write(desk, given["images"], "output", given["filename_prefix"]),)


def _show(desk: Desk, given: Given) -> tuple[Any, ...]:
    return (_write(desk, given["images"], "temp", "ComfyUI_temp"),)


def _write(desk: Desk, pictures: Images, kind: str, prefix: str) -> dict[str, Any]:
    saved = []
    for picture in pictures:
        subfolder, name = desk.vault.next_name(kind, prefix)
        data = desk.finished(encode(picture, texts={"prompt": json.dumps(desk.graph)}))
        desk.vault.store(kind, desk.vault.path(kind, subfolder, name), data)
        saved.append({"filename": name, "subfolder": subfolder, "type": kind})
    return {"images": saved}


def _channel(desk: Desk, given: Given) -> tuple[Any, ...]:
    picture: Image.Image = given["image"][0]
    if given["channel"] == "alpha":
        return (Image.new("L", picture.size, 255),)
    return (picture.convert("RGB").getchannel(given["channel"][0].upper()),)


def _same(name: str) -> Action:
    return lambda desk, given: (given[name],)


ACTIONS: dict[str, Action] = {
    "CheckpointLoaderSimple": lambda d, g: (Model(g["ckpt_name"]), g["ckpt_name"], g["ckpt_name"]),
    "UNETLoader": lambda d, g: (Model(g["unet_name"]),),
    "CLIPLoader": _same("clip_name"),
    "DualCLIPLoader": _same("clip_name1"),
    "TripleCLIPLoader": _same("clip_name1"),
    "VAELoader": _same("vae_name"),
    "LoraLoader": _lora,
    "LoraLoaderModelOnly": _lora,
    "ModelSamplingAuraFlow": _same("model"),
    "ModelSamplingSD3": _same("model"),
    "CFGNorm": _same("model"),
    "CLIPSetLastLayer": _same("clip"),
    "CLIPTextEncode": lambda d, g: (Conditioning(g["text"]),),
    "TextEncodeQwenImageEdit": _edit_text,
    "TextEncodeQwenImageEditPlus": _edit_text,
    "FluxGuidance": _guidance,
    "ConditioningZeroOut": lambda d, g: (Conditioning(""),),
    "ConditioningCombine": _combine,
    "ReferenceLatent": _reference,
    "EmptyLatentImage": _empty,
    "EmptySD3LatentImage": _empty,
    "VAEEncode": _encode,
    "VAEEncodeForInpaint": _encode,
    "SetLatentNoiseMask": _set_mask,
    "RepeatLatentBatch": _repeat,
    "VAEDecode": _decode,
    "VAEDecodeTiled": _decode,
    "KSamplerSelect": _same("sampler_name"),
    "SDTurboScheduler": lambda d, g: (Sigmas(g["steps"], g["denoise"]),),
    "BasicScheduler": lambda d, g: (Sigmas(g["steps"], g["denoise"]),),
    "RandomNoise": _same("noise_seed"),
    "BasicGuider": lambda d, g: (Guider(g["model"], g["conditioning"], Conditioning(""), 1.0),),
    "CFGGuider": lambda d, g: (Guider(g["model"], g["positive"], g["negative"], g["cfg"]),),
    "LoadImage": _load_image,
    "LoadImageMask": _load_mask,
    "SaveImage": _save,
    "PreviewImage": _show,
    "ImageScale": _scale,
    "ImageScaleBy": _scale_by,
    "ImageScaleToTotalPixels": _scale_by,
    "FluxKontextImageScale": _scale_kontext,
    "ImageInvert": lambda d, g: (tuple(ImageOps.invert(image) for image in g["image"]),),
    "ImageBatch": lambda d, g: (
        g["image1"] + tuple(fit(image, *g["image1"][0].size) for image in g["image2"]),
    ),
    "ImageCompositeMasked": _composite,
    "InvertMask": lambda d, g: (ImageOps.invert(g["mask"]),),
    "ImageToMask": _channel,
    "MaskToImage": lambda d, g: ((g["mask"].convert("RGB"),),),
}
