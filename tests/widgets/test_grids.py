"""Contact sheets and comparisons: pictures of real calls, laid out as one."""

from __future__ import annotations

import base64
import io

import pytest
from PIL import Image

from coursia_genai_lab import compare, generate, grid
from coursia_genai_lab.errors import Conflict, InvalidRequest

QUICK = {"size": (256, 256), "steps": 2, "show_progress": False}


def test_pictures_lie_in_rows_under_their_captions(enabled):
    pictures = generate("a red fox", seed=1, n=3, **QUICK)
    sheet = grid(pictures, columns=2, cell_width=128)
    assert sheet.captions == tuple(picture.caption() for picture in pictures)
    assert sheet.image.size == (2 * (128 + 12) + 12, 2 * (128 + 30 + 12) + 12)
    first = sheet.image.crop((12, 12, 140, 140))
    expected = pictures[0].image.convert("RGB").resize((128, 128))
    assert compare(first, expected).verdict in ("identical", "similar")
    # The place of a fourth picture stays empty.
    assert sheet.image.crop((152, 182, 280, 310)).getextrema() == ((255, 255),) * 3


def test_a_grid_shows_itself_with_its_words_and_is_saved_whole(enabled, tmp_path):
    sheet = grid(generate("a red fox", seed=1, n=2, **QUICK), captions=["<one>", "two"])
    bundle, _ = sheet._repr_mimebundle_()
    assert 'alt="2 pictures: &lt;one&gt;: a red fox; two: a red fox"' in bundle["text/html"]
    assert bundle["text/plain"] == "2 pictures: <one>: a red fox; two: a red fox"
    with Image.open(sheet.save(tmp_path / "sheet")) as saved:
        assert (saved.format, saved.size) == ("PNG", sheet.image.size)
    with Image.open(sheet.save(tmp_path / "sheet.jpg")) as saved:
        assert saved.format == "JPEG"
    with pytest.raises(Conflict):
        sheet.save(tmp_path / "sheet")
    with pytest.raises(InvalidRequest, match=r"\.gif"):
        sheet.save(tmp_path / "sheet.gif")


def test_pictures_of_any_origin_and_shape_fit(tmp_path):
    Image.new("RGBA", (400, 100), "red").save(tmp_path / "flag.png")
    sheet = grid([tmp_path / "flag.png", Image.new("L", (10, 90), 0)], captions=None)
    assert sheet.captions == ("flag.png", "")
    assert base64.b64decode(sheet._shown)[:3] == b"\xff\xd8\xff"


def test_an_endless_caption_is_cut_at_the_edge_of_its_picture():
    black = Image.new("RGB", (128, 128), "black")
    sheet = grid([black, black], captions=["endless " * 100, "two"], cell_width=128)
    gap = sheet.image.crop((140, 150, 152, 182))
    assert gap.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize(
    ("pictures", "options", "words"),
    [
        (0, {}, "0 pictures"),
        (101, {}, "101 pictures"),
        (2, {"columns": 0}, "columns"),
        (2, {"captions": ["one"]}, "1 for 2"),
        (2, {"cell_width": 5}, "cell_width"),
    ],
)
def test_what_makes_no_grid_is_told(pictures, options, words):
    with pytest.raises(InvalidRequest, match=words):
        grid([Image.new("RGB", (2, 2))] * pictures, **options)


def test_a_comparison_says_how_alike_two_pictures_are_and_what_differs(enabled):
    first = generate("a red fox", seed=1, **QUICK)[0]
    second = generate("a red fox", seed=2, **QUICK)[0]
    found = compare(first, second)
    assert found.verdict == "different"
    assert ("Seed", "1", "2") in found.differing
    assert not any(name == "Prompt" for name, *_ in found.differing)
    bundle, _ = found._repr_mimebundle_()
    assert "<th" in bundle["text/html"]
    assert "Seed: 1 | 2" in bundle["text/plain"]
    again = compare(first, first.replay(show_progress=False).image)
    assert (again.verdict, again.decibels) == ("identical", None)


def test_any_two_pictures_are_compared(tmp_path):
    out = io.BytesIO()
    Image.new("RGB", (20, 20), "red").save(out, "PNG")
    (tmp_path / "red.png").write_bytes(out.getvalue())
    assert compare(out.getvalue(), tmp_path / "red.png").verdict == "identical"
    other = compare(tmp_path / "red.png", Image.new("RGB", (30, 20), "red"))
    assert "sizes differ" in other.why[0]


def test_variations_have_the_same_values_and_other_seeds(enabled):
    picture = generate("a red fox", seed=1, negative_prompt="snow", **QUICK)[0]
    others = picture.vary(3, show_progress=False)
    assert len({one.seed for one in others} | {1}) == 4
    for other in others:
        assert other.asked.model_copy(update={"seed": 1}) == picture.asked
    larger = picture.vary(1, show_progress=False, size=(320, 256))
    assert larger[0].size == (320, 256)
