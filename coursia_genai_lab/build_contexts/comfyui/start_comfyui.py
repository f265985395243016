"""Entry point: seed the login, then run ComfyUI on port 8188 until it ends.

Arguments are handed on to ComfyUI. For tests: GENAI_APP_FOLDER, GENAI_PORT, GENAI_DATA_FOLDER,
GENAI_TOKEN_FILE.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from service_start import (
    data_folder,
    fail,
    private_folder,
    read_token,
    run,
    token_file,
    write_private,
)

USER_NAME = "genai"
PATHS = Path(__file__).with_name("extra_model_paths.yaml")
REFUSED = ("--enable-cors-header", "--enable-manager", "--tls-keyfile", "--listen", "--port")


def main(arguments: Sequence[str]) -> int:
    """Return ComfyUI's exit status."""
    for one in arguments:
        if one.partition("=")[0] in REFUSED:
            fail(f"{one} is not for this image. Take it out of `command` in the service file.")
    app = Path(os.environ.get("GENAI_APP_FOLDER", "/opt/ComfyUI"))
    port = int(os.environ.get("GENAI_PORT", "8188"))
    token = read_token()
    data = data_folder()
    seed_login(app, token)
    return run(
        [sys.executable, "main.py", *flags(data, port), *arguments],
        token,
        folder=app,
        environment={"GENAI_TOKEN_FILE": str(token_file()), "HOME": str(data)},
        port=port,
        path="/system_stats",
    )


def seed_login(app: Path, token: str) -> None:
    """Write what the login node compares with, before it first looks.

    It takes the first line as the bearer, letter by letter, and as the hash of the web password:
    a random text is the hash of no password, so that there is none. Without the file it would let
    the first visitor choose one. Its key goes, so that no cookie of an earlier start is good.
    """
    folder = private_folder(Path(os.path.realpath(app / "login")))
    for stale in ("GUEST_MODE", "secret-key.txt"):
        (folder / stale).unlink(missing_ok=True)
    write_private(folder / "PASSWORD", f"{token}\n{USER_NAME}")


def flags(data: Path, port: int) -> list[str]:
    """Return ComfyUI's arguments; makes the folders that it writes into."""
    for name in ("input", "output", "user"):
        (data / name).mkdir(exist_ok=True)
    return [
        "--listen", "0.0.0.0",
        "--port", str(port),
        "--extra-model-paths-config", str(PATHS),
        "--input-directory", str(data / "input"),
        "--output-directory", str(data / "output"),
        "--user-directory", str(data / "user"),
        "--temp-directory", str(data),
        "--database-url", f"sqlite:///{data}/user/comfyui.db",
        "--disable-auto-launch",
        "--disable-api-nodes",
    ]  # fmt: skip


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
