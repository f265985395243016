"""The hash of the model that made a picture: only one that was computed, and never waited for."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.lab.endpoint import Endpoint
from coursia_genai_lab.lab.model_hashes import ModelHashes
from coursia_genai_lab.runtimes.base import Secret
from coursia_genai_lab.weights.check import check_file
from coursia_genai_lab.weights.places import place_of

CONTENT = b"weights of a model"
HASH = f"sha256:{hashlib.sha256(CONTENT).hexdigest()}"
SPEC = ServiceSpec.model_validate(
    {
        "name": "flux",
        "title": "Flux",
        "dialect": "comfyui",
        "process": {"command": ["{python}"]},
        "models": [
            {
                "id": "flux-1-dev",
                "title": "Flux",
                "files": [{"folder": "checkpoints", "name": "flux.safetensors"}],
            }
        ],
    }
)
ENDPOINT = Endpoint(
    "flux", "flux", "http://127.0.0.1:1", Secret(""), "none", "", "comfyui", runtime="docker"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A model root whose one file was checked."""
    file = tmp_path / "checkpoints" / "flux.safetensors"
    file.parent.mkdir()
    file.write_bytes(CONTENT)
    check_file(SPEC.models[0].files[0], [tmp_path], lambda done: None)
    return tmp_path


@pytest.fixture
def hashes(root: Path) -> Iterator[ModelHashes]:
    made = ModelHashes({"flux": SPEC}, [str(root)], seconds=60)
    yield made
    made.close()


async def test_a_checked_file_has_its_hash(hashes: ModelHashes) -> None:
    assert await hashes.of(ENDPOINT, "flux.safetensors") == HASH


async def test_engines_name_files_with_their_folders(hashes: ModelHashes) -> None:
    assert await hashes.of(ENDPOINT, "FLUX\\flux.safetensors") == HASH
    assert await hashes.of(ENDPOINT, "flux/flux.safetensors") == HASH


async def test_a_file_that_changed_since_has_none(hashes: ModelHashes, root: Path) -> None:
    file = root / "checkpoints" / "flux.safetensors"
    file.write_bytes(CONTENT[::-1])
    os.utime(file, ns=(1, 1))
    assert await hashes.of(ENDPOINT, "flux.safetensors") is None


async def test_other_files_and_the_models_of_others_have_none(hashes: ModelHashes) -> None:
    assert await hashes.of(ENDPOINT, "../flux.safetensors.bak") is None
    assert await hashes.of(replace(ENDPOINT, runtime="external"), "flux.safetensors") is None
    assert await hashes.of(replace(ENDPOINT, backend="demo"), "flux.safetensors") is None


async def test_a_disk_that_never_answers_holds_up_no_picture(root: Path) -> None:
    place = place_of(SPEC.models[0].files[0], [root])
    assert place is not None
    place.record.unlink()
    os.mkfifo(place.record)  # opening it waits for a writer, as a dead server would be waited for
    hashes = ModelHashes({"flux": SPEC}, [str(root)], seconds=0.05)
    try:
        for _ in range(3):
            assert await hashes.of(ENDPOINT, "flux.safetensors") is None
    finally:
        hashes.close()
        os.close(os.open(place.record, os.O_RDWR | os.O_NONBLOCK))
