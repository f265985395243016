"""The graphs that the catalogue's models are used with: each runs and means what it says."""

from __future__ import annotations

from typing import Any

import pytest
from servers.demo.harness import Engine, Graph, picture, png, text_graph

SIZE = {"width": 128, "height": 96, "batch_size": 1}


def node(kind: str, **inputs: Any) -> dict[str, Any]:
    return {"class_type": kind, "inputs": inputs}


def tail(samples: list[Any], vae: list[Any]) -> Graph:
    return {
        "90": node("VAEDecode", samples=samples, vae=vae),
        "91": node("SaveImage", images=["90", 0], filename_prefix="graph"),
    }


def flux(prompt: str, steps: int = 4, guidance: float = 3.5) -> Graph:
    return {
        "1": node("UNETLoader", unet_name="flux1-dev.safetensors", weight_dtype="fp8_e4m3fn"),
        "2": node(
            "DualCLIPLoader",
            clip_name1="clip_l.safetensors",
            clip_name2="t5xxl_fp16.safetensors",
            type="flux",
        ),
        "3": node("VAELoader", vae_name="ae.safetensors"),
        "4": node("CLIPTextEncode", text=prompt, clip=["2", 0]),
        "5": node("FluxGuidance", conditioning=["4", 0], guidance=guidance),
        "6": node("ConditioningZeroOut", conditioning=["4", 0]),
        "7": node("EmptySD3LatentImage", **SIZE),
        "8": node(
            "KSampler", model=["1", 0], seed=1, steps=steps, cfg=1.0, sampler_name="euler",
            scheduler="simple", positive=["5", 0], negative=["6", 0], latent_image=["7", 0],
            denoise=1.0,
        ),
        **tail(["8", 0], ["3", 0]),
    }  # fmt: skip


def turbo(prompt: str) -> Graph:
    return {
        "1": node("CheckpointLoaderSimple", ckpt_name="sd_xl_turbo_1.0_fp16.safetensors"),
        "2": node("CLIPTextEncode", text=prompt, clip=["1", 1]),
        "3": node("CLIPTextEncode", text="", clip=["1", 1]),
        "4": node("EmptyLatentImage", **SIZE),
        "5": node("KSamplerSelect", sampler_name="euler_ancestral"),
        "6": node("SDTurboScheduler", model=["1", 0], steps=1, denoise=1),
        "7": node(
            "SamplerCustom", model=["1", 0], add_noise=True, noise_seed=0, cfg=1,
            positive=["2", 0], negative=["3", 0], sampler=["5", 0], sigmas=["6", 0],
            latent_image=["4", 0],
        ),
        **tail(["7", 0], ["1", 2]),
    }  # fmt: skip


def z_image(prompt: str) -> Graph:
    return {
        "1": node("UNETLoader", unet_name="z_image_turbo_bf16.safetensors", weight_dtype="default"),
        "2": node("CLIPLoader", clip_name="qwen_3_4b.safetensors", type="lumina2"),
        "3": node("VAELoader", vae_name="ae.safetensors"),
        "4": node("ModelSamplingAuraFlow", model=["1", 0], shift=3.0),
        "5": node("CLIPTextEncode", text=prompt, clip=["2", 0]),
        "6": node("ConditioningZeroOut", conditioning=["5", 0]),
        "7": node("EmptySD3LatentImage", **SIZE),
        "8": node(
            "KSampler", model=["4", 0], seed=1, steps=8, cfg=1.0, sampler_name="res_multistep",
            scheduler="simple", positive=["5", 0], negative=["6", 0], latent_image=["7", 0],
            denoise=1.0,
        ),
        **tail(["8", 0], ["3", 0]),
    }  # fmt: skip


def guided(prompt: str, guider: dict[str, Any]) -> Graph:
    graph = flux(prompt)
    graph["10"] = node("RandomNoise", noise_seed=1)
    graph["11"] = guider
    graph["12"] = node("KSamplerSelect", sampler_name="euler")
    graph["13"] = node("BasicScheduler", model=["1", 0], scheduler="beta", steps=3, denoise=1.0)
    graph["8"] = node(
        "SamplerCustomAdvanced", noise=["10", 0], guider=["11", 0], sampler=["12", 0],
        sigmas=["13", 0], latent_image=["7", 0],
    )  # fmt: skip
    return graph


BASIC = node("BasicGuider", model=["1", 0], conditioning=["5", 0])
FREE = node("CFGGuider", model=["1", 0], positive=["5", 0], negative=["6", 0], cfg=2.0)


@pytest.mark.parametrize(
    "build",
    [flux, turbo, z_image, lambda p: guided(p, BASIC), lambda p: guided(p, FREE)],
    ids=["flux", "turbo", "z-image", "basic guider", "free guider"],
)
def test_each_models_graph_draws_its_prompt(engine: Engine, build: Any) -> None:
    (fox,) = engine.images(engine.run(build("a red fox")))
    (sea,) = engine.images(engine.run(build("the blue sea")))

    assert picture(fox).size == (128, 96)
    assert fox != sea


def test_the_guidance_node_counts(engine: Engine) -> None:
    weak, strong = (
        engine.images(engine.run(flux("a red fox", guidance=value))) for value in (0.0, 9.0)
    )

    assert weak != strong


