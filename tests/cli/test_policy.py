"""`coursia-genai policy` and `mode`."""

from __future__ import annotations

import json

import pytest

from coursia_genai_lab.cli.policy_findings import policy_findings
from coursia_genai_lab.config import LabSettings


@pytest.fixture
def file(tmp_path, genai_here):
    path = tmp_path / "policy.toml"
    path.write_text(genai_here("policy", "example").out)
    path.chmod(0o644)
    return path


def test_the_example_is_right(genai_here, file):
    done = genai_here("policy", "check", str(file))
    assert (done.status, done.out) == (0, f"{file} is right.\n")
    assert genai_here("policy", "check", str(file), "--json").json == {
        "ok": True,
        "mistakes": [],
        "notes": [],
    }


def test_mistakes_are_told_with_line_and_field(genai_here, file):
    file.write_text('mode = "auto"\nfallbak = "ask"\n')
    done = genai_here("policy", "check", str(file))
    assert done.status == 1
    assert "policy.toml:2: fallbak is no key of a policy file; did you mean fallback?" in done.out
    assert f"{file} is wrong: 1 to correct." in done.out
    (mistake,) = genai_here("policy", "check", str(file), "--json").json["mistakes"]
    assert (mistake["line"], mistake["field"]) == (2, "fallbak")


def test_names_that_nothing_bears_and_a_file_that_others_can_change_are_noted(genai_here, file):
    file.write_text(
        'teachers = ["@staff"]\n[models]\nstudent = ["sdxl-tubro", "openrouter/*"]\n'
        "[providers.openay]\ndaily_cents = 1\n"
    )
    file.chmod(0o666)
    done = genai_here("policy", "check", str(file), "--json")
    assert (done.status, done.json["ok"]) == (0, True)
    notes = "\n".join(done.json["notes"])
    assert len(done.json["notes"]) == 4
    for words in ("openay", "sdxl-tubro", "@staff", "written by others"):
        assert words in notes


def test_a_file_that_is_not_there_is_told_with_what_helps(genai_here, tmp_path):
    done = genai_here("policy", "check", str(tmp_path / "none.toml"), "--json")
    assert done.status == 1
    assert "policy example" in done.json["error"]["remedy"]


def test_the_schema_is_printed(genai_here):
    assert "quotas" in json.loads(genai_here("policy", "schema").out)["properties"]


def test_words_that_the_operator_does_not_allow_are_noted(genai_here, file, tmp_path):
    config = tmp_path / "config" / "jupyter_server_config.json"
    config.write_text(json.dumps({"GenAILab": {"mode": "local", "fallback": "never"}}))
    file.write_text('mode = "cloud"\nfallback = "auto"\n[text]\nmodels = ["gpt-*"]\n')
    done = genai_here("policy", "check", str(file), "--json")
    assert (done.status, len(done.json["notes"])) == (0, 3)
    for words in ("GenAILab.mode is local", "GenAILab.fallback is never", "GenAILab.text_models"):
        assert words in "".join(done.json["notes"])


def test_the_doctor_reads_the_policy_as_a_server_would(file, tmp_path):
    assert policy_findings(LabSettings()) == []
    settings = LabSettings(policy_source=str(file))
    (fine,) = policy_findings(settings)
    assert (fine.state, fine.name) == ("ok", "policy")
    assert f"Images 101 is read from {file}" in fine.sentence
    file.write_text("mode = 1\n")
    (wrong,) = policy_findings(settings)
    assert (wrong.state, "policy.toml:1: mode" in wrong.sentence) == ("note", True)
    (gone,) = policy_findings(LabSettings(policy_source=str(tmp_path / "none.toml")))
    assert gone.state == "note"
    assert gone.remedy


@pytest.mark.server
def test_what_holds_on_the_running_lab_is_shown(genai_with_lab):
    done = genai_with_lab("policy", "show", "--json")
    assert (done.status, done.json["fallback"], done.json["source"]) == (0, "ask", "")
    words = genai_with_lab("policy", "show").out
    assert "class: none" in words
    assert "Nothing is enforced" in words


@pytest.mark.server
def test_the_mode_is_chosen_and_taken_back(genai_with_lab):
    assert genai_with_lab("mode", "--json").json["effective"] == "auto"
    done = genai_with_lab("mode", "demo")
    assert done.status == 0, done.err
    assert "The mode is demo." in done.out
    assert "person: demo" in done.out
    assert genai_with_lab("mode", "clear", "--json").json["effective"] == "auto"
    assert genai_with_lab("mode", "loud").status == 2
