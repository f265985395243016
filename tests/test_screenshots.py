"""The pictures of the documentation are there, are described, and show what there is."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image
from screenshots import IMAGES, LARGEST_BYTES, ROOT, STAMP, old, said, smaller, spoken

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PICTURES = sorted(path.name for path in IMAGES.glob("*.png"))
SPECS = sorted((ROOT / "ui-tests" / "screenshots").glob("*.spec.ts"))


def shown(page: Path) -> list[tuple[str, Path]]:
    """Return each picture of a page with its alternative text."""
    found = re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    return [(words, (page.parent / link).resolve()) for words, link in found]


@pytest.mark.parametrize("name", PICTURES)
def test_a_page_shows_every_picture_and_says_what_is_in_it(name: str) -> None:
    texts = [words for page in PAGES for words, path in shown(page) if path == IMAGES / name]
    assert texts, f"no page shows {name}"
    assert all(len(words) >= 30 for words in texts), texts


@pytest.mark.parametrize("name", PICTURES)
def test_every_picture_is_small(name: str) -> None:
    assert (IMAGES / name).stat().st_size < LARGEST_BYTES
    with Image.open(IMAGES / name) as picture:
        assert picture.format == "PNG"
        assert picture.width <= 1280


def test_the_browser_makes_every_picture() -> None:
    made = [
        f"{name}.png"
        for spec in SPECS
        for name in re.findall(r"shot\([^;]*?'([\w-]+)'\s*\);", spec.read_text(encoding="utf-8"))
    ]
    assert sorted(made) == PICTURES == sorted(json.loads(STAMP.read_text(encoding="utf-8")))


def test_no_picture_shows_words_that_have_left_the_sources() -> None:
    assert old(spoken()) == {}, "run `make screenshots`"


def test_a_label_that_changed_makes_its_pictures_old() -> None:
    words = json.loads(STAMP.read_text(encoding="utf-8"))["consent.png"]
    assert "Allow" in words
    assert "consent.png" in old(spoken().replace("'Allow'", "'Permit'").replace('"Allow"', ""))


def test_a_word_counts_where_it_is_said_as_a_whole() -> None:
    assert said(["Start it", "Start", "7 s"], "f('Start it')") == ["Start it"]


def test_a_small_sign_keeps_its_colour_beside_a_photograph(tmp_path: Path) -> None:
    picture = Image.new("RGB", (400, 300), "white")
    shades = [(x, y, (x + y) // 2) for y in range(250) for x in range(250)]
    photograph = Image.new("RGB", (250, 250))
    photograph.putdata(shades)
    picture.paste(photograph, (150, 0))
    picture.paste((56, 142, 60), (10, 10, 18, 18))
    smaller(picture, tmp_path / "small.png")
    with Image.open(tmp_path / "small.png") as written:
        assert written.mode == "P"
        read = written.convert("RGB")
    assert read.getpixel((14, 14)) == (56, 142, 60)
    assert read.getpixel((5, 200)) == (255, 255, 255)
