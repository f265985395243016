"""Pictures outlive the kernel that made them, in the person's own folder, within bounds."""

from __future__ import annotations

import io
import os
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from coursia_genai_lab.client.images import EditRequest
from coursia_genai_lab.widgets import GeneratedImage, GenerationPanel
from coursia_genai_lab.widgets.history import (
    MOST_PICTURES,
    ORPHAN_SECONDS,
    History,
    data_folder,
    find_history,
)
from coursia_genai_lab.wire.images import GenerationRequest
from coursia_genai_lab.wire.provenance import Provenance

SECONDS = 60


def png(colour: int = 0, side: int = 8) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (colour % 256, 9, 9)).save(out, "PNG")
    return out.getvalue()


def made(seed: int, **more: object) -> GeneratedImage:
    request = GenerationRequest(prompt="a réd fox", size="8x8", seed=seed, negative_prompt="snow")
    values = {"data": png(seed), "format": "png", "prompt": "a réd fox", "seed": seed}
    return GeneratedImage(**{**values, "asked": request, **more})


@pytest.fixture
def history(tmp_path: Path) -> History:
    """A history of this test's own."""
    return History(tmp_path / "histories" / "one")


def test_what_was_kept_comes_back_whole_and_the_newest_first(history):
    facts = Provenance(
        id="1",
        made_at="2026-01-02T03:04:05Z",
        software="coursia-genai-lab 1",
        engine="comfyui",
        service="comfyui-qwen",
        mode="auto",
        model="qwen",
        prompt="a réd fox",
        width=8,
        height=8,
    )
    for picture in (made(1), made(2, model="qwen", demo=True, warning="w", provenance=facts)):
        history.keep(picture)
    found = History(history.folder).load()
    assert [one.seed for one in found] == [2, 1]
    assert found[0] == made(2, model="qwen", demo=True, warning="w")
    assert found[0].provenance == facts
    assert found[1].asked == made(1).asked
    assert (found[1].data, found[1].provenance) == (made(1).data, None)


def test_a_picture_that_was_changed_comes_back_without_its_sources(history):
    edited = EditRequest(GenerationRequest(prompt="at night"), ())
    history.keep(made(1, asked=edited))
    assert history.load()[0].asked is None


def test_nobody_else_can_look_into_it(history):
    history.keep(made(1))
    assert stat.S_IMODE(history.folder.stat().st_mode) == 0o700


def test_the_oldest_make_room_by_number_and_by_size(history):
    for seed in range(MOST_PICTURES + 3):
        history.keep(made(seed))
    assert [one.seed for one in history.load()] == list(range(MOST_PICTURES + 2, 2, -1))
    assert len(list(history.folder.iterdir())) == 2 * MOST_PICTURES
    one = sum(path.stat().st_size for path in list(history.folder.iterdir())[:2])
    small = History(history.folder, most_bytes=one * 4)
    small.keep(made(99))
    assert 1 <= len(small.load()) <= 5
    assert small.load()[0].seed == 99


