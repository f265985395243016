"""Batches, streams, jobs beside other work, and replays, as a notebook has them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import aclosing, closing

import pytest
from PIL import Image

import coursia_genai_lab
from coursia_genai_lab import aio, batch, batch_stream, edit, generate, start, stream
from coursia_genai_lab.client import Picture, Preview, Step
from coursia_genai_lab.errors import (
    GenerationCancelled,
    GenerationTimedOut,
    InvalidRequest,
    ModelUnknown,
    TokenMissing,
)
from coursia_genai_lab.widgets import Batch, GeneratedImage, Result

SMALL = (256, 256)
QUICK = {"size": SMALL, "steps": 2}
SECONDS = 60


def test_a_batch_has_a_result_for_each_prompt_in_order(enabled):
    made = batch([f"fox {n}" for n in range(5)], seed=7, at_once=2, **QUICK)
    assert [one.prompt for one in made] == [f"fox {n}" for n in range(5)]
    assert [one.images[0].seed for one in made] == [7] * 5
    assert made.images[3].data == generate("fox 3", seed=7, **QUICK)[0].data
    assert (len(made), made.failures) == (5, [])
    assert isinstance(made[1:3], Batch)


def test_prompts_may_bring_arguments_of_their_own(enabled):
    made = batch(["a", {"prompt": "b", "size": (320, 256), "n": 2}], seed=1, **QUICK)
    assert [picture.size for picture in made.images] == [SMALL, (320, 256), (320, 256)]


def test_a_failure_is_a_result_with_its_error(enabled):
    made = batch(["a", {"prompt": "b", "model": "never-heard-of"}, "c"], **QUICK)
    [failed] = made.failures
    assert (failed.index, failed.prompt, len(failed.images)) == (1, "b", 0)
    assert isinstance(failed.error, ModelUnknown)
    assert [one.index for one in made if one.images] == [0, 2]
    bundle, _ = made._repr_mimebundle_()
    assert bundle["text/html"].count("<img") == 2
    assert "never-heard-of" in bundle["text/html"]
    assert repr(made) == "Batch(2 pictures, 1 failures)"


@pytest.mark.parametrize(
    ("prompts", "words"),
    [
        ("one text", "one prompt is no list"),
        (["a", ""], "prompts[1]"),
        (["a", {"prompt": "b", "n": 99}], "prompts[1]"),
        ([3], "prompts[0]"),
    ],
)
def test_a_wrong_prompt_is_named_before_anything_is_asked(disabled, prompts, words):
    with pytest.raises(InvalidRequest) as caught:
        batch(prompts)
    assert words in caught.value.message


def test_a_batch_is_saved_by_number_and_prompt(enabled, tmp_path):
    made = batch(["A red fox!", "été à Paris", "***"], **QUICK)
    paths = made.save(tmp_path / "new" / "folder")
    assert [path.name for path in paths] == [
        "001-a-red-fox.png",
        "002-été-à-paris.png",
        "003-picture.png",
    ]
    for path in paths:
        with Image.open(path) as saved:
            assert saved.size == SMALL


def test_each_picture_of_a_batch_is_written_as_soon_as_it_is_made(enabled, tmp_path):
    there: list[int] = []

    def hear(number, event):
        if isinstance(event, Picture):
            there.append(len(list(tmp_path.glob("*.png"))))

    batch(["a", "b", "c"], save_to=tmp_path, at_once=1, on_progress=hear, **QUICK)
    assert len(list(tmp_path.glob("*.png"))) == 3
    assert there[-1] >= 1


def test_results_of_a_batch_come_one_by_one(enabled):
    with closing(batch_stream(["a", "b", "c"], at_once=2, **QUICK)) as found:
        results = list(found)
    assert sorted(one.index for one in results) == [0, 1, 2]
    assert all(isinstance(one, Result) and one.images for one in results)


def test_a_batch_tells_how_far_it_is(enabled, capsys):
    batch(["a", {"prompt": "b", "model": "never-heard-of"}], **QUICK)
    assert "2 of 2 done, 1 failed" in capsys.readouterr().err


INTERRUPTED = """
import sys, _thread
from coursia_genai_lab import batch
from coursia_genai_lab.client import Step

def hear(number, event):
    if isinstance(event, Step):
        _thread.interrupt_main()

try:
    batch(["a", "b", "c"], size=(256, 256), steps=150, on_progress=hear, show_progress=False)
except KeyboardInterrupt as error:
    print(error)
