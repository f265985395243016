"""The eight built-in services are what the notebooks, the images and the hubs expect."""

from __future__ import annotations

import re

import pytest

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.catalog.advice import advice_on
from coursia_genai_lab.catalog.spec import ModelFileSpec, ServiceSpec

CATALOG = load_catalog(packages=False)
IN_A_BOX = [spec for spec in CATALOG.values() if spec.container is not None]
FILES = {
    (file.folder, file.name): file
    for spec in CATALOG.values()
    for model in spec.models
    for file in model.files
}
every_box = pytest.mark.parametrize("spec", IN_A_BOX, ids=lambda spec: spec.name)


def test_there_are_eight_and_nothing_is_wrong_with_them() -> None:
    assert sorted(CATALOG) == [
        "comfyui", "comfyui-qwen", "demo", "flux", "forge-turbo", "openai", "openrouter", "sd35",
    ]  # fmt: skip
    assert CATALOG.problems == ()
    assert [list(advice_on(spec)) for spec in CATALOG.values()] == [[]] * 8


def test_doors_ports_and_gpus_are_those_that_notebooks_and_courses_know() -> None:
    found = {
        spec.name: (spec.door_port, spec.container.port, spec.gpu.ids if spec.gpu else None)
        for spec in IN_A_BOX
        if spec.container
    }
    assert found == {
        "comfyui": (8191, 8188, []),
        "comfyui-qwen": (8188, 8188, ["0"]),
        "flux": (8189, 8188, []),
        "forge-turbo": (17861, 7860, ["1"]),
        "sd35": (8190, 8188, []),
    }


@pytest.mark.parametrize(
    ("service", "names"),
    [
        ("comfyui-qwen", {"COMFYUI_API_URL", "COMFYUI_URL", "COMFYUI_AUTH_TOKEN"}),
        ("comfyui", {"GENAI_DOCKER_COMFYUI", "COMFYUI_API_URL", "COMFYUI_BEARER_TOKEN"}),
        ("forge-turbo", {"FORGE_API_URL", "SD_BASE_URL", "FORGE_USER", "FORGE_PASSWORD"}),
        ("flux", {"GENAI_DOCKER_FLUX", "FLUX_API_URL", "FLUX_API_TOKEN"}),
        ("sd35", {"GENAI_DOCKER_SD35", "SD_API_URL", "SD_API_TOKEN"}),
        ("openai", {"OPENAI_BASE_URL", "OPENAI_API_KEY"}),
        ("openrouter", {"OPENROUTER_BASE_URL", "OPENROUTER_API_KEY"}),
    ],
)
def test_it_sets_the_variables_that_notebooks_read(service: str, names: set[str]) -> None:
    groups = [group.variables for group in CATALOG[service].exports]
    assert names <= {name for group in groups for name in group}
    # A token stands with an address, else it would go to whoever else's address is set.
    for group in groups:
        if "{token}" in group.values():
            assert {"{door}", "{openai}"} & set(group.values())


@every_box
def test_it_says_how_to_have_it_and_what_helps(spec: ServiceSpec) -> None:
    assert spec.build is not None
    assert spec.build.context in {"comfyui", "forge"}
    assert spec.container is not None
    assert spec.container.image.startswith(f"coursia-genai/{spec.build.context}:")
    assert spec.install_command == f"coursia-genai build {spec.name}"
    assert len(spec.troubleshooting.strip().splitlines()) >= 4
    assert 401 in spec.readiness.statuses
    assert spec.credential.scheme != "none"


@every_box
def test_its_models_lie_in_folders_that_it_gets(spec: ServiceSpec) -> None:
    assert spec.container is not None
    needed = {f.folder for m in spec.models if not m.optional for f in m.files}
    optional = {f.folder for m in spec.models for f in m.files} - needed
    assert needed == set(spec.container.models)
    assert optional <= {*spec.container.models, *spec.container.optional_models}


@every_box
def test_it_fits_on_one_card_of_24_gib_with_its_smallest_model(spec: ServiceSpec) -> None:
    assert spec.gpu is not None
    assert spec.gpu.vram_mib <= 24_576 - 1_024
    if spec.container is not None and spec.models:
        largest = max(f.size_bytes or 0 for m in spec.models for f in m.files)
        assert spec.container.memory_mib * 2**20 > largest


@pytest.mark.parametrize("file", FILES.values(), ids=lambda file: file.name)
def test_a_model_file_has_a_source_and_what_its_hub_publishes(file: ModelFileSpec) -> None:
    assert file.repository is not None
    assert (file.path or file.name).endswith(f"/{file.name}") or file.path is None
    assert file.name.endswith(".safetensors")
    # Both or none: a size alone would let another file of its length pass.
    assert (file.sha256 is None) == (file.size_bytes is None)


def test_most_model_files_are_pinned_by_hash() -> None:
    unpinned = [name for (_, name), file in FILES.items() if file.sha256 is None]
    assert unpinned == ["Qwen-Image-Edit-2509-Lightning-4steps-V1.0-bf16.safetensors"]
    assert len({file.sha256 for file in FILES.values()}) == len(FILES)


def test_sizes_for_people_are_those_of_the_files() -> None:
    for spec in IN_A_BOX:
        for model in spec.models:
            exact = sum(file.size_bytes or 0 for file in model.files) / 2**20
            assert model.size_mib is not None
            assert (
                0 <= model.size_mib - exact < 1_000
                if "lightning" in model.id
                else (abs(model.size_mib - exact) < 2)
            )


def test_every_model_with_files_names_its_licence_and_asks_where_it_is_not_free() -> None:
    for spec in IN_A_BOX:
        for model in spec.models:
            assert model.licence
            assert model.licence_url
            assert model.accept == (model.licence != "Apache-2.0")


def test_a_file_named_by_several_services_is_one_file() -> None:
    for spec in CATALOG.values():
        for model in spec.models:
            for file in model.files:
                assert FILES[file.folder, file.name] == file


def test_texts_name_only_commands_that_there_are() -> None:
    from coursia_genai_lab.cli import main

    known = set(main.commands) | {"plan", "models", "build"}
    texts = [f"{s.install} {s.install_command} {s.troubleshooting}" for s in CATALOG.values()]
    named = {name for text in texts for name in re.findall(r"coursia-genai ([a-z]+)", text)}
    assert named <= known