def test_notebooks_that_were_not_used_for_longest_make_room(tmp_path):
    folders = [tmp_path / "all" / name for name in ("old", "older", "now")]
    for age, folder in zip((1, 2, 0), folders, strict=True):
        History(folder).keep(made(1))
        os.utime(folder, (1_000_000 - age, 1_000_000 - age))
    size = sum(path.stat().st_size for path in folders[0].iterdir())
    History(folders[2], in_all=3 * size + size // 2).keep(made(2))
    assert [folder.exists() for folder in folders] == [True, False, True]


def test_what_a_killed_kernel_or_a_bad_disk_left_is_left_out(history):
    history.keep(made(1))
    [record] = history.folder.glob("*.json")
    half = "00000000000000000009-half"
    (history.folder / f"{half}.png").write_bytes(png())
    (history.folder / "9-no-json.json").write_text("{", encoding="utf-8")
    (history.folder / "9-no-picture.json").write_text(record.read_text("utf-8"), encoding="utf-8")
    (history.folder / "9-wild.json").write_text('{"version": 1, "format": "../x"}', "utf-8")
    (history.folder / "9-cut.json").write_text(record.read_text("utf-8"), encoding="utf-8")
    (history.folder / "9-cut.png").write_bytes(png(side=64)[:60])
    assert [one.seed for one in history.load()] == [1]
    history.keep(made(2))
    assert (history.folder / f"{half}.png").exists()
    long_ago = record.stat().st_mtime - 2 * ORPHAN_SECONDS
    os.utime(history.folder / f"{half}.png", (long_ago, long_ago))
    history.keep(made(3))
    assert not (history.folder / f"{half}.png").exists()


def test_forgetting_leaves_nothing_and_may_be_done_twice(history):
    history.keep(made(1))
    history.forget()
    history.forget()
    assert not history.folder.exists()
    assert history.load() == []


def test_each_notebook_has_its_own_and_a_folder_without_names_one(tmp_path):
    def folder(**environ: str) -> Path:
        return find_history({"JUPYTER_DATA_DIR": "/data", **environ}, tmp_path).folder

    named = folder(JPY_SESSION_NAME=str(tmp_path / "fox.ipynb"))
    assert named == folder(COURSIA_NOTEBOOK_PATH="fox.ipynb")
    assert len({named, folder(JPY_SESSION_NAME="cat.ipynb"), folder()}) == 3
    assert named.parent == Path("/data/coursia-genai/history")
    assert "fox" not in named.name


def test_the_data_folder_is_jupyters_own():
    assert data_folder({"JUPYTER_DATA_DIR": "/data"}) == Path("/data")
    assert data_folder({"XDG_DATA_HOME": "/xdg"}).name.lower() == "jupyter"


def test_a_form_shows_the_pictures_of_the_form_before(enabled, panel_with_models, seen):
    panel = panel_with_models(language="en")
    panel.fields.number.value = 2
    panel.generate()
    pictures = panel.wait(SECONDS)
    again = GenerationPanel(language="en")
    shown = seen(again.gallery.thumbs, "children", len)
    if not again.gallery.pictures:
        shown.wait()
    assert [one.data for one in again.gallery.pictures] == [one.data for one in reversed(pictures)]
    assert [name.partition(" · ")[0] for name, _ in again.gallery.names()] == [
        "Picture 2",
        "Picture 1",
    ]
    again.vary()
    assert again.wait(SECONDS)[0].prompt == "a red fox"


def test_a_form_without_history_keeps_nothing(enabled, panel_with_models, own_history):
    panel = panel_with_models(history=False)
    panel.generate()
    panel.wait(SECONDS)
    assert not list(own_history.iterdir())


def test_forgetting_in_the_form_asks_once_more(enabled, panel_with_models, own_history):
    panel = panel_with_models(language="en")
    panel.generate()
    panel.wait(SECONDS)
    panel.forget.click()
    assert panel.gallery.pictures
    assert panel.forget.description == "Really forget all of them?"
    panel.forget.click()
    assert panel.gallery.pictures == []
    assert not list((own_history / "coursia-genai" / "history").iterdir())
    assert panel.forget.layout.display == "none"


def test_a_history_that_cannot_be_written_costs_no_picture(enabled, panel_with_models, own_history):
    (own_history / "coursia-genai").write_text("in the way", encoding="utf-8")
    panel = panel_with_models(language="en")
    panel.generate()
    assert len(panel.wait(SECONDS)) == 1
    assert "could not be kept" in panel.story.line.value


def test_older_pictures_that_come_late_stand_behind_the_new_ones(enabled, panel_with_models):
    panel = panel_with_models(language="en", history=False)
    panel.generate()
    [new] = panel.wait(SECONDS)
    panel.gallery.add_older([replace(new, seed=2), replace(new, seed=1)])
    assert [one.seed for one in panel.gallery.pictures] == [new.seed, 2, 1]
    assert [number for _, number in panel.gallery.names()] == [3, 2, 1]
    assert panel.gallery.chosen is new
