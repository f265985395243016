"""What engines tell of their work, asked of the demo engine, which speaks their dialects."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from demo_process import DemoEngine, StartDemo

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.engines import Engine, cloud_engine_of, engine_of
from coursia_genai_lab.engines.cloud import CloudEngine
from coursia_genai_lab.errors import ServiceError
from coursia_genai_lab.wire.services import Dialect

CATALOG = load_catalog(packages=False)

CHECKPOINT = "sd_xl_turbo_1.0_fp16.safetensors"
GRAPH: dict[str, Any] = {
    "1": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": CHECKPOINT}},
    "2": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["1", 1]}},
    "3": {
        "class_type": "EmptyLatentImage",
        "inputs": {"width": 64, "height": 64, "batch_size": 1},
    },
    "4": {
        "class_type": "KSampler",
        "inputs": {
            "model": ["1", 0], "positive": ["2", 0], "negative": ["2", 0],
            "latent_image": ["3", 0], "seed": 1, "steps": 20, "cfg": 1.0,
            "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0,
        },
    },
    "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
    "6": {"class_type": "SaveImage", "inputs": {"images": ["5", 0], "filename_prefix": "x"}},
}  # fmt: skip
JOBS: dict[str, tuple[str, dict[str, Any], str]] = {
    "comfyui": ("/prompt", {"prompt": GRAPH, "client_id": "c"}, "/interrupt"),
    "a1111": ("/sdapi/v1/txt2img", {"prompt": "a fox", "steps": 20}, "/sdapi/v1/interrupt"),
    "openai_images": ("/v1/images/generations", {"prompt": "a fox"}, "/interrupt"),
}


@pytest.fixture(scope="module")
def slow(start_demo: StartDemo) -> DemoEngine:
    """An engine whose jobs last long enough to be seen, and can be interrupted."""
    return start_demo("--seconds-per-step", "2")


async def becomes(wanted: bool, ask: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(400):
        if await ask() == wanted:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(f"busy never became {wanted}")


def headers(engine: DemoEngine) -> dict[str, str]:
    return {"Authorization": f"Bearer {engine.token}"}


def asked(dialect: Dialect, engine: DemoEngine, session: aiohttp.ClientSession) -> Engine:
    found = engine_of(dialect, engine.url, headers(engine), session)
    assert found is not None
    return found


@pytest.mark.parametrize("dialect", JOBS)
async def test_an_engine_is_busy_while_its_job_runs(slow: DemoEngine, dialect: Dialect) -> None:
    path, job, interrupt = JOBS[dialect]
    async with aiohttp.ClientSession(headers=headers(slow)) as session:
        engine = asked(dialect, slow, session)
        await becomes(False, engine.busy)
        work = asyncio.ensure_future(session.post(slow.url + path, json=job))
        await becomes(True, engine.busy)
        async with session.post(slow.url + interrupt, json={}) as answer:
            assert answer.status == 200
        await becomes(False, engine.busy)
        (await work).close()


@pytest.mark.parametrize("dialect", JOBS)
async def test_an_engine_gives_its_memory_back(slow: DemoEngine, dialect: Dialect) -> None:
    async with aiohttp.ClientSession() as session:
        await asked(dialect, slow, session).free()


@pytest.mark.parametrize("dialect", JOBS)
async def test_no_proper_answer_is_an_error(unused_port: int, dialect: Dialect) -> None:
    async with aiohttp.ClientSession() as session:
        engine = engine_of(dialect, f"http://127.0.0.1:{unused_port}", {}, session)
        assert engine is not None
        with pytest.raises(ServiceError):
            await engine.busy()


@pytest.mark.parametrize("dialect", JOBS)
async def test_a_credential_that_is_refused_is_an_error(slow: DemoEngine, dialect: Dialect) -> None:
    async with aiohttp.ClientSession() as session:
        engine = engine_of(dialect, slow.url, {}, session)
        assert engine is not None
        with pytest.raises(ServiceError):
            await engine.busy()


async def test_a_provider_is_never_busy_and_gives_back_nothing() -> None:
    async with aiohttp.ClientSession() as session:
        for engine in (
            engine_of("openrouter", "http://127.0.0.1:1", {}, session),
            cloud_engine_of(CATALOG["openai"], "http://127.0.0.1:1", {}, session),
        ):
            assert isinstance(engine, CloudEngine)
            assert not await engine.busy()
            await engine.free()


async def test_a_dialect_of_local_engines_has_no_adapter_for_providers() -> None:
    async with aiohttp.ClientSession() as session:
        assert cloud_engine_of(CATALOG["flux"], "http://127.0.0.1:1", {}, session) is None
