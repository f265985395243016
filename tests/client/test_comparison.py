"""How alike two pictures are, and what their provenance says of the difference."""

from __future__ import annotations

import io
import random
from typing import Any

import pytest
from PIL import Image, ImageFilter

from coursia_genai_lab.client import compare, request_again
from coursia_genai_lab.errors import InvalidRequest
from coursia_genai_lab.wire.provenance import Provenance

FACTS: dict[str, Any] = {
    "id": "0b0e4f0e-0000-4000-8000-000000000000",
    "made_at": "2026-11-21T10:00:00Z",
    "software": "coursia-genai-lab 1.0",
    "engine": "comfyui",
    "service": "flux",
    "mode": "auto",
    "model": "flux-1-dev",
    "model_hash": "sha256:aa",
    "workflow": "flux",
    "workflow_hash": "sha256:bb",
    "image_digest": "sha256:cc",
    "prompt": "a red fox",
    "seed": 7,
    "width": 64,
    "height": 48,
    "steps": 20,
    "guidance": 3.5,
}


def facts(**changes: Any) -> Provenance:
    return Provenance(**{**FACTS, **changes})


def drawing(seed: int = 1, size: tuple[int, int] = (64, 48)) -> Image.Image:
    dice = random.Random(seed)
    picture = Image.new("RGB", size)
    picture.putdata([tuple(dice.randrange(256) for _ in "rgb") for _ in range(size[0] * size[1])])
    return picture.filter(ImageFilter.GaussianBlur(3))


def stored(picture: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


def with_noise(picture: Image.Image, most: int) -> Image.Image:
    dice = random.Random(9)
    return picture.point(lambda value: max(0, min(255, value + dice.randint(-most, most))))


def test_the_same_bytes_are_identical():
    data = stored(drawing())
    assert compare(data, data).verdict == "identical"


def test_the_same_pixels_in_another_file_are_identical():
    picture = drawing()
    quick, small = stored(picture, compress_level=1), stored(picture, compress_level=9)
    assert quick != small
    found = compare(quick, small)
    assert (found.verdict, found.decibels) == ("identical", None)


def test_noise_that_nobody_sees_is_similar_and_its_strength_is_told():
    picture = drawing()
    found = compare(stored(picture), stored(with_noise(picture, 4)))
    assert found.verdict == "similar"
    assert found.decibels is not None
    assert found.decibels > 30


def test_a_lossy_copy_is_similar():
    picture = drawing()
    assert compare(stored(picture), stored(picture, "JPEG", quality=90)).verdict == "similar"


def test_another_picture_is_different():
    found = compare(stored(drawing(1)), stored(drawing(2)))
    assert found.verdict == "different"
    assert found.decibels is not None
    assert found.decibels < 30


def test_a_small_change_of_content_is_different():
    changed = drawing()
    changed.paste((255, 0, 0), (8, 8, 40, 40))
    assert compare(stored(drawing()), stored(changed)).verdict == "different"


def test_a_change_of_transparency_alone_is_different():
    clear = drawing().convert("RGBA")
    clear.putalpha(0)
    assert compare(stored(drawing()), stored(clear)).verdict == "different"


def test_another_size_is_different_and_both_are_told():
    found = compare(stored(drawing()), stored(drawing(size=(32, 48))))
    assert found.verdict == "different"
    assert found.why == ("Their sizes differ: 64 × 48 and 32 × 48.",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model_hash": "sha256:dd"}, "hash of the model's main file differs: sha256:aa before"),
        ({"workflow_hash": "sha256:dd"}, "workflow's template differs"),
        ({"image_digest": "sha256:dd"}, "container image of the engine differs"),
        ({"engine": "a1111"}, "The engine differs: comfyui before, a1111 now."),
        ({"demo": True}, "demo engine stood in differs"),
        ({"seed": 8}, "The seed differs: 7 before, 8 now."),
        ({"software": "coursia-genai-lab 2.0"}, "version of the Lab differs"),
    ],
)
def test_what_changed_is_named(change, words):
    found = compare(stored(drawing(1)), stored(drawing(2)), facts(), facts(**change))
    [why] = found.why
    assert words in why


def test_what_is_private_is_named_and_not_quoted():
    found = compare(stored(drawing(1)), stored(drawing(2)), facts(), facts(prompt="a secret"))
    assert found.why == ("The prompt differs.",)


def test_what_nobody_knows_of_one_of_them_is_no_difference():
    found = compare(stored(drawing(1)), stored(drawing(2)), facts(), facts(model_hash=None))
    assert "Nothing that is known of their making differs" in found.why[0]


def test_without_provenance_it_says_so():
    [why] = compare(stored(drawing(1)), stored(drawing(2)), facts()).why
    assert why == "Nothing is known of how one of them was made."


def test_what_is_no_picture_is_refused():
    with pytest.raises(InvalidRequest):
        compare(stored(drawing()), b"no picture")


def test_a_picture_is_asked_for_again_with_the_values_that_were_really_used():
    again = request_again(facts(negative_prompt="", steps=18))
    assert again.model_dump(exclude_none=True) == {
        "prompt": "a red fox",
        "model": "flux-1-dev",
        "n": 1,
        "size": "64x48",
        "seed": 7,
        "steps": 18,
        "guidance": 3.5,
    }
