"""The entry point of the Forge image, with a stand-in for Forge behind it."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest
from started_service import PATIENCE, STAND_INS, TOKEN, image_folder, started

APP = STAND_INS / "forge_app"
GENAI = ("genai", TOKEN)


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    return image_folder(tmp_path, "forge", "start_forge.py")


def basic(user: str, password: str) -> dict[str, str]:
    import base64

    return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_the_credential_is_set_in_the_server_and_shown_nowhere(tmp_path: Path, entry: Path) -> None:
    (tmp_path / "models" / "Stable-diffusion").mkdir(parents=True)
    models = str(tmp_path / "models")
    with started(tmp_path, entry, APP, GENAI_MODELS_FOLDER=models) as service:
        service.wait_until_it_answers()
        answer = service.get("/sdapi/v1/sd-models", basic(*GENAI)).json()
        assert answer["api_auth"] == f"genai:{TOKEN}"
        assert TOKEN not in str(answer["argv"])
        for flag in ("--nowebui", "--skip-prepare-environment", "--no-download-sd-model"):
            assert flag in answer["argv"]
        where = answer["argv"].index("--ckpt-dir")
        assert answer["argv"][where + 1] == f"{models}/Stable-diffusion"
        assert "--lora-dir" not in answer["argv"]
        children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children")
        for child in children.read_text().split():
            for file in ("cmdline", "environ"):
                assert TOKEN.encode() not in Path(f"/proc/{child}/{file}").read_bytes()
        assert service.end(signal.SIGTERM) == 128 + signal.SIGTERM
        assert "prints genai:(hidden)" in service.text
        assert TOKEN not in service.text


def test_every_path_needs_the_credential(tmp_path: Path, entry: Path) -> None:
    with started(tmp_path, entry, APP) as service:
        service.wait_until_it_answers()
        wrong = [{}, basic("genai", "wrong"), basic("admin", TOKEN), basic("", "")]
        wrong.append({"Authorization": f"Bearer {TOKEN}"})
        for path in ("/sdapi/v1/sd-models", "/docs", "/controlnet/version", "/"):
            for headers in wrong:
                answer = service.get(path, headers)
                assert answer.status_code == 401
                assert "www-authenticate" not in answer.headers
                assert answer.json()["detail"] == "Incorrect username or password"


@pytest.mark.parametrize("flag", ["--api-auth=a:b", "--share", "--gradio-auth", "--allow-code"])
def test_flags_that_open_the_server_are_refused(tmp_path: Path, entry: Path, flag: str) -> None:
    with started(tmp_path, entry, APP, flag) as service:
        assert service.process.wait(PATIENCE) == 78
        assert "not for this image" in service.text
