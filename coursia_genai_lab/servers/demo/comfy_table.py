"""The node classes of the ComfyUI dialect, as data: one line each, continued by indentation.

A line reads `category Name(input=KIND ...) -> OUTPUT ...`. A kind is a type that must come by a
link, a word of NUMBERS or CHOICES, or TEXT, LINE, SWITCH, UPLOAD; `?` marks what may be left out,
`KIND:name` names an output, END a node that a prompt may end with.
"""

from __future__ import annotations

from .comfy_models import (
    CLIP_TYPES,
    DUAL_CLIP_TYPES,
    MODEL_FILES,
    SAMPLERS,
    SCHEDULERS,
    UPSCALE_METHODS,
    WEIGHT_TYPES,
)

CHOICES: dict[str, tuple[str, ...]] = {
    **{f"@{folder}": names for folder, names in MODEL_FILES.items()},
    "SAMPLERS": SAMPLERS,
    "SCHEDULERS": SCHEDULERS,
    "WEIGHTS": WEIGHT_TYPES,
    "CLIP_TYPES": CLIP_TYPES,
    "DUAL_CLIP_TYPES": DUAL_CLIP_TYPES,
    "DEVICES": ("default", "cpu"),
    "UPSCALING": UPSCALE_METHODS,
    "CROPS": ("disabled", "center"),
    "ENABLED": ("enable", "disable"),
    "CHANNELS": ("red", "green", "blue", "alpha"),
}

# default, least, most, step; a whole step makes the input an integer
NUMBERS: dict[str, tuple[float, float, float, float]] = {
    "SEED": (0, 0, 0xFFFFFFFFFFFFFFFF, 1),
    "STEPS": (20, 1, 10000, 1),
    "TURBO_STEPS": (1, 1, 10, 1),
    "START": (0, 0, 10000, 1),
    "STOP": (10000, 0, 10000, 1),
    "CFG": (8.0, 0.0, 100.0, 0.1),
    "SHARE": (1.0, 0.0, 1.0, 0.01),
    "LORA": (1.0, -100.0, 100.0, 0.01),
    "SHIFT": (3.0, 0.0, 100.0, 0.01),
    "NORM": (1.0, 0.0, 100.0, 0.01),
    "GUIDANCE": (3.5, 0.0, 100.0, 0.1),
    "LAYER": (-1, -24, -1, 1),
    "SIDE_512": (512, 16, 16384, 8),
    "SIDE_1024": (1024, 16, 16384, 16),
    "SIDE": (512, 0, 16384, 1),
    "OFFSET": (0, 0, 16384, 1),
    "BATCH": (1, 1, 4096, 1),
    "TIMES": (1, 1, 64, 1),
    "GROW": (6, 0, 64, 1),
    "TILE": (512, 64, 4096, 32),
    "OVERLAP": (64, 0, 4096, 32),
    "TILE_TIME": (64, 8, 4096, 4),
    "OVERLAP_TIME": (8, 4, 4096, 4),
    "FACTOR": (1.0, 0.01, 8.0, 0.01),
    "MEGAPIXELS": (1.0, 0.01, 16.0, 0.01),
}

