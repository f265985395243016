"""`coursia-genai verify`: pictures as they were made, changed ones, strange ones."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from stamped_pictures import KINDS, facts, picture

from coursia_genai_lab.lab.generation import Generation
from coursia_genai_lab.lab.generations import Generations
from coursia_genai_lab.lab.store.place import default_place
from coursia_genai_lab.lab.store.store import Store
from coursia_genai_lab.provenance import PictureFormat, stamp
from coursia_genai_lab.wire.provenance import Provenance

Genai = Callable[..., Any]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Jupyter's data directory."""
    return tmp_path / "data"


async def recorded(data: Path, made: bytes, known: Provenance) -> None:
    """Write into the record what a Lab would."""
    store = Store(lambda: default_place(data), "durable")
    generations = Generations(store)
    store.open()
    generations.note(
        Generation(
            known.id,
            "ada",
            "openai",
            known.service,
            known.model,
            sha256=hashlib.sha256(made).hexdigest(),
            facts=known,
        )
    )
    assert await generations.usage("ada", 0)
    await store.close(60)
    assert store.notes() == []


@pytest.mark.parametrize("kind", KINDS)
async def test_a_file_as_it_was_made_is_unchanged(
    kind: PictureFormat, genai_here: Genai, data: Path, tmp_path: Path
) -> None:
    file = tmp_path / f"fox.{kind}"
    file.write_bytes(made := stamp(picture(), facts(), kind))
    await recorded(data, made, facts())
    done = genai_here("verify", str(file), "--json", JUPYTER_DATA_DIR=str(data))
    assert done.status == 0, done.err
    assert (done.json["verdict"], done.json["why"]) == ("unchanged", [])
    assert done.json["provenance"]["prompt"] == facts().prompt
    assert done.json["recorded"]["seconds"] == 0
    assert done.json["signed"] is False
    shown = genai_here("verify", str(file), JUPYTER_DATA_DIR=str(data))
    assert shown.status == 0
    assert "unchanged since it was made" in shown.out
    assert "seed 9223372036854775807, 96x64, 4 steps, guidance 1.5" in shown.out
    assert "not signed" in " ".join(shown.out.split())


async def test_a_pixel_or_a_word_that_was_changed_is_told(
    genai_here: Genai, data: Path, tmp_path: Path
) -> None:
    made = stamp(picture(), facts(), "png")
    await recorded(data, made, facts())
    other_pixels = stamp(picture(size=(95, 64)), facts(), "png")
    other_words = stamp(picture(), facts(seed=7, prompt="I drew this myself"), "png")
    for name, content in (("pixels", other_pixels), ("words", other_words)):
        (tmp_path / f"{name}.png").write_bytes(content)
    done = genai_here(
        "verify",
        *(str(tmp_path / f"{name}.png") for name in ("pixels", "words")),
        "--json",
        JUPYTER_DATA_DIR=str(data),
    )
    assert done.status == 1
    pixels, words = done.lines
    assert (pixels["verdict"], words["verdict"]) == ("changed", "changed")
    assert "the file is another" in pixels["why"][0]
    assert words["why"][0].endswith("prompt, seed.")


async def test_a_picture_of_another_lab_is_not_known(
    genai_here: Genai, data: Path, tmp_path: Path
) -> None:
    await recorded(data, b"another", facts(id="another"))
    (tmp_path / "fox.png").write_bytes(stamp(picture(), facts(), "png"))
    done = genai_here("verify", str(tmp_path), "--json", JUPYTER_DATA_DIR=str(data))
    assert (done.status, done.json["verdict"]) == (1, "unknown")


def test_without_any_record_nothing_is_claimed(
    genai_here: Genai, data: Path, tmp_path: Path
) -> None:
    (tmp_path / "fox.png").write_bytes(stamp(picture(), facts(), "png"))
    done = genai_here("verify", str(tmp_path / "fox.png"), "--json", JUPYTER_DATA_DIR=str(data))
    assert (done.status, done.json["verdict"]) == (1, "unchecked")
    assert "no record" in done.json["why"][0]
    assert not data.exists()


def test_what_says_nothing_of_its_making_has_a_status_of_its_own(
    genai_here: Genai, data: Path, tmp_path: Path
) -> None:
    again = io.BytesIO()
    Image.open(io.BytesIO(stamp(picture(), facts(), "png"))).convert("RGB").save(again, "PNG")
    (tmp_path / "saved-anew.png").write_bytes(again.getvalue())
    (tmp_path / "words.webp").write_text("no picture")
    done = genai_here("verify", str(tmp_path), "--json", JUPYTER_DATA_DIR=str(data))
    assert done.status == 3
    assert [line["verdict"] for line in done.lines] == ["no provenance", "no picture"]


async def test_folders_are_walked_and_the_worst_counts(
    genai_here: Genai, data: Path, tmp_path: Path
) -> None:
    made = stamp(picture(), facts(), "png")
    await recorded(data, made, facts())
    folder = tmp_path / "pictures"
    (folder / "below").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    (folder / "round").symlink_to(folder)
    for name in ("b.png", "below/a.PNG", ".hidden/c.png"):
        (folder / name).write_bytes(made)
    (folder / "notes.txt").write_text("no picture")
    done = genai_here("verify", str(folder), "--json", JUPYTER_DATA_DIR=str(data))
    assert done.status == 0
    assert [Path(line["path"]).name for line in done.lines] == ["b.png", "a.PNG"]
    (folder / "strange.jpg").write_bytes(picture("jpeg"))
    worse = genai_here("verify", str(folder), JUPYTER_DATA_DIR=str(data))
    assert worse.status == 3


def test_wrong_usage_has_status_2(genai_here: Genai, tmp_path: Path) -> None:
    assert genai_here("verify").status == 2
    assert genai_here("verify", str(tmp_path / "absent.png")).status == 2


def test_words_in_a_file_do_not_reach_the_terminal_as_commands(
    genai_here: Genai, data: Path, tmp_path: Path
) -> None:
    nasty = facts(prompt="\x1b]0;owned\x07 [bold]x[/bold]\r\n" + "y" * 5000, model="\x9b31m")
    (tmp_path / "nasty.png").write_bytes(stamp(picture(), nasty, "png"))
    done = genai_here("verify", str(tmp_path / "nasty.png"), JUPYTER_DATA_DIR=str(data))
    assert not set("\x1b\x07\x9b\r") & set(done.out)
    assert "[bold]x[/bold]" in done.out
    as_json = genai_here("verify", str(tmp_path), "--json", JUPYTER_DATA_DIR=str(data))
    assert json.loads(as_json.out)["provenance"]["prompt"] == nasty.prompt
