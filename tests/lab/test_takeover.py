"""Beginning where earlier Labs ended: adopted, removed, or left for later."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import RuntimeUnavailable
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.ownership import claim_slots
from coursia_genai_lab.runtimes.base import Exit, Instance, Secret
from coursia_genai_lab.runtimes.fake import FakeRuntime

PATIENCE = 10


class Leftovers(FakeRuntime):
    """Finds one service of each owner, and can stop none."""

    def __init__(self, left: dict[str, str]) -> None:
        super().__init__()
        self._left = left

    async def find(
        self, specs: Sequence[ServiceSpec], owner: str, namespace: str, state_folder: str
    ) -> list[Instance]:
        name = self._left[owner]
        return [Instance(name, "fake", name, "http://127.0.0.1:9", Secret("x"), 0.0, adopted=True)]

    async def wait(self, instance: Instance) -> Exit:
        await asyncio.Event().wait()
        raise AssertionError("nothing ends here")

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        raise RuntimeUnavailable("The engine does not answer.")


async def at_once(spec: ServiceSpec, instance: Instance) -> None:
    """Take every instance for one that answers."""


async def test_what_cannot_be_removed_spoils_no_adoption_and_keeps_its_owner(
    tmp_path: Path,
) -> None:
    slots = [claim_slots(tmp_path)[0] for _ in range(2)]
    for slot in slots:
        slot.release()
    first, second = sorted(slot.owner for slot in slots)
    runtime = Leftovers({first: "comfyui", second: "forge-turbo"})
    lab = Lab(
        catalog=load_catalog(),
        settings=LabSettings(state_path=str(tmp_path), runtime="fake"),
        runtimes=lambda: {"fake": runtime},
        answers=at_once,
    )
    await lab.open()
    await lab.opened(PATIENCE)
    try:
        assert lab.changes.warnings == []
        assert lab.service("comfyui").state == "ready"
        assert lab.idle.left("comfyui") is not None
        assert (tmp_path / f"{second}.owner").exists()
    finally:
        await lab.close()
