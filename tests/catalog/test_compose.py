"""The Compose file fits the specification's schema and makes what the Lab would make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from compose_reader import container_arguments
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.catalog.compose import ComposeSettings, compose_file, compose_of
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.catalog.yaml_text import yaml_of
from coursia_genai_lab.runtimes.base import Secret, StartOrder
from coursia_genai_lab.runtimes.docker_container import create_arguments

SCHEMA = json.loads(
    (Path(__file__).parent / "compose" / "compose-spec.json").read_text(encoding="utf-8")
)
CATALOG = load_catalog(packages=False)
# Everything that a container table can say, and texts that YAML or Compose might take otherwise.
ODD: dict[str, Any] = {
    "name": "odd",
    "title": "Odd",
    "dialect": "comfyui",
    "known_containers": ["somebody-s"],
    "stop_grace_seconds": 2.5,
    "container": {
        "image": "127.0.0.1:5000/lab/odd:1",
        "port": 8000,
        "command": ["yes", "--x=$HOME", "{a: b}", "- c", "é # no", "1", "", "two\nlines", "${Y}"],
        "environment": {"A": "on", "B": "$PATH and $$", "C": "a: b", "D": "", "E": "010"},
        "token_path": "/run/token",
        "memory_mib": 512,
        "cpus": 2.5,
        "pids": 99,
        "user": "1000:1000",
        "read_only": True,
        "models": ["vae"],
        "optional_models": ["loras", "vae", "not-there"],
    },
    "gpu": {"ids": ["1", "GPU-0a"], "vram_mib": 1},
}
BARE: dict[str, Any] = {
    "name": "bare",
    "title": "Bare",
    "dialect": "comfyui",
    "door_port": 8555,
    "container": {"image": "bare:1", "port": 80, "token_path": None},
}
SPECS = [
    *(spec for spec in CATALOG.values() if spec.container is not None),
    ServiceSpec.model_validate(ODD),
    ServiceSpec.model_validate(BARE),
]
every_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)


@pytest.fixture
def roots(tmp_path: Path) -> tuple[str, ...]:
    """Model roots with every folder that the services cannot do without."""
    for spec in SPECS:
        for folder in spec.container.models if spec.container else ():
            (tmp_path / "models$" / folder).mkdir(parents=True, exist_ok=True)
    (tmp_path / "more" / "loras").mkdir(parents=True)
    return (str(tmp_path / "models$"), str(tmp_path / "more"))


def test_it_fits_the_schema_of_the_specification(roots: tuple[str, ...]) -> None:
    Draft7Validator.check_schema(SCHEMA)
    for settings in (ComposeSettings(), ComposeSettings(model_roots=roots, cpus=2)):
        made = yaml.safe_load(compose_file([*CATALOG.values(), *SPECS], settings))
        assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(made)] == []


def test_the_schema_would_tell() -> None:
    made = compose_of(SPECS, ComposeSettings())
    made["services"]["odd"]["priviledged"] = True
    assert list(Draft7Validator(SCHEMA).iter_errors(made))


def test_its_text_says_what_its_table_says(roots: tuple[str, ...]) -> None:
    settings = ComposeSettings(model_roots=roots)
    assert yaml.safe_load(compose_file(SPECS, settings)) == compose_of(SPECS, settings)


SCALARS = st.one_of(st.text(), st.integers(), st.booleans(), st.floats(-1e9, 1e9))
TABLES = st.dictionaries(
    st.text(),
    st.recursive(
        SCALARS,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=10,
    ),
    min_size=1,
    max_size=4,
)
AMBIGUOUS = st.sampled_from(
    ["no", "Yes", "ON", "null", "~", "1", "1e3", "0x1", "1_0", "2026-01-01", "12:30", "-", "a: b",
     "#", "a #b", "!x", "&x", "*x", "%", "@", "`", "|", ">", "", " a", "a ", "\u2028", "\x85",
     "\ud7ff", "\U0001f98a", "=", "<<", "y", "N", ".nan", ".inf", "---", "a\tb"],
)  # fmt: skip


@given(TABLES)
def test_any_table_is_read_back_as_it_was(table: dict[str, Any]) -> None:
    assert yaml.safe_load(yaml_of(table)) == table


@given(AMBIGUOUS, AMBIGUOUS)
def test_no_text_is_taken_for_anything_else(key: str, value: str) -> None:
    table = {key: value, "list": [value, {key: [value]}, []]}
    assert yaml.safe_load(yaml_of(table)) == table


@every_spec
def test_a_container_is_the_one_that_the_runtime_would_create(
    spec: ServiceSpec, roots: tuple[str, ...], tmp_path: Path
) -> None:
    made = yaml.safe_load(compose_file([spec], ComposeSettings(model_roots=roots, cpus=2)))
    order = StartOrder(
        spec=spec, owner="o", namespace="n", credential=Secret("s"), state_folder="x",
        model_roots=roots,
    )  # fmt: skip
    assert spec.container is not None
    file = tmp_path / "secrets" / spec.name if spec.container.token_path else None
    ours = create_arguments(order, network="n", credential_file=file, cpus=2)
    theirs = container_arguments(made, spec.name, tmp_path)
    for lab_s_own in ("name", "labels", "network"):
        del ours[lab_s_own]
    # The Lab publishes on a port that the engine chooses; its door has the fixed one.
    assert ours.pop("ports") == {f"{spec.container.port}/tcp": ("127.0.0.1", None)}
    assert theirs.pop("ports") == {f"{spec.container.port}/tcp": ("127.0.0.1", spec.door_port)}
    assert theirs == ours


def test_its_network_is_the_lab_s(roots: tuple[str, ...]) -> None:
    made = compose_of(SPECS, ComposeSettings(subnet="10.9.0.0/24"))
    [network] = made["networks"].values()
    assert network["ipam"]["config"] == [{"subnet": "10.9.0.0/24"}]
    assert set(network["driver_opts"].values()) == {"false"}
    assert compose_of(SPECS, ComposeSettings())["networks"]["genai"]["ipam"] == {
        "config": [{"subnet": "172.20.0.0/16"}]
    }


def test_secrets_are_files_that_its_head_says_how_to_make() -> None:
    text = compose_file(SPECS, ComposeSettings())
    made = yaml.safe_load(text)
    files = {name: secret["file"] for name, secret in made["secrets"].items()}
    assert files["flux-token"] == "./secrets/flux"
    assert "bare-token" not in files
    assert "secrets" not in made["services"]["bare"]
    for file in files.values():
        assert f"> {file.removeprefix('./')} " in text.partition("\nname:")[0]


def test_clouds_and_processes_are_left_out() -> None:
    made = compose_of(CATALOG.values(), ComposeSettings())
    assert sorted(made["services"]) == ["comfyui", "comfyui-qwen", "flux", "forge-turbo", "sd35"]


def test_folders_that_are_not_here_are_told_and_never_made() -> None:
    text = compose_file([CATALOG["flux"]], ComposeSettings())
    assert "put models into ./models/checkpoints" in text
    [volume] = yaml.safe_load(text)["services"]["flux"]["volumes"]
    assert volume["bind"] == {"create_host_path": False}


def test_container_names_are_those_that_the_lab_looks_for() -> None:
    made = compose_of(SPECS, ComposeSettings())
    for spec in SPECS:
        known = spec.known_containers or [spec.name]
        assert made["services"][spec.name]["container_name"] in known


def test_no_two_containers_have_one_name_for_compose_would_take_none_of_them() -> None:
    specs = [
        ServiceSpec.model_validate({**BARE, "name": name, "known_containers": known})
        for name, known in [("one", ["box"]), ("two", ["box", "case"]), ("case", ["box"])]
    ]
    services = compose_of(specs, ComposeSettings())["services"]
    names = [service["container_name"] for service in services.values()]
    assert names == ["box", "case", "genai-case"]
