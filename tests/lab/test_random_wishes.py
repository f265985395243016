"""Whatever is wished in whatever order: the last wish wins, and nothing is left."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import aiohttp
from hypothesis import given
from hypothesis import strategies as st

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import GenAIError
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.runtimes.base import Exit, Instance
from coursia_genai_lab.runtimes.fake import FakeRuntime, FakeWorld
from coursia_genai_lab.runtimes.readiness import until_ready

SERVICES = ("comfyui", "forge-turbo")
OPERATIONS = ("start", "stop", "restart", "take", "drop", "die", "request", "pause")


async def play(folder: Path, steps: list[tuple[str, str]]) -> None:
    world = FakeWorld()
    async with aiohttp.ClientSession() as session:

        async def answers(spec: ServiceSpec, instance: Instance) -> None:
            await until_ready(instance.url, spec.readiness, timeout_seconds=10, session=session)

        lab = Lab(
            catalog=load_catalog(),
            settings=LabSettings(state_path=str(folder), runtime="fake", idle_minutes=0),
            runtimes=lambda: {"fake": FakeRuntime(world=world)},
            answers=answers,
        )
        await lab.open()
        await lab.opened(10)
        leases: list[str] = []
        requests: list[asyncio.Task[object]] = []
        for operation, name in steps:
            try:
                if operation in ("start", "stop", "restart"):
                    force = {} if operation == "start" else {"force": True}
                    getattr(lab, operation)(name, by="somebody", **force)
                elif operation == "take":
                    lease = lab.leases.take("kernel", [name], label="a.ipynb", person="ada")
                    leases.append(lease.id)
                elif operation == "drop" and leases:
                    lab.leases.drop(leases.pop())
                elif operation == "die":
                    await world.end(name, Exit(1, "exited with status 1"))
                elif operation == "request":
                    requests.append(asyncio.create_task(lab.endpoint(name, timeout=10)))
                else:
                    await asyncio.sleep(0)
            except GenAIError:
                continue
            names = [served.instance.service for served in world.served.values()]
            assert len(names) == len(set(names)), "a service runs twice"
        await asyncio.gather(*requests, return_exceptions=True)
        for name in SERVICES:
            lab.stop(name, by="somebody", force=True)
        await asyncio.wait_for(settled(lab), 10)
        assert world.served == {}
        for name in SERVICES:
            lab.start(name, by="somebody")
        await asyncio.wait_for(settled(lab), 10)
        assert {lab.service(name).state for name in SERVICES} == {"ready"}
        await lab.close()
    assert world.served == {}
    assert list(folder.iterdir()) == []


async def settled(lab: Lab) -> None:
    while any(
        lab.service(name).state in ("starting", "stopping")
        or lab.service(name).wanted != (lab.service(name).instance is not None)
        for name in SERVICES
    ):
        await lab.wait_for_change(lab.revision, 1)


@given(st.lists(st.tuples(st.sampled_from(OPERATIONS), st.sampled_from(SERVICES)), max_size=30))
def test_the_last_wish_wins_and_nothing_is_left(steps: list[tuple[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(play(Path(folder), steps))
