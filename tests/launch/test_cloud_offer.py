"""Which launches are offered a cloud: those whose calls a cloud would answer."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from launch_bench import Bench, order

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import RuntimeUnavailable, ServiceError
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.wire.launches import LaunchView
from coursia_genai_lab.wire.notebooks import Evidence

Opened = Callable[..., AbstractAsyncContextManager[Bench]]
KEYS = {"OPENAI_API_KEY": "key-of-the-class-4711"}


def seen(service: str, rule: str, *, cell: int = 0, strong: bool = True) -> Evidence:
    return Evidence(service=service, cell=cell, line=1, rule=rule, excerpt="…", strong=strong)


RAW_COMFYUI = [
    seen("comfyui", "route:/prompt"),
    seen("comfyui", "variable:COMFYUI_API_URL", strong=False),
]
RAW_WEBUI = [seen("forge-turbo", "call:txt2img")]
DECLARED = [seen("comfyui-qwen", "metadata", cell=-1)]
HELPER = [seen("demo", "call:generate")]


def refuse(spec: ServiceSpec) -> ServiceError | None:
    return None if spec.name == "demo" else RuntimeUnavailable("No engine here.", "Install one.")


async def offered(bench: Bench, *services: str, evidence: list[Evidence]) -> LaunchView:
    """Return a launch after its services have failed to start."""
    await bench.desk.prepare(order(*services, evidence=evidence))
    await bench.desk.ready("launch1", 60)
    [view] = bench.desk.views()
    return view


@pytest.mark.parametrize(
    ("service", "evidence"),
    [
        ("comfyui", RAW_COMFYUI),
        ("forge-turbo", RAW_WEBUI),
        ("comfyui-qwen", [*DECLARED, *RAW_COMFYUI]),
    ],
)
async def test_a_notebook_with_an_engines_own_calls_is_told_why_no_cloud_stands_in(
    opened_bench: Opened, service: str, evidence: list[Evidence]
) -> None:
    async with opened_bench(FakeRuntime(failure=refuse), keys=KEYS) as bench:
        view = await offered(bench, service, evidence=evidence)
        assert view.cloud is None
        assert view.no_cloud is not None
        assert view.no_cloud.code == "raw_calls"
        assert bench.lab.catalog[service].title in view.no_cloud.message
        assert "generate(" in view.no_cloud.remedy


@pytest.mark.parametrize(
    ("service", "evidence"),
    [
        ("comfyui-qwen", DECLARED),
        ("comfyui", [*RAW_COMFYUI, *HELPER]),
        ("comfyui", [seen("comfyui", "variable:COMFYUI_URL", strong=False)]),
    ],
)
async def test_a_notebook_whose_calls_a_cloud_could_answer_is_offered_one(
    opened_bench: Opened, service: str, evidence: list[Evidence]
) -> None:
    async with opened_bench(FakeRuntime(failure=refuse), keys=KEYS) as bench:
        view = await offered(bench, service, evidence=evidence)
        assert view.cloud is not None
        assert view.cloud.provider == "openai"
        assert view.no_cloud is None


async def test_an_offer_names_every_model_that_calls_may_come_to_use(opened_bench: Opened) -> None:
    keys = {"OPENROUTER_API_KEY": "key-of-the-class-4711"}
    async with opened_bench(FakeRuntime(failure=refuse), keys=keys) as bench:
        view = await offered(bench, "flux", evidence=HELPER)
        assert view.cloud is not None
        assert view.cloud.provider == "openrouter"
        # Its own stand-in, and what a call without a model would use: the best of all services.
        assert view.cloud.model.split(", ") == [
            "openrouter/black-forest-labs/flux.2-pro",
            "openrouter/google/gemini-3.1-flash-image",
        ]
        assert view.cloud.price_cents is None


@pytest.mark.parametrize("keys", [KEYS, {}])
async def test_nothing_is_said_of_clouds_while_the_service_can_be_had(
    opened_bench: Opened, keys: dict[str, str]
) -> None:
    async with opened_bench(keys=keys) as bench:
        view = await offered(bench, "comfyui", evidence=RAW_COMFYUI)
        assert (view.cloud, view.no_cloud) == (None, None)


async def test_where_no_cloud_has_a_key_none_is_spoken_of(opened_bench: Opened) -> None:
    async with opened_bench(FakeRuntime(failure=refuse), mode="local") as bench:
        view = await offered(bench, "comfyui", evidence=RAW_COMFYUI)
        assert (view.cloud, view.no_cloud) == (None, None)


@pytest.mark.parametrize(
    ("evidence", "told"), [(RAW_COMFYUI, ("local", None)), (DECLARED, ("cloud", "local_died"))]
)
async def test_a_kernel_is_told_of_a_cloud_only_where_one_answers_its_calls(
    opened_bench: Opened, evidence: list[Evidence], told: tuple[str, str | None]
) -> None:
    async with opened_bench(FakeRuntime(failure=refuse), keys=KEYS) as bench:
        await offered(bench, "comfyui-qwen", evidence=evidence)
        again = order("comfyui-qwen", evidence=evidence, fallback="auto", number=2, kernel_id="k2")
        view = (await bench.desk.prepare(again)).view
        assert (view.genai_mode, view.fallback_reason) == told
