"""`generate`, `edit`, `models` and their async names, against a real engine."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys

import numpy
import pytest
from PIL import Image

import coursia_genai_lab
from coursia_genai_lab import aio, edit, generate, models
from coursia_genai_lab.errors import InvalidRequest, ModelUnknown, TokenMissing
from coursia_genai_lab.widgets import Images

SMALL = (256, 256)


def test_one_call_makes_a_picture_that_knows_its_origin(enabled):
    [picture] = generate("a red fox", size=SMALL, seed=7, steps=2)
    assert (picture.prompt, picture.seed, picture.demo) == ("a red fox", 7, True)
    assert picture.size == SMALL


def test_the_same_seed_makes_the_same_picture_and_none_another_each_time(enabled):
    first, again = (generate("a red fox", size=SMALL, seed=7, steps=2)[0] for _ in range(2))
    assert first.data == again.data
    other, another = (generate("a red fox", size=SMALL, steps=2)[0] for _ in range(2))
    assert other.data != another.data
    repeated = generate("a red fox", size=SMALL, seed=other.seed, steps=2)[0]
    assert repeated.data == other.data


def test_several_pictures_come_as_one_list(enabled):
    images = generate("a red fox", size=SMALL, n=3, seed=1, steps=2)
    assert isinstance(images, Images)
    assert [picture.seed for picture in images] == [1, 2, 3]
    assert [type(images[1:]), len(images[1:])] == [Images, 2]


def test_every_option_reaches_the_engine(enabled):
    plain = generate("a red fox", size=SMALL, seed=7, steps=2)[0]
    negative = generate("a red fox", size=SMALL, seed=7, steps=2, negative_prompt="snow")[0]
    assert negative.data != plain.data
    assert generate("x", model="flux-1-dev", size=None, steps=1, guidance=2.5)[0].model == (
        "flux-1-dev"
    )


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": "  "}, "prompt"),
        ({"prompt": None}, "prompt"),
        ({"prompt": ["x", "y"]}, "prompt"),
        ({"prompt": "x" * 40_000}, "prompt"),
        ({"prompt": "x", "model": 5}, "model"),
        ({"prompt": "x", "seed": "abc"}, "seed"),
        ({"prompt": "x", "n": 0}, "n"),
        ({"prompt": "x", "n": 11}, "n"),
        ({"prompt": "x", "size": (0, 5)}, "size"),
        ({"prompt": "x", "size": 512}, "size"),
        ({"prompt": "x", "seed": -1}, "seed"),
        ({"prompt": "x", "steps": 0}, "steps"),
    ],
)
def test_a_wrong_argument_is_named_before_anything_is_asked(disabled, options, word):
    with pytest.raises(InvalidRequest, match=f"^{word}: ") as caught:
        generate(**options)
    assert caught.value.remedy.startswith(("Write", "Pass"))
    assert len(str(caught.value)) < 200


def test_an_unknown_model_says_how_to_list_them(enabled):
    with pytest.raises(ModelUnknown) as caught:
        generate("x", model="never-heard-of")
    assert "models()" in caught.value.remedy


def test_the_models_are_listed(enabled):
    assert {"demo", "flux-1-dev", "gpt-image-2"} <= {model.id for model in models()}


def test_without_a_token_every_name_says_how_to_get_one(disabled, run):
    for call in (
        lambda: generate("x"),
        lambda: edit(Image.new("RGB", (8, 8)), "x"),
        models,
        lambda: run(aio.generate("x")),
        lambda: run(aio.models()),
    ):
        with pytest.raises(TokenMissing) as caught:
            call()
        assert "Enable GenAI for this kernel" in caught.value.remedy


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def sources(folder):
    picture = Image.new("RGB", (320, 256), (200, 30, 30))
    path = folder / "source.png"
    picture.save(path)
    return [picture, path, str(path), path.read_bytes(), numpy.asarray(picture)]


def test_whatever_is_a_picture_can_be_edited(enabled, tmp_path):
    results = [edit(source, "make it blue", seed=1) for source in sources(tmp_path)]
    assert {images[0].size for images in results} == {(320, 256)}
    assert len({images[0].data for images in results}) == 1
    again = edit(results[0][0], "make it green", seed=1)
    assert again[0].size == (320, 256)
    assert edit(results[0], "make it green", seed=1)[0].data == again[0].data


def test_several_pictures_can_be_edited_together(enabled):
    red, blue = Image.new("RGB", (320, 256), "red"), Image.new("RGB", (320, 256), "blue")
    assert len(edit([red, blue], "put both into one picture")) == 1


@pytest.mark.parametrize(
    ("mask", "name"),
    [
        (Image.new("L", (32, 32), 0), "black"),
        (Image.new("RGBA", (32, 32), (0, 0, 0, 255)), "opaque"),
    ],
    ids=["black", "opaque"],
)
def test_a_mask_that_lets_nothing_change_keeps_the_picture(enabled, mask, name):
    red = Image.new("RGB", (320, 256), (200, 30, 30))
    [picture] = edit(red, "a green field", mask=mask, seed=1)
    # Away from the ribbon and the caption that mark every demo picture.
    assert picture.image.convert("RGB").getpixel((20, 120)) == (200, 30, 30)


def test_white_in_a_mask_is_what_changes(enabled):
    red = Image.new("RGB", (320, 256), (200, 30, 30))
    mask = Image.new("L", red.size, 0)
    mask.paste(255, (0, 0, 160, 200))
    [picture] = edit(red, "a green field under a blue sky", mask=mask, seed=1)
    shown = picture.image.convert("RGB")
    assert shown.getpixel((200, 190)) == (200, 30, 30)
    left = {shown.getpixel((x, y)) for x in range(10, 120, 10) for y in range(10, 180, 10)}
    assert left != {(200, 30, 30)}


def test_a_photo_that_lies_on_its_side_is_set_upright(enabled, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "photo.jpg"
    Image.new("RGB", (320, 256), "red").save(path, exif=exif)
    assert edit(path, "make it blue")[0].size == (256, 320)


@pytest.mark.parametrize("source", [b"no picture", object(), [], "no/such/file.png"])
def test_what_is_no_picture_is_refused_in_words(enabled, source):
    with pytest.raises(InvalidRequest) as caught:
        edit(source, "x")
    assert caught.value.remedy


def test_the_async_names_do_the_same(enabled, run):
    async def all_of_them():
        images = await aio.generate("a red fox", size=SMALL, seed=7, steps=2)
        changed = await aio.edit(images[0], "make it blue", seed=1)
        return images, changed, await aio.models()

    images, changed, listed = run(all_of_them())
    assert images[0].data == generate("a red fox", size=SMALL, seed=7, steps=2)[0].data
    assert changed[0].size == SMALL
    assert [model.id for model in listed] == [model.id for model in models()]


def test_cancelling_the_task_of_an_async_call_ends_it(slow, run, capsys):
    async def cancelled() -> bool:
        task = asyncio.create_task(aio.generate("a red fox", size=SMALL, steps=150))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return task.cancelled()

    assert run(cancelled())
    assert "cancelled" in capsys.readouterr().err


INTERRUPTED = """
import sys, threading, _thread
from coursia_genai_lab import generate