TABLE = """
loaders CheckpointLoaderSimple(ckpt_name=@checkpoints) -> MODEL CLIP VAE
loaders UNETLoader(unet_name=@diffusion_models weight_dtype=WEIGHTS) -> MODEL
loaders CLIPLoader(clip_name=@text_encoders type=CLIP_TYPES device=DEVICES?) -> CLIP
loaders DualCLIPLoader(clip_name1=@text_encoders clip_name2=@text_encoders
    type=DUAL_CLIP_TYPES device=DEVICES?) -> CLIP
loaders TripleCLIPLoader(clip_name1=@text_encoders clip_name2=@text_encoders
    clip_name3=@text_encoders) -> CLIP
loaders VAELoader(vae_name=@vae) -> VAE
loaders LoraLoader(model=MODEL clip=CLIP lora_name=@loras strength_model=LORA
    strength_clip=LORA) -> MODEL CLIP
loaders LoraLoaderModelOnly(model=MODEL lora_name=@loras strength_model=LORA) -> MODEL
model ModelSamplingAuraFlow(model=MODEL shift=SHIFT) -> MODEL
model ModelSamplingSD3(model=MODEL shift=SHIFT) -> MODEL
model CFGNorm(model=MODEL strength=NORM) -> MODEL:patched_model
conditioning CLIPSetLastLayer(clip=CLIP stop_at_clip_layer=LAYER) -> CLIP
conditioning CLIPTextEncode(text=TEXT clip=CLIP) -> CONDITIONING
conditioning TextEncodeQwenImageEdit(clip=CLIP prompt=TEXT vae=VAE? image=IMAGE?) -> CONDITIONING
conditioning TextEncodeQwenImageEditPlus(clip=CLIP prompt=TEXT vae=VAE? image1=IMAGE?
    image2=IMAGE? image3=IMAGE?) -> CONDITIONING
conditioning FluxGuidance(conditioning=CONDITIONING guidance=GUIDANCE) -> CONDITIONING
conditioning ConditioningZeroOut(conditioning=CONDITIONING) -> CONDITIONING
conditioning ConditioningCombine(conditioning_1=CONDITIONING
    conditioning_2=CONDITIONING) -> CONDITIONING
conditioning ReferenceLatent(conditioning=CONDITIONING latent=LATENT?) -> CONDITIONING
latent EmptyLatentImage(width=SIDE_512 height=SIDE_512 batch_size=BATCH) -> LATENT
latent EmptySD3LatentImage(width=SIDE_1024 height=SIDE_1024 batch_size=BATCH) -> LATENT
latent VAEEncode(pixels=IMAGE vae=VAE) -> LATENT
latent VAEEncodeForInpaint(pixels=IMAGE vae=VAE mask=MASK grow_mask_by=GROW) -> LATENT
latent SetLatentNoiseMask(samples=LATENT mask=MASK) -> LATENT
latent RepeatLatentBatch(samples=LATENT amount=TIMES) -> LATENT
latent VAEDecode(samples=LATENT vae=VAE) -> IMAGE
latent VAEDecodeTiled(samples=LATENT vae=VAE tile_size=TILE overlap=OVERLAP
    temporal_size=TILE_TIME? temporal_overlap=OVERLAP_TIME?) -> IMAGE
sampling KSampler(model=MODEL seed=SEED steps=STEPS cfg=CFG sampler_name=SAMPLERS
    scheduler=SCHEDULERS positive=CONDITIONING negative=CONDITIONING latent_image=LATENT
    denoise=SHARE) -> LATENT
sampling KSamplerAdvanced(model=MODEL add_noise=ENABLED noise_seed=SEED steps=STEPS cfg=CFG
    sampler_name=SAMPLERS scheduler=SCHEDULERS positive=CONDITIONING negative=CONDITIONING
    latent_image=LATENT start_at_step=START end_at_step=STOP
    return_with_leftover_noise=ENABLED) -> LATENT
sampling KSamplerSelect(sampler_name=SAMPLERS) -> SAMPLER
sampling SDTurboScheduler(model=MODEL steps=TURBO_STEPS denoise=SHARE) -> SIGMAS
sampling BasicScheduler(model=MODEL scheduler=SCHEDULERS steps=STEPS denoise=SHARE) -> SIGMAS
sampling SamplerCustom(model=MODEL add_noise=SWITCH noise_seed=SEED cfg=CFG positive=CONDITIONING
    negative=CONDITIONING sampler=SAMPLER sigmas=SIGMAS
    latent_image=LATENT) -> LATENT:output LATENT:denoised_output
sampling RandomNoise(noise_seed=SEED) -> NOISE
sampling BasicGuider(model=MODEL conditioning=CONDITIONING) -> GUIDER
sampling CFGGuider(model=MODEL positive=CONDITIONING negative=CONDITIONING cfg=CFG) -> GUIDER
sampling SamplerCustomAdvanced(noise=NOISE guider=GUIDER sampler=SAMPLER sigmas=SIGMAS
    latent_image=LATENT) -> LATENT:output LATENT:denoised_output
image LoadImage(image=UPLOAD) -> IMAGE MASK
mask LoadImageMask(image=UPLOAD channel=CHANNELS) -> MASK
image SaveImage(images=IMAGE filename_prefix=LINE) -> END
image PreviewImage(images=IMAGE) -> END
image SaveImageWebsocket(images=IMAGE) -> END
image ImageScale(image=IMAGE upscale_method=UPSCALING width=SIDE height=SIDE crop=CROPS) -> IMAGE
image ImageScaleBy(image=IMAGE upscale_method=UPSCALING scale_by=FACTOR) -> IMAGE
image ImageScaleToTotalPixels(image=IMAGE upscale_method=UPSCALING megapixels=MEGAPIXELS) -> IMAGE
image FluxKontextImageScale(image=IMAGE) -> IMAGE
image ImageInvert(image=IMAGE) -> IMAGE
image ImageBatch(image1=IMAGE image2=IMAGE) -> IMAGE
image ImageCompositeMasked(destination=IMAGE source=IMAGE x=OFFSET y=OFFSET resize_source=SWITCH
    mask=MASK?) -> IMAGE
mask InvertMask(mask=MASK) -> MASK
mask ImageToMask(image=IMAGE channel=CHANNELS) -> MASK
mask MaskToImage(mask=MASK) -> IMAGE
"""
