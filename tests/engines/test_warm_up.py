"""The warm-up of a start, sent to the demo engine, which speaks the engines' dialects."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from demo_process import DemoEngine, StartDemo

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.engines.warm_up import warm_up
from coursia_genai_lab.errors import ServiceError, StartTimedOut

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
            "latent_image": ["3", 0], "seed": 1, "steps": 2, "cfg": 1.0,
            "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0,
        },
    },
    "5": {"class_type": "VAEDecode", "inputs": {"samples": ["4", 0], "vae": ["1", 2]}},
    "6": {"class_type": "PreviewImage", "inputs": {"images": ["5", 0]}},
}  # fmt: skip


def graph(checkpoint: str = CHECKPOINT) -> dict[str, Any]:
    changed = copy.deepcopy(GRAPH)
    changed["1"]["inputs"]["ckpt_name"] = checkpoint
    return changed


def service(
    path: str, body: dict[str, Any], *, dialect: str = "comfyui", seconds: float = 120
) -> ServiceSpec:
    files = [{"folder": "checkpoints", "name": "missing.safetensors"}]
    return ServiceSpec.model_validate(
        {
            "name": "one",
            "title": "One",
            "dialect": dialect,
            "process": {"command": ["x"]},
            "warm_up": {"path": path, "body": body, "timeout_seconds": seconds},
            "models": [{"id": "big", "title": "Big", "files": files}],
        }
    )


async def warmed(
    spec: ServiceSpec, engine: DemoEngine, token: str | None = None, look_seconds: float = 0.05
) -> None:
    headers = {"Authorization": f"Bearer {token or engine.token}"}
    async with aiohttp.ClientSession() as session:
        await warm_up(spec, engine.url, headers, session, look_seconds=look_seconds)


async def asked(engine: DemoEngine, path: str) -> Any:
    headers = {"Authorization": f"Bearer {engine.token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(engine.url + path) as answer,
    ):
        return await answer.json()


async def test_a_comfyui_job_is_awaited_to_its_end_and_leaves_no_picture_in_the_history(
    start_demo: StartDemo,
) -> None:
    engine = start_demo("--seconds-per-step", "0.2")
    await warmed(service("/prompt", {"prompt": graph()}), engine)
    assert (await asked(engine, "/prompt"))["exec_info"]["queue_remaining"] == 0
    assert await asked(engine, "/history") == {}


async def test_without_a_warm_up_nothing_is_sent(unused_port: int) -> None:
    spec = service("/prompt", {}).model_copy(update={"warm_up": None})
    async with aiohttp.ClientSession() as session:
        await warm_up(spec, f"http://127.0.0.1:{unused_port}", {}, session)


async def test_a_model_that_the_engine_lacks_is_named_with_the_command_that_fetches_it(
    demo_engine: DemoEngine,
) -> None:
    with pytest.raises(ServiceError) as failure:
        await warmed(service("/prompt", {"prompt": graph("missing.safetensors")}), demo_engine)
    assert failure.value.error_code == "models_missing"
    assert "missing.safetensors" in failure.value.message
    assert failure.value.command == "coursia-genai models fetch big"


async def test_a_file_that_no_model_of_the_spec_brings_is_named_with_its_folder(
    demo_engine: DemoEngine,
) -> None:
    with pytest.raises(ServiceError) as failure:
        await warmed(service("/prompt", {"prompt": graph("nobody.safetensors")}), demo_engine)
    assert failure.value.error_code == "models_missing"
    assert "nobody.safetensors in its folder checkpoints" in failure.value.message
    assert failure.value.command is None


@pytest.mark.parametrize(
    ("dialect", "path", "body"),
    [
        ("comfyui", "/prompt", {"prompt": {}}),
        ("comfyui", "/prompt", {}),
        ("a1111", "/sdapi/v1/txt2img", {"width": "wide"}),
        ("openai_images", "/v1/images/generations", {"prompt": 1}),
        ("openai_images", "/nowhere", {}),
    ],
)
async def test_a_refusal_is_told_in_the_engines_words(
    demo_engine: DemoEngine, dialect: str, path: str, body: dict[str, Any]
) -> None:
    with pytest.raises(ServiceError) as failure:
        await warmed(service(path, body, dialect=dialect), demo_engine)
    assert failure.value.error_code == "warm_up_failed"
    assert failure.value.message.startswith("One answers, but its warm-up failed: ")


@pytest.mark.parametrize(
    ("dialect", "path"),
    [("a1111", "/sdapi/v1/txt2img"), ("openai_images", "/v1/images/generations")],
)
async def test_an_engine_that_answers_when_it_is_done_needs_no_following(
    demo_engine: DemoEngine, dialect: str, path: str
) -> None:
    body = {"prompt": "a fox", "steps": 1}
    if dialect == "openai_images":
        body = {"prompt": "a fox", "model": "demo"}
    await warmed(service(path, body, dialect=dialect), demo_engine)


async def test_a_credential_that_is_refused_fails_and_is_not_shown(
    demo_engine: DemoEngine,
) -> None:
    with pytest.raises(ServiceError) as failure:
        await warmed(
            service("/prompt", {"prompt": graph()}), demo_engine, token="a-wrong-credential"
        )
    assert failure.value.error_code == "warm_up_failed"
    assert "a-wrong-credential" not in str(failure.value)


async def test_a_model_that_never_gets_warm_ends_the_start_in_time(start_demo: StartDemo) -> None:
    engine = start_demo("--seconds-per-step", "60")
    with pytest.raises(StartTimedOut) as failure:
        await warmed(service("/prompt", {"prompt": graph()}, seconds=0.5), engine)
    assert "[warm_up]" in failure.value.remedy
    assert (await asked(engine, "/prompt"))["exec_info"]["queue_remaining"] == 0


async def test_whoever_stops_waiting_ends_the_job_too(start_demo: StartDemo) -> None:
    engine = start_demo("--seconds-per-step", "60")
    spec = service("/prompt", {"prompt": graph()})
    waiting = asyncio.create_task(warmed(spec, engine))
    while (await asked(engine, "/prompt"))["exec_info"]["queue_remaining"] == 0:
        assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert (await asked(engine, "/prompt"))["exec_info"]["queue_remaining"] == 0


async def answered_by(history: dict[str, Any], answer: dict[str, Any]) -> None:
    """Warm up an engine that says what the demo engine never would."""

    async def respond(request: web.Request) -> web.Response:
        if request.path == "/prompt":
            got = {"exec_info": {"queue_remaining": 0}} if request.method == "GET" else answer
            return web.json_response(got)
        if request.path == "/queue":
            return web.json_response({"queue_running": [], "queue_pending": []})
        return web.json_response(history)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", respond)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    headers = {"Authorization": "Bearer the-credential"}
    try:
        async with aiohttp.ClientSession() as session:
            spec = service("/prompt", {"prompt": graph()})
            await warm_up(spec, url, headers, session, look_seconds=0.01)
    finally:
        await runner.cleanup()


async def test_a_job_that_fails_is_told_with_its_reason_and_without_the_credential() -> None:
    error = {"exception_type": "RuntimeError", "exception_message": "it broke: the-credential!"}
    status = {"completed": False, "status_str": "error", "messages": [["execution_error", error]]}
    with pytest.raises(ServiceError) as failure:
        await answered_by({"p1": {"status": status}}, {"prompt_id": "p1", "node_errors": {}})
    assert "it broke" in failure.value.message
    assert "the-credential" not in failure.value.message


async def test_too_little_memory_is_told_as_that() -> None:
    error = {"exception_type": "torch.OutOfMemoryError", "exception_message": "Allocation failed"}
    status = {"completed": False, "status_str": "error", "messages": [["execution_error", error]]}
    with pytest.raises(ServiceError, match="too little free memory") as failure:
        await answered_by({"p1": {"status": status}}, {"prompt_id": "p1", "node_errors": {}})
    assert failure.value.error_code == "warm_up_failed"


async def test_a_job_that_was_lost_fails() -> None:
    with pytest.raises(ServiceError) as failure:
        await answered_by({}, {"prompt_id": "p1", "node_errors": {}})
    assert "no such job" in failure.value.message


async def test_a_job_of_which_a_part_was_refused_fails() -> None:
    errors = {"6": {"errors": [{"type": "required_input_missing", "message": "no"}]}}
    with pytest.raises(ServiceError) as failure:
        await answered_by({}, {"prompt_id": "p1", "node_errors": errors})
    assert failure.value.error_code == "warm_up_failed"
