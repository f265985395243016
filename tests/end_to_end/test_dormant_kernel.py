"""A service that left while its kernel slept comes back with the kernel's next call."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
from simulated_clock import SimulatedClock
from waiting import until

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.composition import build_runtimes
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.gateway.doors import Doors
from coursia_genai_lab.gateway.tokens import Tokens
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.lab.timeline_note import TimelineNote
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.readiness import until_ready

PATIENCE = 60.0


async def test_a_call_of_a_dormant_kernel_waits_for_the_real_engine_to_start_again(
    tmp_path: Path,
) -> None:
    settings = LabSettings(state_path=str(tmp_path), mode="demo", idle_minutes=5)
    clock, notes = SimulatedClock(), list[TimelineNote]()
    async with aiohttp.ClientSession() as http:

        async def answers(spec: ServiceSpec, instance: Instance) -> None:
            await until_ready(instance.url, spec.readiness, timeout_seconds=PATIENCE, session=http)

        lab = Lab(
            catalog=load_catalog(),
            settings=settings,
            runtimes=lambda: {"process": build_runtimes(settings)["process"]},
            answers=answers,
            record=notes.append,
            clock=clock,
        )
        tokens = Tokens(lab.leases)
        doors = Doors(lab, tokens)
        await lab.open()
        await lab.opened(PATIENCE)
        try:
            lease = lab.leases.take(
                "kernel", ["comfyui"], label="a.ipynb", person="ada", kernel_id="k1"
            )
            token = tokens.mint(lease.id, person="ada", services=["comfyui"], kernel_id="k1")
            door = await doors.open("comfyui")
            headers = {"Authorization": f"Bearer {token.reveal()}"}

            async def queue() -> int:
                async with http.get(f"{door}/queue", headers=headers) as got:
                    return got.status

            assert await asyncio.wait_for(queue(), PATIENCE) == 200
            lab.kernel_busy("k1", True)
            clock.advance(5)
            lab.kernel_busy("k1", False)
            for _ in range(11 * 60):
                clock.advance(1)
                lab.kernel_busy("k1", False)
            assert lab.leases.strength(lease) == "dormant"
            await until(lambda: lab.service("demo").state == "stopped")
            assert lab.leases.live(lease.id)
            assert await asyncio.wait_for(queue(), PATIENCE) == 200
            assert lab.leases.strength(lease) == "active"
            told = [note.event for note in notes if note.service == "demo"]
            round_ = ["asked", "started", "ready"]
            assert told == [*round_, "released", "stopping", "stopped", *round_]
        finally:
            await doors.close()
            await lab.close()
    assert list(tmp_path.iterdir()) == []
