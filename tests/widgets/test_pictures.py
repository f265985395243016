"""Pictures show themselves, know their origin, and are saved whole or not at all."""

from __future__ import annotations

import base64
import io
from datetime import datetime, timezone

import pytest
from PIL import Image

from coursia_genai_lab.errors import Conflict, InvalidRequest
from coursia_genai_lab.widgets import GeneratedImage, Images
from coursia_genai_lab.widgets.showing import moment, money
from coursia_genai_lab.wire.provenance import Provenance


def known(**facts: object) -> Provenance:
    told = {
        "id": "1",
        "made_at": "2026-01-02T03:04:05Z",
        "software": "coursia-genai-lab 1",
        "engine": "openai_images",
        "service": "openai",
        "mode": "cloud",
        "model": "gpt-image-2",
        "provider": "api.example.org",
        "cost_microusd": 42_000,
        "prompt": "a red fox",
        "width": 40,
        "height": 30,
    }
    return Provenance.model_validate({**told, **facts})


def made(kind: str = "PNG", size: tuple[int, int] = (40, 30), **origin: object) -> GeneratedImage:
    out = io.BytesIO()
    Image.new("RGB", size, (10, 200, 30)).save(out, kind)
    origin = {"prompt": "a <b>red</b> fox", "model": "demo", "seed": 7, "demo": True, **origin}
    return GeneratedImage(data=out.getvalue(), format=kind.lower(), **origin)


def shown(bundle: dict[str, str], kind: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(bundle[kind])))


def test_a_picture_shows_itself_as_png_and_as_text():
    bundle, about = made(size=(1600, 800))._repr_mimebundle_()
    assert shown(bundle, "image/png").size == (1600, 800)
    assert about == {"image/png": {"width": 640}}
    assert bundle["text/plain"] == "demo · 1600 × 800 · seed 7 · DEMO: a <b>red</b> fox"
    assert Image.open(io.BytesIO(made()._repr_png_())).format == "PNG"


def test_a_jpeg_is_shown_as_it_is_and_a_webp_as_png():
    jpeg, webp = made("JPEG"), made("WEBP")
    assert base64.b64decode(jpeg._repr_mimebundle_()[0]["image/jpeg"]) == jpeg.data
    assert shown(webp._repr_mimebundle_()[0], "image/png").size == (40, 30)


def test_one_picture_shows_itself_and_several_a_gallery_with_words():
    assert "image/png" in Images([made()])._repr_mimebundle_()[0]
    gallery = Images([made(), made(seed=8)])._repr_mimebundle_()[0]["text/html"]
    assert gallery.count("<img") == 2
    assert 'alt="a &lt;b&gt;red&lt;/b&gt; fox"' in gallery
    assert "<b>red" not in gallery
    assert "seed 8" in gallery


def test_the_bytes_show_in_no_repr():
    assert len(repr(Images([made(size=(400, 400))]))) < 300


def test_a_picture_is_saved_byte_for_byte_in_its_own_format(tmp_path):
    picture = made()
    assert picture.save(tmp_path / "fox.png") == tmp_path / "fox.png"
    assert (tmp_path / "fox.png").read_bytes() == picture.data


def test_another_ending_means_another_format(tmp_path):
    for name, kind in (("fox.jpg", "JPEG"), ("fox.webp", "WEBP")):
        with Image.open(made().save(tmp_path / name)) as saved:
            assert saved.format == kind


def test_a_name_without_ending_gets_that_of_the_format(tmp_path):
    assert made("JPEG").save(tmp_path / "fox").name == "fox.jpg"


def test_nothing_is_replaced_unless_one_says_so(tmp_path):
    path = tmp_path / "fox.png"
    path.write_bytes(b"precious")
    with pytest.raises(Conflict, match="exists already") as caught:
        made().save(path)
    assert "overwrite=True" in caught.value.remedy
    assert path.read_bytes() == b"precious"
    made().save(path, overwrite=True)
    assert path.read_bytes() == made().data
    assert [file.name for file in tmp_path.iterdir()] == ["fox.png"]


def test_a_save_that_fails_leaves_nothing_behind(tmp_path):
    with pytest.raises(InvalidRequest, match=r"cannot be saved as \.gif"):
        made().save(tmp_path / "fox.gif")
    with pytest.raises(InvalidRequest, match="does not exist"):
        made().save(tmp_path / "nowhere" / "fox.png")
    assert list(tmp_path.iterdir()) == []


def test_several_pictures_are_saved_under_numbered_names(tmp_path):
    paths = Images([made(), made()]).save(tmp_path / "fox.png")
    assert [path.name for path in paths] == ["fox-1.png", "fox-2.png"]
    assert [path.name for path in Images([made()]).save(tmp_path / "fox.png")] == ["fox.png"]


def test_the_caption_names_model_size_seed_and_demo():
    assert made().caption() == "demo · 40 × 30 · seed 7 · DEMO"
    assert made(seed=None, demo=False, model=None).caption() == "40 × 30"


def test_a_picture_shows_its_words_and_on_demand_its_origin():
    figure = made(provenance=known())._repr_mimebundle_()[0]["text/html"]
    assert 'alt="a &lt;b&gt;red&lt;/b&gt; fox"' in figure
    assert "demo · 40 × 30 · seed 7 · DEMO · 4.2 ¢<details>" in figure
    assert "<details><summary>How it was made</summary>" in figure
    assert "api.example.org" in figure
    assert "4.2 ¢" in figure
    assert "<b>red" not in figure


def test_the_copy_that_is_shown_is_small_and_the_file_stays_whole():
    picture = made(size=(2000, 1000))
    bundle, _ = picture._repr_mimebundle_()
    copy = bundle["text/html"].partition("data:image/jpeg;base64,")[2].partition('"')[0]
    assert max(Image.open(io.BytesIO(base64.b64decode(copy))).size) <= 1280
    assert base64.b64decode(bundle["image/png"]) == picture.data


def test_a_cost_is_told_in_cents_and_nothing_where_nobody_charged():
    assert made(provenance=known()).cost_cents == 4.2
    assert made(provenance=known(cost_microusd=None)).cost_cents is None
    assert made().cost_cents is None
    told = [money(cents) for cents in (0.05, 4.2, 12.4, 120)]
    assert told == ["0.05 ¢", "4.2 ¢", "12 ¢", "$1.20"]


def test_a_time_reads_as_on_a_clock_here():
    here = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc).astimezone()
    assert moment("2026-01-02T03:04:05Z") == f"{here:%Y-%m-%d %H:%M}"
    assert moment("some day") == "some day"
