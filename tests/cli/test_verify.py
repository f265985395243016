"""`coursia-genai verify`: pictures as they were made, changed ones, strange ones."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyter_process import TOKEN, JupyterProcess
from PIL import Image, PngImagePlugin
from stamped_pictures import KINDS, facts, picture

from coursia_genai_lab.client import Access, Door, EditRequest, ImageFile, Picture
from coursia_genai_lab.lab.generation import Generation
from coursia_genai_lab.lab.generations import Generations
from coursia_genai_lab.lab.store.place import default_place
from coursia_genai_lab.lab.store.store import Store
from coursia_genai_lab.provenance import PictureFormat, stamp
from coursia_genai_lab.wire.images import GenerationRequest
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


@pytest.mark.parametrize(("keyword", "engine"), [("prompt", "ComfyUI"), ("parameters", "WebUI")])
def test_a_file_as_an_engine_made_it_is_told_apart(
    keyword: str, engine: str, genai_here: Genai, data: Path, tmp_path: Path
) -> None:
    words = PngImagePlugin.PngInfo()
    words.add_text(keyword, "{}")
    (tmp_path / "raw.png").write_bytes(picture(pnginfo=words))
    done = genai_here("verify", str(tmp_path), "--json", JUPYTER_DATA_DIR=str(data))
    assert (done.status, done.json["verdict"]) == (3, "no provenance")
    assert engine in done.json["why"][0]


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


NOTEBOOK = "a-folder-of-ada/secret-plans.ipynb"


@pytest.fixture(scope="module")
def drawn(jupyter: JupyterProcess) -> Picture:
    """A picture that a program had made through the doors of a running server."""
    wish = {"label": "a-very-own-script", "path": NOTEBOOK, "services": ["demo"]}
    given = jupyter.api("POST", "coursia-genai/api/v1/tokens", wish)["variables"]
    with Door(Access(given["GENAI_API_URL"], given["GENAI_API_TOKEN"])) as door:
        request = GenerationRequest(
            prompt="a red fox", negative_prompt="snow", model="demo", seed=7, size="128x96", steps=2
        )
        (made,) = door.generate(request)
    secrets = [given["GENAI_API_TOKEN"], TOKEN, NOTEBOOK, "secret-plans", "a-very-own-script"]
    places = [str(jupyter.folder), socket.gethostname(), "127.0.0.1", given["GENAI_API_URL"]]
    assert not [word for word in (*secrets, *places) if word.encode() in made.data]
    return made


def test_a_picture_of_a_running_lab_is_unchanged(
    drawn: Picture, genai_with_lab: Genai, tmp_path: Path
) -> None:
    file = tmp_path / "fox.png"
    file.write_bytes(drawn.data)
    done = genai_with_lab("verify", str(file), "--json")
    assert done.status == 0, done.out + done.err
    assert done.json["verdict"] == "unchanged"
    known = done.json["provenance"]
    assert (known["prompt"], known["seed"], known["steps"]) == ("a red fox", 7, 2)
    assert (known["service"], known["demo"], known["mode"]) == ("demo", True, "auto")
    assert drawn.provenance is not None
    assert known == drawn.provenance.model_dump()
    assert done.json["recorded"]["seconds"] > 0
    assert done.json["recorded"]["prompt"] is None


@pytest.mark.parametrize("kind", KINDS)
def test_every_format_of_the_openai_door_is_known_to_the_record(
    kind: str, jupyter: JupyterProcess, genai_with_lab: Genai, tmp_path: Path
) -> None:
    wish = {"label": "a script", "services": ["demo"]}
    given = jupyter.api("POST", "coursia-genai/api/v1/tokens", wish)["variables"]
    answer = httpx.post(
        f"{given['GENAI_API_URL']}/images/generations",
        json={"prompt": "a fox", "model": "demo", "size": "64x64", "output_format": kind},
        headers={"Authorization": f"Bearer {given['GENAI_API_TOKEN']}"},
        timeout=60,
    )
    (item,) = answer.raise_for_status().json()["data"]
    (tmp_path / f"fox.{kind}").write_bytes(base64.b64decode(item["b64_json"]))
    done = genai_with_lab("verify", str(tmp_path), "--json")
    assert (done.status, done.json["verdict"]) == (0, "unchanged"), done.out
    assert done.json["provenance"] == item["provenance"]


def test_it_is_made_again_the_same(drawn: Picture, genai_with_lab: Genai, tmp_path: Path) -> None:
    (tmp_path / "fox.png").write_bytes(drawn.data)
    done = genai_with_lab("verify", str(tmp_path), "--replay", "--json")
    assert done.status == 0, done.out + done.err
    assert done.json["replay"] == {"verdict": "identical", "decibels": None, "why": []}
    shown = genai_with_lab("verify", str(tmp_path), "--replay")
    assert "made again: identical" in shown.out


def test_a_forged_seed_is_told_by_the_record_and_by_making_it_again(
    drawn: Picture, genai_with_lab: Genai, tmp_path: Path
) -> None:
    assert drawn.provenance is not None
    forged = drawn.provenance.model_copy(update={"seed": 8})
    (tmp_path / "forged.png").write_bytes(stamp(drawn.data, forged, "png"))
    done = genai_with_lab("verify", str(tmp_path), "--replay", "--json")
    assert done.status == 1
    assert done.json["verdict"] == "changed"
    assert done.json["why"][0].endswith("recorded: seed.")
    assert done.json["replay"]["verdict"] == "different"


def test_an_id_that_no_lab_gives_is_not_looked_up(
    drawn: Picture, genai_with_lab: Genai, tmp_path: Path
) -> None:
    assert drawn.provenance is not None
    for number, name in enumerate(("../status", "x" * 5000, "", "\r\nHost: there", "é")):
        odd = drawn.provenance.model_copy(update={"id": name})
        (tmp_path / f"{number}.png").write_bytes(stamp(drawn.data, odd, "png"))
    done = genai_with_lab("verify", str(tmp_path), "--json")
    assert done.status == 1
    assert {line["verdict"] for line in done.lines} == {"unknown"}


def test_what_was_saved_with_loss_is_called_similar_and_why(
    drawn: Picture, genai_with_lab: Genai, tmp_path: Path
) -> None:
    assert drawn.provenance is not None
    lossy = stamp(drawn.data, drawn.provenance, "jpeg", quality=95)
    (tmp_path / "fox.jpg").write_bytes(lossy)
    done = genai_with_lab("verify", str(tmp_path), "--replay", "--json")
    assert (done.status, done.json["verdict"]) == (1, "changed")
    assert done.json["replay"]["verdict"] == "similar"
    assert "rounded its pixels" in done.json["replay"]["why"][0]


def test_what_cannot_be_made_again_says_why(
    drawn: Picture, genai_with_lab: Genai, tmp_path: Path
) -> None:
    assert drawn.provenance is not None
    odd = {
        "a-model-of-nobody.png": {"model": "no-such-model", "service": "no-such-service"},
        "beyond-all-bounds.png": {"seed": 2**63, "prompt": "p" * 40_000},
        "made-from-another.png": {"inputs": ["sha256:" + "0" * 64]},
    }
    for name, changed in odd.items():
        facts_ = drawn.provenance.model_copy(update=changed)
        (tmp_path / name).write_bytes(stamp(drawn.data, facts_, "png"))
    done = genai_with_lab("verify", str(tmp_path), "--replay", "--json")
    assert done.status == 1
    unknown, beyond, inputs = (line["replay"]["why"][0] for line in done.lines)
    assert "no-such-model" in unknown
    assert "beyond what a Lab takes" in beyond
    assert "--input" in inputs


def test_usage_counts_what_was_made(drawn: Picture, jupyter: JupyterProcess) -> None:
    usage = jupyter.api("GET", "coursia-genai/api/v1/usage")
    assert usage["pictures"] >= 1
    assert [one["service"] for one in usage["services"]] == ["demo"]


def test_a_changed_picture_is_made_again_from_what_it_was_made_from(
    jupyter: JupyterProcess, genai_with_lab: Genai, tmp_path: Path
) -> None:
    source, mask = tmp_path / "source.jpg", tmp_path / "mask.png"
    source.write_bytes(picture("jpeg"))
    hole = Image.new("RGBA", (96, 64), "white")
    hole.paste((0, 0, 0, 0), (20, 20, 60, 50))
    hole.save(mask)
    wish = {"label": "a script", "services": ["demo"]}
    given = jupyter.api("POST", "coursia-genai/api/v1/tokens", wish)["variables"]
    request = EditRequest(
        GenerationRequest(prompt="a hat", model="demo", seed=3, steps=1),
        (ImageFile("source.jpg", source.read_bytes(), "image/jpeg"),),
        ImageFile("mask.png", mask.read_bytes()),
    )
    with Door(Access(given["GENAI_API_URL"], given["GENAI_API_TOKEN"])) as door:
        (made,) = door.generate(request)
    file = tmp_path / "hat.png"
    file.write_bytes(made.data)
    sources = ("--input", str(source), "--mask", str(mask))
    done = genai_with_lab("verify", str(file), "--replay", *sources, "--json")
    assert done.status == 0, done.out + done.err
    assert len(done.json["provenance"]["inputs"]) == 2
    assert done.json["replay"] == {"verdict": "identical", "decibels": None, "why": []}
    bare = genai_with_lab("verify", str(file), "--replay", "--json")
    assert "made from 2 other files" in bare.json["replay"]["why"][0]
