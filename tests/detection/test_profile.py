"""Type, remote servers, fixed addresses, the teacher's word."""

from __future__ import annotations

import textwrap

import pytest

OPENAI = "from openai import OpenAI\nOpenAI().images.generate(prompt='x')"
COMFYUI = """
import os, requests
BASE = {base}
graph = {{"1": {{"class_type": "KSampler", "inputs": {{}}}}}}
requests.post(f"{{BASE}}/prompt", json={{"prompt": graph}})
"""


def comfyui(base: str) -> str:
    return COMFYUI.format(base=base)


def test_one_service_and_plain_calls_is_basic(detect):
    assert detect(OPENAI).type == "GENAI_BASIC"


def test_a_graph_is_advanced(detect):
    assert detect(comfyui("'http://localhost:8188'")).type == "GENAI_ADVANCED"


def test_a_chain_of_generating_and_editing_is_advanced(detect):
    edit = "OpenAI().images.edit(image=f, prompt='x')"
    assert detect(OPENAI, edit).type == "GENAI_ADVANCED"


def test_a_study_that_stands_alone_makes_a_hybrid(detect):
    study = "import pandas as pd\ndf = pd.read_csv('sales.csv')\ndf.describe()"
    assert detect(study, OPENAI).type == "HYBRID"


def test_a_table_of_the_results_makes_no_hybrid(detect):
    table = "import pandas as pd\nrows = []\npd.DataFrame(rows).to_csv('times.csv')"
    assert detect(OPENAI, table).type == "GENAI_BASIC"


@pytest.mark.parametrize(
    "base",
    [
        "'https://comfyui.example.org'",
        "os.getenv('COMFYUI_API_URL', 'https://comfyui.example.org')",
        "os.getenv('COMFYUI_API_URL') or 'https://comfyui.example.org/'",
    ],
)
def test_a_hosted_server_by_default_is_remote(detect, base):
    profile = detect(comfyui(base))
    assert profile.remote
    assert profile.services
    assert profile.literal_addresses == []


@pytest.mark.parametrize(
    "base",
    [
        "os.getenv('COMFYUI_API_URL', 'http://localhost:8188')",
        "os.environ['COMFYUI_API_URL']",
        "os.getenv('COMFYUI_API_URL')",
        "os.environ.get('COMFYUI_API_URL') or 'http://127.0.0.1:8188'",
    ],
)
def test_an_address_that_a_variable_sets_is_neither_remote_nor_fixed(detect, base):
    profile = detect(comfyui(base))
    assert not profile.remote
    assert profile.literal_addresses == []


def test_local_mode_off_by_default_is_remote(detect):
    cell = textwrap.dedent("""
        import os
        LOCAL_MODE = os.getenv("LOCAL_MODE", "false").lower() == "true"
        if LOCAL_MODE:
            URL = os.getenv("COMFYUI_API_URL", "http://localhost:8188")
        else:
            URL = "https://comfyui.example.org"
    """)
    assert detect(cell, comfyui("URL")).remote


def test_local_mode_on_by_default_is_local(detect):
    cell = textwrap.dedent("""
        import os
        LOCAL_MODE = os.getenv("LOCAL_MODE", "true") == "true"
        URL = "http://localhost:8188" if LOCAL_MODE else "https://comfyui.example.org"
    """)
    profile = detect(cell, comfyui("URL"))
    assert not profile.remote
    assert profile.literal_addresses


def test_a_fixed_address_is_shown_where_it_is_written(detect):
    profile = detect(
        "SERVERS = {\n    'comfy': 'http://localhost:8188',\n}", comfyui("SERVERS['comfy']")
    )
    [literal] = profile.literal_addresses
    assert (literal.cell, literal.line) == (0, 2)
    assert literal.excerpt == "'comfy': 'http://localhost:8188',"
    assert literal.service == "comfyui"


def test_a_variable_that_the_notebook_sets_itself_cannot_be_reached(detect):
    profile = detect(
        "import os\nos.environ['COMFYUI_API_URL'] = 'http://localhost:8188'",
        comfyui("os.environ['COMFYUI_API_URL']"),
    )
    assert profile.literal_addresses


def test_a_variable_that_a_magic_sets_cannot_be_reached_either(detect):
    profile = detect(
        "%env COMFYUI_API_URL=http://localhost:8188", comfyui("os.environ['COMFYUI_API_URL']")
    )
    assert profile.literal_addresses


def test_a_cloud_is_never_called_remote(detect):
    cell = (
        "from openai import OpenAI\nOpenAI(base_url='https://api.openai.com/v1').images.generate()"
    )
    assert not detect(cell).remote


def test_enabled_alone_is_no_evidence(detect):
    profile = detect("import PIL", genai={"enabled": True, "level": "foundation"})
    assert profile.type == "CLASSIC"
    assert not profile.declared


def test_the_teacher_may_name_the_services(detect):
    profile = detect("print(1)", genai={"services": ["comfyui-qwen", "openai"]})
    assert profile.services == ["comfyui-qwen", "openai"]
    assert (profile.type, profile.declared) == ("GENAI_BASIC", True)
    assert profile.evidence[0].cell == -1
    assert profile.evidence[0].rule == "metadata"


def test_the_teacher_may_name_fewer_services_than_were_found(detect):
    profile = detect(OPENAI, comfyui("'http://localhost:8188'"), genai={"services": ["comfyui"]})
    assert profile.services == ["comfyui"]


def test_the_teacher_may_name_none(detect):
    profile = detect(OPENAI, genai={"services": []})
    assert (profile.type, profile.services, profile.declared) == ("CLASSIC", [], True)


def test_the_teacher_may_switch_it_off(detect):
    profile = detect(OPENAI, genai={"enabled": False})
    assert (profile.type, profile.needs_image_service) == ("CLASSIC", False)
    assert "off" in profile.note


def test_the_teacher_may_choose_a_mode(detect):
    assert detect(OPENAI, genai={"mode": "demo"}).mode == "demo"
    assert detect(OPENAI, genai={"mode": "turbo"}).mode is None


def test_a_service_that_no_catalogue_has_is_named_in_the_note(detect):
    profile = detect("print(1)", genai={"services": ["dreamer", "openai"]})
    assert profile.services == ["openai"]
    assert "dreamer" in profile.note


@pytest.mark.parametrize(
    "genai", [1, "demo", ["openai"], {"services": "openai"}, {"services": [1, {}]}]
)
def test_metadata_of_odd_types_is_passed_over(detect, genai):
    assert detect(OPENAI, genai=genai).note != "It could not be examined; this is a defect of ours."