def test_an_advanced_sampler_takes_part_of_the_steps(engine: Engine) -> None:
    graph = text_graph()
    given = {**graph["3"]["inputs"], "noise_seed": 3, "steps": 20}
    for name in ("seed", "denoise"):
        del given[name]
    more = {"start_at_step": 0, "end_at_step": 10000, "return_with_leftover_noise": "disable"}
    graph["3"] = node("KSamplerAdvanced", add_noise="enable", **more, **given)

    assert engine.run(graph)["status"]["completed"]


def image_to_image(engine: Engine, denoise: float, encoder: str = "VAEEncode") -> bytes:
    files = {"image": ("given.png", png((220, 180, 90), (128, 96)))}
    engine.http.post("/upload/image", files=files, data={"overwrite": "true"})
    graph = text_graph("make it night", denoise=denoise)
    graph["1"] = node("LoadImage", image="given.png")
    graph["5"] = node(encoder, pixels=["1", 0], vae=["4", 2])
    if encoder == "VAEEncodeForInpaint":
        graph["2"] = node("InvertMask", mask=["1", 1])
        graph["5"]["inputs"] |= {"mask": ["2", 0], "grow_mask_by": 6}
    (data,) = engine.images(engine.run(graph))
    return data


def test_image_to_image_keeps_more_of_the_picture_the_lower_its_denoise(engine: Engine) -> None:
    def left(denoise: float) -> float:
        pixel = picture(image_to_image(engine, denoise)).convert("RGB").getpixel((64, 60))
        assert isinstance(pixel, tuple)
        return sum(abs(a - b) for a, b in zip(pixel, (220, 180, 90), strict=True))

    assert left(0.2) < left(0.7)


def test_full_denoise_leaves_nothing_of_the_picture(engine: Engine) -> None:
    (fresh,) = engine.images(engine.run(text_graph("make it night")))

    def pixels(data: bytes) -> bytes:
        return picture(data).convert("RGB").tobytes()

    assert pixels(image_to_image(engine, 1.0)) == pixels(fresh)
    assert pixels(image_to_image(engine, 1.0, "VAEEncodeForInpaint")) != pixels(fresh)


def test_a_batch_can_be_repeated_and_texts_combined(engine: Engine) -> None:
    graph = text_graph()
    graph["20"] = node("RepeatLatentBatch", samples=["5", 0], amount=3)
    graph["21"] = node("ConditioningCombine", conditioning_1=["6", 0], conditioning_2=["7", 0])
    graph["22"] = node("CLIPSetLastLayer", clip=["4", 1], stop_at_clip_layer=-2)
    graph["6"]["inputs"]["clip"] = ["22", 0]
    graph["3"]["inputs"] |= {"latent_image": ["20", 0], "positive": ["21", 0]}

    assert len(engine.images(engine.run(graph))) == 3


def test_a_lora_and_a_tiled_decoder_are_known(engine: Engine) -> None:
    graph = text_graph()
    lora = "Qwen-Image-Edit-2509-Lightning-4steps-V1.0-bf16.safetensors"
    graph["20"] = node(
        "LoraLoader", model=["4", 0], clip=["4", 1], lora_name=lora, strength_model=1,
        strength_clip=1,
    )  # fmt: skip
    graph["21"] = node("ModelSamplingSD3", model=["20", 0], shift=3.0)
    graph["3"]["inputs"]["model"] = ["21", 0]
    graph["6"]["inputs"]["clip"] = ["20", 1]
    graph["8"] = node("VAEDecodeTiled", samples=["3", 0], vae=["4", 2], tile_size=512, overlap=64)

    assert engine.run(graph)["status"]["completed"]


def test_a_reference_picture_is_edited(engine: Engine) -> None:
    files = {"image": ("given.png", png((220, 180, 90), (128, 96)))}
    engine.http.post("/upload/image", files=files)
    plain = text_graph("make it night")
    plain["1"] = node("LoadImage", image="given.png")
    reference = {**plain, "20": node("VAEEncode", pixels=["1", 0], vae=["4", 2])}
    reference["21"] = node("ReferenceLatent", conditioning=["6", 0], latent=["20", 0])
    reference["3"] = node("KSampler", **{**plain["3"]["inputs"], "positive": ["21", 0]})
    spoken = {**plain}
    spoken["6"] = node("TextEncodeQwenImageEdit", clip=["4", 1], prompt="night", image=["1", 0])

    results = [engine.images(engine.run(graph))[0] for graph in (plain, reference, spoken)]

    assert len(set(results)) == 3


def test_a_latent_that_nobody_sampled_is_grey(engine: Engine) -> None:
    graph = text_graph()
    graph["8"]["inputs"]["samples"] = ["5", 0]

    (data,) = engine.images(engine.run(graph))

    assert picture(data).getpixel((10, 10)) == (128, 128, 128)


def test_a_prompt_that_names_a_model_of_another_kind_is_refused(engine: Engine) -> None:
    graph = flux("x")
    graph["3"]["inputs"]["vae_name"] = "flux1-dev.safetensors"

    assert engine.http.post("/prompt", json={"prompt": graph}).status_code == 400
