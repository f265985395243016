"""What a notebook's local services want of the machine, and the teacher's fallback."""

from __future__ import annotations

from pathlib import Path

import pytest

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.detection.resources import sum_resources
from coursia_genai_lab.detection.teacher import metadata_digest

FORGE = "import requests\nrequests.post('http://h:7860/sdapi/v1/txt2img', json={})"
OPENAI = "from openai import OpenAI\nOpenAI().images.generate(prompt='x')"
SPEC = """
title = "Painter"
dialect = "a1111"
[container]
image = "painter:1"
port = 7860
memory_mib = 1000
[gpu]
{gpu}
"""


def test_the_local_services_are_summed(detect):
    wanted = detect(FORGE, OPENAI).resources
    assert (wanted.gpus, wanted.vram_mib, wanted.memory_mib) == (1, 8192, 16384)


def test_a_cloud_wants_nothing_of_the_machine(detect):
    wanted = detect(OPENAI).resources
    assert (wanted.gpus, wanted.vram_mib, wanted.memory_mib) == (0, 0, 0)


@pytest.mark.parametrize(
    ("one", "other", "gpus"),
    [
        ('ids = ["0"]', 'ids = ["1"]', 2),
        ('ids = ["0"]', 'ids = ["0"]', 1),
        ('ids = ["0"]', "", 2),
        ("count = 2", "", 3),
    ],
)
def test_services_that_share_a_gpu_count_it_once(tmp_path: Path, one, other, gpus):
    for name, gpu in {"one": one, "other": other}.items():
        (tmp_path / f"{name}.toml").write_text(SPEC.format(gpu=gpu + "\nvram_mib = 100"))
    wanted = sum_resources(["one", "other"], load_catalog(tmp_path))
    assert (wanted.gpus, wanted.vram_mib, wanted.memory_mib) == (gpus, 200, 2000)


@pytest.mark.parametrize("word", ["ask", "auto", "never"])
def test_the_teacher_may_choose_a_fallback(detect, word):
    assert detect(OPENAI, genai={"fallback": word}).fallback == word


@pytest.mark.parametrize("word", ["cloud", 1, None, ["ask"], {}])
def test_a_fallback_of_another_word_is_none(detect, word):
    assert detect(OPENAI, genai={"fallback": word}).fallback is None


def test_services_that_only_the_metadata_names_are_widened(detect):
    profile = detect(OPENAI, genai={"services": ["openai", "comfyui-qwen"]})
    assert (profile.services, profile.widened) == (["openai", "comfyui-qwen"], ["comfyui-qwen"])
    assert profile.resources.vram_mib == 21504


def test_fewer_services_than_were_found_widen_nothing(detect):
    assert detect(OPENAI, FORGE, genai={"services": ["openai"]}).widened == []


def test_the_digest_names_the_metadata_whatever_its_order(detect):
    one = detect(OPENAI, genai={"mode": "demo", "services": ["openai"]})
    other = detect(OPENAI, genai={"services": ["openai"], "mode": "demo"})
    changed = detect(OPENAI, genai={"services": ["openai"], "mode": "auto"})
    assert len(one.metadata_digest) == 64
    assert one.metadata_digest == other.metadata_digest != changed.metadata_digest
    assert detect(OPENAI).metadata_digest == ""
    assert detect("print(1)", genai={"mode": "demo"}).metadata_digest == metadata_digest(
        {"mode": "demo"}
    )
    # printf '%s' '{"mode":"d\\u00e9mo"}' | sha256sum
    assert metadata_digest({"mode": "d\u00e9mo"}).startswith("cdce18824f750b97")


def test_a_digest_of_text_that_is_no_unicode_is_made():
    assert len(metadata_digest({"x": "\ud800"})) == 64
