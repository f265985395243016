"""Children that share GPUs: what they see of them, and what other Labs see of their claims."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from runtime_houses import ProcessHouse

from coursia_genai_lab.errors import GPUTaken
from coursia_genai_lab.runtimes.base import StartOrder
from coursia_genai_lab.runtimes.process_records import read_record, record_path


def order(house: ProcessHouse, owner: str, **gpu: object) -> StartOrder:
    """Return an order of another Lab of this user, whose folder lies beside the others'."""
    folder = house.folder / owner
    folder.mkdir(exist_ok=True)
    spec = house.spec(gpu={"vram_mib": 16_000, **gpu})
    made = replace(house.order(spec, owner=owner), state_folder=str(folder))
    return replace(made, device_ids=["GPU-1"], gpu_rooms={"GPU-1": 24_000})


async def test_a_child_sees_the_gpus_that_it_was_given_and_no_other(tmp_path: Path) -> None:
    async with ProcessHouse(tmp_path) as house:
        runtime = house.runtime()
        instance = await runtime.start(order(house, "ada"), house.reports.append)
        pid = instance.detail["pid"]
        variables = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        assert "CUDA_VISIBLE_DEVICES=GPU-1" in variables
        assert instance.detail["gpus"] == "GPU-1"
        assert await runtime.claims("ada", str(tmp_path / "ada")) == []
        (seen,) = await runtime.claims("ben", str(tmp_path / "ben"))
        assert (seen.owner, seen.devices, seen.mib) == ("ada", ("GPU-1",), 16_000)
        await runtime.stop(instance, 1)
        assert await runtime.claims("ben", str(tmp_path / "ben")) == []


@pytest.mark.parametrize("gpu", [{}, {"vram_mib": 1, "exclusive": True}])
async def test_of_two_labs_that_do_not_fit_the_later_gives_way(
    tmp_path: Path, gpu: dict[str, object]
) -> None:
    async with ProcessHouse(tmp_path) as house:
        runtime, other = house.runtime(), house.runtime()
        first = await runtime.start(order(house, "ada"), house.reports.append)
        with pytest.raises(GPUTaken):
            await other.start(order(house, "ben", **gpu), house.reports.append)
        assert not list((tmp_path / "ben").rglob("*.json"))
        small = await other.start(order(house, "ben", vram_mib=8_000), house.reports.append)
        await other.stop(small, 1)
        await runtime.stop(first, 1)


async def test_a_record_of_an_older_version_claims_nothing(tmp_path: Path) -> None:
    async with ProcessHouse(tmp_path) as house:
        runtime = house.runtime()
        instance = await runtime.start(order(house, "ada"), house.reports.append)
        path = record_path(tmp_path / "ada", instance.service)
        table = json.loads(path.read_text())
        old = {name: value for name, value in table.items() if not name.startswith("gpu")}
        path.write_text(json.dumps(old))
        record = read_record(path)
        assert record is not None
        assert record.gpus == ""
        await runtime.stop(instance, 1)
