"""Workflows as people export them from ComfyUI, built in other ways than ours."""

from __future__ import annotations

from typing import Any

Graph = dict[str, dict[str, Any]]


def node(kind: str, /, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs, "_meta": {"title": kind}}


def flux_by_guider() -> Graph:
    """FLUX by the parts of SamplerCustomAdvanced, its prompt in a node of its own."""
    return {
        "6": node("CLIPTextEncode", text=["50", 0], clip=["11", 0]),
        "8": node("VAEDecode", samples=["13", 0], vae=["10", 0]),
        "9": node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
        "10": node("VAELoader", vae_name="ae.safetensors"),
        "11": node(
            "DualCLIPLoader",
            clip_name1="clip_l.safetensors",
            clip_name2="t5xxl_fp8_e4m3fn.safetensors",
            type="flux",
        ),
        "12": node("UNETLoader", unet_name="flux1-dev.safetensors", weight_dtype="default"),
        "13": node(
            "SamplerCustomAdvanced",
            noise=["25", 0],
            guider=["22", 0],
            sampler=["16", 0],
            sigmas=["17", 0],
            latent_image=["27", 0],
        ),
        "16": node("KSamplerSelect", sampler_name="euler"),
        "17": node("BasicScheduler", model=["12", 0], scheduler="simple", steps=24, denoise=1.0),
        "22": node("BasicGuider", model=["30", 0], conditioning=["26", 0]),
        "25": node("RandomNoise", noise_seed=4242),
        "26": node("FluxGuidance", conditioning=["6", 0], guidance=3.0),
        "27": node("EmptySD3LatentImage", width=768, height=1024, batch_size=4),
        "30": node(
            "ModelSamplingFlux",
            model=["12", 0],
            max_shift=1.15,
            base_shift=0.5,
            width=768,
            height=1024,
        ),
        "50": node("PrimitiveStringMultiline", value="a lighthouse"),
    }


def with_control_net() -> Graph:
    """A control net takes both texts and gives both, so that who is who is told by the slot."""
    return {
        "3": node(
            "KSampler",
            model=["4", 0],
            positive=["23", 0],
            negative=["23", 1],
            latent_image=["5", 0],
            seed=["60", 0],
            steps=25,
            cfg=7.5,
            sampler_name="euler",
            scheduler="normal",
            denoise=1.0,
        ),
        "4": node("CheckpointLoaderSimple", ckpt_name="sd_xl_turbo_1.0_fp16.safetensors"),
        "5": node("EmptyLatentImage", width=512, height=768, batch_size=1),
        "6": node("CLIPTextEncode", text="blurry, bad hands", clip=["4", 1]),
        "7": node("CLIPTextEncode", text="a dancer", clip=["4", 1]),
        "8": node("VAEDecode", samples=["3", 0], vae=["4", 2]),
        "9": node("SaveImage", filename_prefix="ComfyUI", images=["8", 0]),
        "20": node("LoadImage", image="pose.png"),
        "21": node("ControlNetLoader", control_net_name="openpose.safetensors"),
        "23": node(
            "ControlNetApplyAdvanced",
            positive=["7", 0],
            negative=["6", 0],
            control_net=["21", 0],
            image=["20", 0],
            strength=0.8,
            start_percent=0.0,
            end_percent=1.0,
        ),
        "60": node("PrimitiveInt", value=7),
    }


def inpainting_by_alpha() -> Graph:
    """The mask that ComfyUI's own editor draws: in the transparency of the picture."""
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="sd_xl_turbo_1.0_fp16.safetensors"),
        "2": node("CLIPTextEncode", text="a door", clip=["1", 1]),
        "3": node("CLIPTextEncode", text="", clip=["1", 1]),
        "4": node("LoadImage", image="clipspace/clipspace-painted-1.png [input]"),
        "5": node(
            "VAEEncodeForInpaint", pixels=["4", 0], vae=["1", 2], mask=["4", 1], grow_mask_by=6
        ),
        "6": node(
            "KSampler",
            model=["1", 0],
            positive=["2", 0],
            negative=["3", 0],
            latent_image=["5", 0],
            seed=1,
            steps=4,
            cfg=1.0,
            sampler_name="euler",
            scheduler="normal",
            denoise=1.0,
        ),
        "7": node("VAEDecode", samples=["6", 0], vae=["1", 2]),
        "8": node("SaveImage", filename_prefix="ComfyUI", images=["7", 0]),
    }


def inpainting_by_mask_file() -> Graph:
    """A mask in a file of its own, white where the picture may change."""
    graph = inpainting_by_alpha()
    graph["10"] = node("LoadImageMask", image="mask.png", channel="red")
    graph["5"]["inputs"]["mask"] = ["10", 0]
    return graph


def inpainting_by_colours() -> Graph:
    """A mask in a picture whose colours are read, scaled before."""
    graph = inpainting_by_alpha()
    graph["10"] = node("LoadImage", image="black and white.png", upload="image")
    graph["11"] = node(
        "ImageScale",
        image=["10", 0],
        upscale_method="bilinear",
        width=128,
        height=64,
        crop="disabled",
    )
    graph["12"] = node("ImageToMask", image=["11", 0], channel="red")
    graph["5"]["inputs"]["mask"] = ["12", 0]
    return graph


def base_and_refiner() -> Graph:
    """SDXL in two parts that share the steps, each with texts of its own."""
    part = {
        "add_noise": "enable",
        "noise_seed": 11,
        "steps": 25,
        "cfg": 8.0,
        "sampler_name": "euler",
        "scheduler": "normal",
    }
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="sd_xl_base.safetensors"),
        "2": node("CheckpointLoaderSimple", ckpt_name="sd_xl_refiner.safetensors"),
        "3": node("CLIPTextEncode", text="a valley", clip=["1", 1]),
        "4": node("CLIPTextEncode", text="watermark", clip=["1", 1]),
        "5": node("CLIPTextEncode", text="a valley", clip=["2", 1]),
        "6": node("CLIPTextEncode", text="watermark", clip=["2", 1]),
        "7": node("EmptyLatentImage", width=1024, height=1024, batch_size=1),
        "8": node(
            "KSamplerAdvanced",
            model=["1", 0],
            positive=["3", 0],
            negative=["4", 0],
            latent_image=["7", 0],
            start_at_step=0,
            end_at_step=20,
            return_with_leftover_noise="enable",
            **part,
        ),
        "9": node(
            "KSamplerAdvanced",
            model=["2", 0],
            positive=["5", 0],
            negative=["6", 0],
            latent_image=["8", 0],
            start_at_step=20,
            end_at_step=10000,
            return_with_leftover_noise="disable",
            **{**part, "noise_seed": 12},
        ),
        "10": node("VAEDecode", samples=["9", 0], vae=["1", 2]),
        "11": node("PreviewImage", images=["10", 0]),
        "12": node("SaveImage", filename_prefix="ComfyUI", images=["10", 0]),
    }
