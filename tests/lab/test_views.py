"""Services as callers may see them."""

from __future__ import annotations

from pathlib import Path

import pytest

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import ServiceDied, ServiceError
from coursia_genai_lab.lab.clouds import Clouds
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.views import service_views
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.fake import FakeRuntime
from coursia_genai_lab.secret_files.secret import Secret
from coursia_genai_lab.wire.policy import Mode


async def at_once(spec: ServiceSpec, instance: Instance) -> None:
    return None


async def test_a_service_names_the_variable_that_holds_its_address(tmp_path: Path) -> None:
    lab = Lab(
        catalog=load_catalog(),
        settings=LabSettings(state_path=str(tmp_path), runtime="fake"),
        runtimes=lambda: {"fake": FakeRuntime()},
        answers=at_once,
        emit=lambda event: None,
    )
    await lab.open()
    try:
        views = service_views(lab, door=lambda name: None, person="ada")
    finally:
        await lab.close()
    variables = {view.name: view.door_variable for view in views}
    assert variables["comfyui"] == "COMFYUI_API_URL"
    assert variables["forge-turbo"] == "FORGE_API_URL"
    assert variables["openai"] == "OPENAI_BASE_URL"
    exported = {
        name
        for spec in load_catalog().values()
        for group in spec.exports
        for name in group.variables
    }
    assert set(filter(None, variables.values())) <= exported


@pytest.mark.parametrize(
    ("mode", "barred"),
    [
        ("auto", {"comfyui": None, "openai": None, "demo": None}),
        ("local", {"comfyui": None, "openai": "local", "demo": None}),
        ("cloud", {"comfyui": "cloud", "openai": None, "demo": "cloud"}),
        ("demo", {"comfyui": None, "openai": None, "demo": None}),
        ("off", {"comfyui": "off", "openai": "off", "demo": "off"}),
    ],
)
async def test_each_service_says_which_mode_lets_nobody_use_it(
    tmp_path: Path, mode: Mode, barred: dict[str, Mode | None]
) -> None:
    catalog = load_catalog()
    lab = Lab(
        catalog=catalog,
        settings=LabSettings(state_path=str(tmp_path), runtime="fake", mode=mode),
        runtimes=lambda: {"fake": FakeRuntime()},
        answers=at_once,
        clouds=Clouds(catalog, lambda name: Secret("key-of-the-class-4711")),
    )
    await lab.open()
    try:
        await lab.opened(60)
        views = service_views(lab, door=lambda name: None, person="ada")
    finally:
        await lab.close()
    assert {view.name: view.barred_by for view in views if view.name in barred} == barred
    assert not any(view.can_start for view in views if view.barred_by is not None)


async def test_a_failed_service_tells_the_troubles_that_its_file_knows(tmp_path: Path) -> None:
    def refuse(spec: ServiceSpec) -> ServiceError | None:
        remedy = spec.troubleshooting if spec.name == "comfyui" else "Look at its log."
        return ServiceDied("It ended.", remedy)

    lab = Lab(
        catalog=load_catalog(),
        settings=LabSettings(state_path=str(tmp_path), runtime="fake", mode="local"),
        runtimes=lambda: {"fake": FakeRuntime(failure=refuse)},
        answers=at_once,
    )
    await lab.open()
    try:
        await lab.opened(60)
        failed = ("comfyui-qwen", "comfyui")
        for name in failed:
            lab.start(name, by="ada")
        while any(lab.service(name).state != "failed" for name in failed):
            await lab.wait_for_change(lab.revision, 60)
        views = service_views(lab, door=lambda name: None, person="ada")
        lab.policy.people.alone = False
        of_a_student = service_views(lab, door=lambda name: None, person="bob")
    finally:
        await lab.close()
    [less] = [view.troubleshooting for view in of_a_student if view.name == "comfyui-qwen"]
    assert "six minutes" in less
    assert "coursia-genai " not in less
    told = {view.name: view.troubleshooting for view in views}
    assert "value not in list" in told["comfyui-qwen"]
    assert "\n" in told["comfyui-qwen"]
    # Its remedy says it already.
    assert told["comfyui"] == ""
    assert told["flux"] == ""