class Told:
    def isatty(self): return True
    def flush(self): pass
    def write(self, text):
        if "step 2" in text:
            _thread.interrupt_main()

sys.stderr = Told()
try:
    generate("a red fox", size=(256, 256), steps=150)
except KeyboardInterrupt as error:
    import traceback
    sys.stdout.write(f"{error} {len(traceback.extract_tb(error.__traceback__))}")
"""


def test_an_interrupt_cancels_and_leaves_a_short_traceback(slow):
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, timeout=60, check=True
    )
    message, _, frames = done.stdout.rpartition(" ")
    assert message == "The generation was cancelled."
    assert int(frames) <= 3


def test_progress_goes_to_stderr_and_can_be_switched_off(enabled, capsys):
    generate("a red fox", size=SMALL, steps=2)
    assert "the picture is ready" in capsys.readouterr().err
    generate("a red fox", size=SMALL, steps=2, show_progress=False)
    assert capsys.readouterr().err == ""


def test_the_public_names_lead_to_the_helper():
    assert coursia_genai_lab.generate is generate
    assert {"generate", "edit", "models", "GenerationPanel", "aio"} <= set(dir(coursia_genai_lab))
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        coursia_genai_lab.paint  # noqa: B018  # the access itself is what is tested


def test_a_callback_that_raises_leaves_no_progress_that_goes_on(enabled, capsys):
    def stumble(event: object) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        generate("a red fox", show_progress=True, on_progress=stumble)
    assert capsys.readouterr().err.strip().endswith("cancelled")
