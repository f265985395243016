"""Entry point: run Forge's API on port 7860 until it ends.

Arguments are handed on to Forge. For tests: GENAI_APP_FOLDER, GENAI_PORT, GENAI_DATA_FOLDER,
GENAI_TOKEN_FILE, GENAI_MODELS_FOLDER.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from service_start import data_folder, fail, read_token, run, token_file

SERVER = Path(__file__).with_name("forge_server.py")
REFUSED = (
    "--api-auth", "--gradio-auth", "--gradio-auth-path", "--share", "--ngrok", "--listen",
    "--port", "--server-name", "--api-server-stop", "--enable-insecure-extension-access",
    "--allow-code", "--cors-allow-origins", "--cors-allow-origins-regex",
)  # fmt: skip
MODEL_FLAGS = {
    "--ckpt-dir": ("Stable-diffusion", "checkpoints"),
    "--lora-dir": ("Lora", "loras"),
    "--vae-dir": ("VAE", "vae"),
    "--text-encoder-dir": ("text_encoder", "text_encoders"),
}
"""Forge's flag -> folders below /models, the first that is there."""


def main(arguments: Sequence[str]) -> int:
    """Return Forge's exit status."""
    for one in arguments:
        if one.partition("=")[0] in REFUSED:
            fail(f"{one} is not for this image. Take it out of `command` in the service file.")
    app = Path(os.environ.get("GENAI_APP_FOLDER", "/opt/forge"))
    port = int(os.environ.get("GENAI_PORT", "7860"))
    token = read_token()
    data = data_folder()
    models = Path(os.environ.get("GENAI_MODELS_FOLDER", "/models"))
    return run(
        [sys.executable, str(SERVER), *flags(data, models, port), *arguments],
        token,
        folder=app,
        environment={
            "GENAI_TOKEN_FILE": str(token_file()),
            "GENAI_APP_FOLDER": str(app),
            "HOME": str(data),
            "HF_HOME": str(data / "huggingface"),
        },
        port=port,
        path="/sdapi/v1/sd-models",
    )


def flags(data: Path, models: Path, port: int) -> list[str]:
    """Return Forge's arguments; none of them is a secret."""
    return [
        "--nowebui",
        "--listen",
        "--port", str(port),
        "--data-dir", str(data),
        *model_flags(models),
        "--skip-prepare-environment",
        "--skip-install",
        "--skip-python-version-check",
        "--skip-version-check",
        "--no-download-sd-model",
        "--no-prompt-history",
        "--disable-extra-extensions",
    ]  # fmt: skip


def model_flags(models: Path) -> list[str]:
    """Return where the mounted model folders are."""
    found = []
    for flag, names in MODEL_FLAGS.items():
        place = next((models / name for name in names if (models / name).is_dir()), None)
        if place is not None:
            found += [flag, str(place)]
    return found


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