"""


def test_an_interrupt_cancels_a_batch(slow):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
    )
    assert done.stdout == "The batch was cancelled: 0 of 3 done.\n"
    assert done.stderr == ""


def test_a_stream_yields_what_happens_and_then_the_picture(enabled):
    heard = list(stream("a red fox", size=SMALL, steps=4, seed=7))
    assert [event.step for event in heard if isinstance(event, Step)] == [1, 2, 3, 4]
    assert any(isinstance(event, Preview) for event in heard)
    assert isinstance(heard[-1], GeneratedImage)
    assert (heard[-1].prompt, heard[-1].seed) == ("a red fox", 7)


def test_leaving_a_stream_early_ends_it(slow):
    with closing(stream("a red fox", size=SMALL, steps=150)) as events:
        next(event for event in events if isinstance(event, Step))
    with pytest.raises(StopIteration):
        next(events)


def test_a_callback_hears_the_same(enabled):
    heard = []
    [picture] = generate("a red fox", seed=7, on_progress=heard.append, **QUICK)
    assert [event.step for event in heard if isinstance(event, Step)] == [1, 2]
    assert heard[-1].data == picture.data


def test_a_time_limit_ends_a_call_with_its_own_error(slow):
    with pytest.raises(GenerationTimedOut):
        generate("a red fox", size=SMALL, steps=150, timeout=0.5)


def test_a_job_goes_on_beside_other_work_and_brings_its_pictures(enabled):
    job = start("a red fox", seed=7, **QUICK)
    heard = list(job)
    assert isinstance(heard[-1], GeneratedImage)
    [picture] = job.result(SECONDS)
    assert picture.data == heard[-1].data
    assert repr(job) == "Job(running=False)"


def test_a_job_can_be_cancelled(slow):
    job = start("a red fox", size=SMALL, steps=150)
    assert job.running
    job.cancel()
    with pytest.raises(GenerationCancelled):
        job.result(SECONDS)


def test_a_picture_is_made_again_and_found_to_be_the_same(enabled):
    [picture] = generate("a red fox", seed=7, **QUICK)
    image, found = picture.replay()
    assert found.verdict == "identical"
    assert image.data == picture.data


def test_each_picture_of_several_is_made_again_alone(enabled):
    pictures = generate("a red fox", seed=7, n=3, **QUICK)
    again = pictures[2].replay(show_progress=False)
    assert (again.verdict, again.image.seed) == ("identical", 9)


def test_a_change_is_made_again_from_the_same_pictures(enabled):
    [picture] = edit(Image.new("RGB", SMALL, "red"), "make it blue", seed=3)
    assert picture.replay().verdict == "identical"


def test_a_picture_that_comes_out_otherwise_is_told(enabled):
    [picture] = generate("a red fox", seed=7, **QUICK)
    [other] = generate("a blue boat", seed=8, **QUICK)
    changed = GeneratedImage(other.data, "png", "a red fox", asked=picture.asked)
    again = changed.replay()
    assert again.verdict == "different"
    assert again.why


def test_what_is_not_known_cannot_be_made_again(enabled):
    [picture] = generate("a red fox", **QUICK)
    with pytest.raises(InvalidRequest) as caught:
        GeneratedImage(picture.data, "png", "a red fox").replay()
    assert caught.value.remedy


def test_the_async_names_do_the_same(enabled):
    async def all_of_them():
        made = await aio.batch(["a", "b", "c"], seed=1, **QUICK)
        async with aclosing(aio.batch_stream(["a"], seed=1, **QUICK)) as found:
            [one] = [result async for result in found]
        async with aclosing(aio.stream("a", seed=1, **QUICK)) as events:
            heard = [event async for event in events]
        return made, one, heard

    made, one, heard = asyncio.run(all_of_them())
    assert [result.index for result in made] == [0, 1, 2]
    assert one.images[0].data == made[0].images[0].data == heard[-1].data


@pytest.mark.parametrize("name", ["queue", "usage"])
def test_without_a_token_these_names_say_how_to_get_one_too(disabled, name):
    with pytest.raises(TokenMissing):
        getattr(coursia_genai_lab, name)()
    with pytest.raises(TokenMissing):
        asyncio.run(getattr(aio, name)())
    with pytest.raises(TokenMissing):
        batch(["a"])
    with pytest.raises(TokenMissing):
        start("a")


class Table:
    """A data frame as pandas and polars have it: columns, and rows on demand."""

    def __init__(self, *rows: dict[str, object]) -> None:
        self.columns = list(rows[0])
        self._rows = list(rows)


class PandasTable(Table):
    """Rows by the name and the argument that pandas has for them."""

    def to_dict(self, orient: str) -> list[dict[str, object]]:
        assert orient == "records"
        return self._rows


class PolarsTable(Table):
    """Rows by the name that polars has for them."""

    def to_dicts(self) -> list[dict[str, object]]:
        return self._rows


@pytest.mark.parametrize("kind", [PandasTable, PolarsTable])
def test_the_rows_of_a_data_frame_are_requests(enabled, kind):
    table = kind(
        {"number": 1, "prompt": "a fox", "seed": float("nan"), "size": None},
        {"number": 2, "prompt": "a boat", "seed": 5.0, "size": "320x256"},
    )
    made = batch(table, **QUICK)
    assert [one.prompt for one in made] == ["a fox", "a boat"]
    assert made.images[1].seed == 5
    assert [picture.size for picture in made.images] == [SMALL, (320, 256)]
    assert [row["seed"] for row in made.table()] == [made.images[0].seed, 5]


def test_a_data_frame_without_prompts_is_told_with_its_columns(enabled):
    with pytest.raises(InvalidRequest, match="no column `prompt`; its columns: text, seed"):
        batch(PandasTable({"text": "a fox", "seed": 1}))


def test_a_failure_has_its_line_in_the_table(enabled):
    made = batch([{"prompt": "b", "model": "never-heard-of"}], **QUICK)
    [row] = made.table()
    assert (row["prompt"], row["pictures"], row["seed"]) == ("b", 0, None)
    assert "never-heard-of" in row["error"]
