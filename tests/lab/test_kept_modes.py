"""What people chose as their mode, over a restart."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from coursia_genai_lab.lab.kept_modes import KeptModes
from coursia_genai_lab.lab.people import People
from coursia_genai_lab.lab.policy import Policy
from coursia_genai_lab.wire.policy import ModeChange


def shared() -> Policy:
    return Policy("auto", people=People("owner", alone=False))


async def test_each_persons_choice_is_kept_privately_and_restored_once(tmp_path: Path) -> None:
    path = tmp_path / "state" / "modes.json"
    before = shared()
    modes = KeptModes(before, path)
    before.change(ModeChange(value="off"), by="ada")
    before.change(ModeChange(value="demo"), by="bob")
    await asyncio.gather(*(modes.keep() for _ in range(5)))
    assert [one.name for one in path.parent.iterdir()] == ["modes.json"]
    if os.name == "posix":
        assert path.stat().st_mode & 0o077 == 0
    after = shared()
    restored = KeptModes(after, path)
    await restored.open()
    assert [after.view(person=name).effective for name in ("ada", "bob", "cyd")] == [
        "off",
        "demo",
        "auto",
    ]
    after.change(ModeChange(value=None), by="ada")
    await restored.open()
    assert after.view(person="ada").effective == "auto"


async def test_alone_the_one_choice_is_restored_whoever_made_it(tmp_path: Path) -> None:
    before = Policy("auto")
    before.change(ModeChange(value="local"), by="ada")
    await KeptModes(before, tmp_path / "modes.json").keep()
    after = Policy("auto")
    await KeptModes(after, tmp_path / "modes.json").open()
    view = after.view()
    layer = next(one for one in view.layers if one.layer == "person")
    assert (view.effective, layer.set_by, layer.since is not None) == ("local", "ada", True)


@pytest.mark.parametrize(
    "text",
    ["", "[", "[]", "null", '{"": 1}', '{"": {"value": "loud"}}', '{"": {}}', "\x00", "[" * 5000],
)
async def test_a_file_that_makes_no_sense_restores_nothing(text: str, tmp_path: Path) -> None:
    path = tmp_path / "modes.json"
    path.write_text(text)
    policy = Policy("auto")
    await KeptModes(policy, path).open()
    assert policy.effective() == "auto"


async def test_a_choice_counts_though_it_cannot_be_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "state").write_text("a file, where a folder is to be")
    policy = Policy("auto")
    policy.change(ModeChange(value="off"), by="ada")
    await KeptModes(policy, tmp_path / "state" / "modes.json").keep()
    await KeptModes(policy, None).keep()
    assert policy.effective() == "off"
    assert "not kept" in caplog.text
