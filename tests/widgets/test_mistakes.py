"""What people write by mistake: told in two sentences, and nothing that was made is lost."""

from __future__ import annotations

import pytest

from coursia_genai_lab import batch, compare, generate, grid, last_made
from coursia_genai_lab.client import Step
from coursia_genai_lab.errors import GenerationError, InvalidRequest
from coursia_genai_lab.widgets import Images

QUICK = {"size": (256, 256), "show_progress": False}


def test_one_picture_is_taken_for_itself_and_of_several_one_is_to_be_chosen(enabled):
    one = generate("a red fox", **QUICK)
    assert compare(one, one[0]).verdict == "identical"
    assert len(grid(one[0]).captions) == 1
    with pytest.raises(InvalidRequest, match="these are 2") as caught:
        compare(Images([one[0], one[0]]), one)
    assert "pictures[0]" in caught.value.remedy


@pytest.mark.parametrize("wrong", [{"columns": "2"}, {"columns": 0}, {"cell_width": None}])
def test_a_wrong_value_of_a_grid_is_named(enabled, wrong):
    with pytest.raises(InvalidRequest, match=next(iter(wrong))):
        grid(generate("a red fox", **QUICK), **wrong)


def test_what_is_no_list_of_pictures_is_told(disabled):
    with pytest.raises(InvalidRequest, match="no list of pictures"):
        grid(5)


@pytest.mark.parametrize("wrong", ["a", 0, None, 2.5])
def test_a_wrong_number_at_once_is_named(enabled, wrong):
    with pytest.raises(InvalidRequest, match="at_once"):
        batch(["a"], at_once=wrong, **QUICK)


def test_an_argument_that_there_is_not_is_told_with_one_that_there_is(disabled):
    with pytest.raises(InvalidRequest) as caught:
        batch(["a"], sise=(256, 256))
    assert caught.value.message == "prompts[0]: sise: there is no such argument."
    assert caught.value.remedy.startswith("Did you mean size?")


def test_a_folder_that_cannot_be_is_told_before_anything_is_asked(enabled, tmp_path):
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(InvalidRequest, match="cannot be made"):
        batch(
            ["a"], save_to=file / "pictures", on_progress=lambda *_: pytest.fail("asked"), **QUICK
        )


def test_pictures_that_were_ready_before_a_failure_are_not_lost(enabled, capsys):
    def stop(event: object) -> None:
        if isinstance(event, Step) and event.index == 1:
            raise GenerationError("Enough.")

    with pytest.raises(GenerationError):
        generate("a red fox", size=(256, 256), n=2, seed=7, on_progress=stop)
    assert [one.seed for one in last_made()] == [7]
    assert "1 picture was ready before: last_made() returns it." in capsys.readouterr().err


def test_pictures_of_a_batch_that_was_interrupted_are_not_lost(enabled):
    seen = []

    def interrupt(number: int, event: object) -> None:
        seen.append(number)
        if number == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt, match=r"1 of 3 done\. 1 picture was ready"):
        batch(["a", "b", "c"], at_once=1, on_progress=interrupt, **QUICK)
    assert [one.prompt for one in last_made()] == ["a"]


def test_the_last_call_is_the_one_that_counts(enabled):
    generate("a red fox", **QUICK)
    pictures = generate("a blue boat", **QUICK)
    assert list(last_made()) == list(pictures)
