"""Slots that say whose containers and processes are whose."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from coursia_genai_lab.errors import ConfigurationError
from coursia_genai_lab.lab.ownership import claim_slots

HOLD_AND_DIE = """
import os, sys
from pathlib import Path
from coursia_genai_lab.lab.ownership import claim_slots
slot, _ = claim_slots(Path(sys.argv[1]))
print(slot.owner, flush=True)
os._exit(9)
"""


def test_two_living_labs_never_share_a_slot(tmp_path: Path) -> None:
    first, _ = claim_slots(tmp_path / "state")
    second, abandoned = claim_slots(tmp_path / "state")
    assert first.owner != second.owner
    assert abandoned == []
    first.release()
    second.release()


def test_the_next_lab_takes_over_the_slot_of_one_that_crashed(tmp_path: Path) -> None:
    died = subprocess.run(
        [sys.executable, "-c", HOLD_AND_DIE, str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    slot, abandoned = claim_slots(tmp_path)
    assert slot.owner == died.stdout.strip()
    assert abandoned == []
    slot.release()


def test_further_abandoned_slots_are_handed_over_for_cleaning(tmp_path: Path) -> None:
    slots = [claim_slots(tmp_path)[0] for _ in range(3)]
    for slot in slots:
        slot.release()
    mine, abandoned = claim_slots(tmp_path)
    assert {mine.owner, *(slot.owner for slot in abandoned)} == {slot.owner for slot in slots}
    for slot in (mine, *abandoned):
        slot.release()


def test_a_clean_end_leaves_nothing(tmp_path: Path) -> None:
    slot, _ = claim_slots(tmp_path)
    (slot.folder / "token").write_text("x", encoding="utf-8")
    slot.release(forget=True)
    assert list(tmp_path.iterdir()) == []


def test_the_state_folder_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    slot, _ = claim_slots(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(slot.folder.stat().st_mode) == 0o700
    slot.release()


def test_a_file_in_the_way_is_told_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        claim_slots(tmp_path / "state")
    assert "state_path" in error.value.remedy


def test_a_broken_slot_file_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "broken.owner").write_text("{", encoding="utf-8")
    slot, abandoned = claim_slots(tmp_path)
    assert abandoned == []
    assert (tmp_path / "broken.owner").exists()
    slot.release()


@pytest.mark.parametrize("remains", ["credentials/docker-one", "processes/demo.json"])
def test_a_slot_that_something_may_still_bear_is_kept(tmp_path: Path, remains: str) -> None:
    slot, _ = claim_slots(tmp_path)
    file = slot.folder / remains
    file.parent.mkdir()
    file.write_text("x", encoding="utf-8")
    slot.release(forget=True)
    again, _ = claim_slots(tmp_path)
    assert again.owner == slot.owner
    assert file.exists()
    again.release()


def test_a_slot_whose_folder_somebody_removed_is_given_back(tmp_path: Path) -> None:
    slot, _ = claim_slots(tmp_path / "state")
    shutil.rmtree(tmp_path / "state")
    slot.release(forget=True)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(slot.lock)


def test_a_slot_that_cannot_be_opened_keeps_no_lab_from_its_own(tmp_path: Path) -> None:
    (tmp_path / "odd.owner").symlink_to(tmp_path / "nowhere")
    slot, abandoned = claim_slots(tmp_path)
    assert abandoned == []
    slot.release()
