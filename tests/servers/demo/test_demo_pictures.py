"""The pictures themselves: equal for equal wishes, marked, and of what was asked."""

from __future__ import annotations

import pytest
from PIL import Image, ImageChops, ImageStat

from coursia_genai_lab.servers.demo.art import SCENES
from coursia_genai_lab.servers.demo.drawing import draw
from coursia_genai_lab.servers.demo.marks import encode, stamp
from coursia_genai_lab.servers.demo.recipe import Recipe, TooLargeError
from coursia_genai_lab.servers.demo.styles import STYLES
from coursia_genai_lab.servers.demo.words import read

PROMPTS = [
    "", "x", "狐狸 🦊", "un renard roux dans la forêt", "a robot in the city at night", "the sea",
    "a galaxy", "a portrait", "abstract", "desert", "fish", "mountains in winter",
    "a castle and a balloon and a house", "rocket", "owl in the rain", "a dog in the fog",
    "panda", "bear", "rabbit", "pink flower, watercolor", "boat at sunset", "red green blue",
    "a black cat, cross stitch", "neon city", "a word " * 5000,
]  # fmt: skip


@pytest.mark.parametrize("prompt", PROMPTS, ids=range(len(PROMPTS)))
def test_every_prompt_gives_a_picture_of_its_own_and_always_the_same(prompt: str) -> None:
    recipe = Recipe(prompt, width=160, height=112)

    first = encode(draw(recipe))

    assert first == encode(draw(Recipe(prompt, width=160, height=112)))
    assert first != encode(draw(Recipe(prompt + " other", width=160, height=112)))
    assert first != encode(draw(Recipe(prompt, width=160, height=112, seed=1)))


@pytest.mark.parametrize("scene", sorted(SCENES))
@pytest.mark.parametrize("size", [(16, 16), (64, 64), (2048, 64), (64, 1024), (333, 277)])
def test_every_scene_can_be_drawn_in_every_shape(scene: str, size: tuple[int, int]) -> None:
    words = {"water": "underwater", "studio": "portrait"}.get(scene, scene)
    assert read(Recipe(words)).scenes == (scene,)

    made = draw(Recipe(words, width=size[0], height=size[1]))

    assert (made.size, made.mode) == (size, "RGB")


@pytest.mark.parametrize("size", [(2049, 64), (64, 2049), (10**9, 10**9), (8, 64)])
def test_other_sizes_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(TooLargeError):
        draw(Recipe("fox", width=size[0], height=size[1]))


@pytest.mark.parametrize("style", sorted(STYLES))
def test_every_style_changes_a_picture_and_keeps_its_size(style: str) -> None:
    source = draw(Recipe("a red fox", width=200, height=140))
    word = {"mono": "monochrome", "paint": "painting", "stitch": "cross stitch"}.get(style, style)
    assert read(Recipe(word)).styles == (style,)

    edited = draw(Recipe(word, width=200, height=140, source=source))

    assert edited.size == source.size
    assert difference(edited, source) > 4


@pytest.mark.parametrize(
    "words",
    [
        "blue",
        "night",
        "sunset",
        "dawn",
        "noon",
        "winter",
        "autumn",
        "rain",
        "fog",
        "add a cat",
        "hm",
    ],
)
def test_every_kind_of_instruction_shows(words: str) -> None:
    source = draw(Recipe("a red fox", width=200, height=140))

    edited = draw(Recipe(words, width=200, height=140, source=source))

    assert difference(edited, source) > 2


def test_less_strength_keeps_more_of_the_picture() -> None:
    source = draw(Recipe("a red fox", width=200, height=140))

    def changed(strength: float) -> float:
        edited = draw(Recipe("night", width=200, height=140, source=source, strength=strength))
        return difference(edited, source)

    assert changed(0.2) < changed(0.6) < changed(1.0)


def difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean) / 3


@pytest.mark.parametrize("size", [(64, 64), (300, 300), (1024, 640), (64, 512)])
def test_every_picture_bears_the_red_mark(size: tuple[int, int]) -> None:
    made = draw(Recipe("the blue sea", width=size[0], height=size[1]))

    red, green, blue = (band.point([int(v > t) * 255 for v in range(256)]) for band, t in zip(
        made.split(), (150, 80, 100), strict=True))  # fmt: skip
    only_red = ImageChops.subtract(ImageChops.subtract(red, green), blue)
    share = ImageStat.Stat(only_red).mean[0] / 255
    assert share > 0.01


@pytest.mark.parametrize(
    ("english", "french"),
    [
        ("a red fox at night", "un renard rouge la nuit"),
        ("the sea", "la mer"),
        ("a black cat in the garden", "un chat noir dans le jardin"),
    ],
)
def test_french_words_mean_the_same(english: str, french: str) -> None:
    assert read(Recipe(english)) == read(Recipe(french))


def test_a_colour_beside_a_figure_is_that_of_the_figure() -> None:
    wishes = read(Recipe("a blue cat before a green hill"))

    assert wishes.coats == {"cat": "blue"}
    assert wishes.colours == ("green",)


def test_what_the_negative_prompt_names_is_left_out() -> None:
    assert read(Recipe("a fox and a cat", negative="cats")).figures == ("fox",)


def test_plurals_are_understood() -> None:
    assert read(Recipe("two foxes, cats, châteaux")).figures[1:] == ("cat", "castle")


def test_the_caption_of_an_endless_prompt_is_drawn_as_fast_as_that_of_a_long_one() -> None:
    blank = Image.new("RGB", (512, 512))
    endless = stamp(blank, "x" * 50_000)
    assert endless.tobytes() == stamp(blank, "x" * 500).tobytes()
