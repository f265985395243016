"""Where a notebook turns from classic to genai and back."""

from __future__ import annotations

from itertools import pairwise

import pytest

from coursia_genai_lab.detection.sections import find_sections

OPENAI = "from openai import OpenAI\nOpenAI().images.generate(prompt='x')"
STUDY = "import pandas as pd\ndf = pd.read_csv('sales.csv')\ndf.describe()"
NEUTRAL = "print('here')"


def markdown(text: str = "words") -> dict[str, object]:
    return {"cell_type": "markdown", "source": text, "metadata": {}}


def runs(profile) -> list[tuple[str, int, int]]:
    return [(one.kind, one.first_cell, one.last_cell) for one in profile.sections]


def test_a_notebook_that_needs_nothing_has_none(detect):
    assert detect(STUDY, NEUTRAL).sections == []


def test_a_hybrid_shows_where_it_turns(detect):
    profile = detect(STUDY, "df.plot()", OPENAI)
    assert runs(profile) == [("classic", 0, 1), ("genai", 2, 2)]
    assert [one.services for one in profile.sections] == [[], ["openai"]]


def test_words_belong_to_the_code_that_follows_and_at_the_end_to_what_was_before(detect):
    profile = detect(markdown(), STUDY, markdown(), markdown(), OPENAI, markdown())
    assert runs(profile) == [("classic", 0, 1), ("genai", 2, 5)]


def test_a_set_up_before_and_a_look_after_join(detect):
    profile = detect("import os", "print(os.getcwd())", OPENAI, NEUTRAL)
    assert runs(profile) == [("genai", 0, 3)]


def test_a_set_up_between_two_genai_cells_joins(detect):
    assert runs(detect(OPENAI, NEUTRAL, NEUTRAL, OPENAI)) == [("genai", 0, 3)]


def test_a_study_joins_nothing_however_short(detect):
    profile = detect(OPENAI, STUDY, OPENAI)
    assert runs(profile) == [("genai", 0, 0), ("classic", 1, 1), ("genai", 2, 2)]


def test_a_long_run_of_other_code_stands_alone(detect):
    profile = detect(NEUTRAL, NEUTRAL, NEUTRAL, OPENAI)
    assert runs(profile) == [("classic", 0, 2), ("genai", 3, 3)]


def test_a_cell_that_calls_a_function_that_sends_work_is_genai(detect):
    profile = detect(
        "from openai import OpenAI\ndef draw(p):\n    return OpenAI().images.generate(prompt=p)",
        *[NEUTRAL] * 3,
        "draw('a fox')",
    )
    assert runs(profile) == [("genai", 0, 0), ("classic", 1, 3), ("genai", 4, 4)]


def test_a_cell_that_handles_what_the_service_gave_is_genai(detect):
    profile = detect(
        "from openai import OpenAI\nreply = OpenAI().images.generate(prompt='x')",
        *[NEUTRAL] * 3,
        "address = reply.data[0].url",
        *[NEUTRAL] * 3,
        "print(address)",
    )
    assert runs(profile) == [
        ("genai", 0, 0), ("classic", 1, 3), ("genai", 4, 4), ("classic", 5, 7), ("genai", 8, 8),
    ]  # fmt: skip


def test_a_name_that_holds_something_else_later_is_no_answer_any_more(detect):
    profile = detect(
        "from openai import OpenAI\nreply = OpenAI().images.generate(prompt='x')",
        "reply = OpenAI().chat.completions.create(model='gpt-5', messages=[])",
        *["print(reply)"] * 3,
    )
    assert runs(profile) == [("genai", 0, 0), ("classic", 1, 4)]


def test_a_table_of_what_the_service_gave_is_no_study_of_its_own(detect):
    profile = detect(
        "from openai import OpenAI\nreplies = []\nfor prompt in prompts:\n"
        "    replies.append(OpenAI().images.generate(prompt=prompt))",
        "import pandas as pd\ntable = pd.DataFrame([r.x for r in replies] + [1, 2])\n"
        "table.describe()",
    )
    assert profile.type == "GENAI_BASIC"
    assert runs(profile) == [("genai", 0, 1)]


def test_each_section_names_its_own_services(detect):
    profile = detect(
        "import requests\nrequests.post('http://h:7860/sdapi/v1/txt2img', json={})",
        STUDY,
        OPENAI,
    )
    assert [one.services for one in profile.sections] == [["forge-turbo"], [], ["openai"]]


def test_the_teacher_s_narrower_word_holds_for_sections_too(detect):
    profile = detect(
        "import requests\nrequests.post('http://h:7860/sdapi/v1/txt2img', json={})",
        STUDY,
        OPENAI,
        genai={"services": ["openai"]},
    )
    assert [one.services for one in profile.sections] == [[], ["openai"]]


def test_a_service_that_only_the_metadata_names_stands_in_no_cell(detect):
    assert runs(detect(NEUTRAL, genai={"services": ["openai"]})) == [("classic", 0, 0)]


def test_code_of_another_language_has_sections_too(detect):
    csharp = "var pictures = await client.GetImageGenerationsAsync(options);"
    profile = detect(*["var x = 1;"] * 3, csharp, language="C#")
    assert runs(profile) == [("classic", 0, 2), ("genai", 3, 3)]


@pytest.mark.parametrize("code", [[], [0], [1], [0, 2, 5], [3, 4]])
@pytest.mark.parametrize("used", [{}, {0: ["a"]}, {2: ["a"], 4: ["b"]}, {1: ["b"], 5: ["a"]}])
def test_sections_cover_the_notebook_without_gap_or_overlap(code, used):
    found = find_sections(code, 6, uses=used, studies={3})
    assert found[0].first_cell == 0
    assert found[-1].last_cell == 5
    for before, after in pairwise(found):
        assert after.first_cell == before.last_cell + 1
        assert after.kind != before.kind


def test_a_notebook_without_cells_has_none():
    assert find_sections([], 0, uses={}, studies=()) == []
