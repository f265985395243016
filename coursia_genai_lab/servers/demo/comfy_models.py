"""The model files and option lists that the ComfyUI dialect knows."""

from __future__ import annotations

MODEL_FILES: dict[str, tuple[str, ...]] = {
    "checkpoints": (
        "flux1-dev-fp8.safetensors",
        "flux1-schnell-fp8.safetensors",
        "sd3.5_large_fp8_scaled.safetensors",
        "sd_xl_turbo_1.0_fp16.safetensors",
    ),
    "diffusion_models": (
        "flux1-dev.safetensors",
        "flux1-schnell.safetensors",
        "qwen_image_edit_2509_fp8_e4m3fn.safetensors",
        "z_image_turbo_bf16.safetensors",
        "z_image_turbo_int8_convrot.safetensors",
    ),
    "text_encoders": (
        "clip_g.safetensors",
        "clip_l.safetensors",
        "qwen_2.5_vl_7b_fp8_scaled.safetensors",
        "qwen_3_4b.safetensors",
        "qwen_3_4b_fp8_mixed.safetensors",
        "t5xxl_fp16.safetensors",
        "t5xxl_fp8_e4m3fn.safetensors",
    ),
    "vae": ("ae.safetensors", "qwen_image_vae.safetensors"),
    "loras": ("Qwen-Image-Edit-2509-Lightning-4steps-V1.0-bf16.safetensors",),
    "clip_vision": (),
    "controlnet": (),
    "embeddings": (),
    "upscale_models": (),
}

SAMPLERS = (
    "euler", "euler_cfg_pp", "euler_ancestral", "euler_ancestral_cfg_pp", "heun", "dpm_2",
    "dpm_2_ancestral", "lms", "dpm_fast", "dpm_adaptive", "dpmpp_2s_ancestral", "dpmpp_sde",
    "dpmpp_2m", "dpmpp_2m_sde", "dpmpp_3m_sde", "ddpm", "lcm", "res_multistep", "ddim", "uni_pc",
    "uni_pc_bh2",
)  # fmt: skip
SCHEDULERS = (
    "simple", "sgm_uniform", "karras", "exponential", "ddim_uniform", "beta", "normal",
    "linear_quadratic", "kl_optimal",
)  # fmt: skip
WEIGHT_TYPES = ("default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2")
CLIP_TYPES = (
    "stable_diffusion", "stable_cascade", "sd3", "stable_audio", "mochi", "ltxv", "pixart",
    "cosmos", "lumina2", "wan", "hidream", "chroma", "ace", "omnigen2", "qwen_image", "flux2",
)  # fmt: skip
DUAL_CLIP_TYPES = ("sdxl", "sd3", "flux", "hunyuan_video", "hidream")
UPSCALE_METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos")
