"""One Lab of several on a host: random operations on real processes, held against a model.

    python host_worker.py STATE_FOLDER SERVICES_FOLDER SEED OPERATIONS

It prints every operation. Status 0: all went as the model says; 9: it crashed on purpose, with
whatever ran at that moment; else a check failed.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Callable

import aiohttp

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import Conflict, GenAIError
from coursia_genai_lab.lab.lab import Lab
from coursia_genai_lab.runtimes.base import Instance
from coursia_genai_lab.runtimes.process import ProcessRuntime
from coursia_genai_lab.runtimes.readiness import until_ready

PATIENCE = 60
CRASHED = 9
OPERATIONS = ("start", "stop", "restart", "pin", "unpin", "take", "drop", "request", "kill", "rest")
CRASH_CHANCE = 0.03


class Worker:
    """A Lab, what is done to it, and what must come of that."""

    def __init__(self, lab: Lab, names: list[str], dice: random.Random) -> None:
        self.lab = lab
        self.names = names
        self.dice = dice
        self.wanted = dict.fromkeys(names, False)
        self.held: dict[str, list[str]] = {name: [] for name in names}
        self.pinned: set[str] = set()

    async def step(self) -> None:
        """Do one thing, and look at once whether its answer is right."""
        name, what = self.dice.choice(self.names), self.dice.choice(OPERATIONS)
        print(what, name, flush=True)
        if self.dice.random() < CRASH_CHANCE:
            print("crash", flush=True)
            os._exit(CRASHED)
        await getattr(self, f"_{what}")(name)

    async def _start(self, name: str) -> None:
        self.lab.start(name, by="ada")
        self.wanted[name] = True

    async def _stop(self, name: str) -> None:
        force = self.dice.random() < 0.5
        in_use = bool(self.held[name] or name in self.pinned)
        try:
            self.lab.stop(name, by="ada", force=force)
        except Conflict:
            assert in_use, "nobody held it"
            assert not force, "it was forced"
            return
        assert force or not in_use, "it was held"
        self.wanted[name] = False
        if force:
            self.pinned.discard(name)

    async def _restart(self, name: str) -> None:
        self.lab.restart(name, by="ada", force=True)
        self.wanted[name] = True

    async def _pin(self, name: str) -> None:
        self.lab.pin(name, minutes=60, by="ada")
        self.wanted[name] = True
        self.pinned.add(name)

    async def _unpin(self, name: str) -> None:
        self.lab.unpin(name, by="ada")
        self.pinned.discard(name)

    async def _take(self, name: str) -> None:
        lease = self.lab.leases.take("kernel", [name], label="a.ipynb", person="ada")
        self.held[name].append(lease.id)

    async def _drop(self, name: str) -> None:
        if self.held[name]:
            self.lab.leases.drop(self.held[name].pop())

    async def _request(self, name: str) -> None:
        try:
            endpoint = await self.lab.endpoint(name, timeout=PATIENCE)
        except GenAIError:
            # Killed just now: a mere request does not start it again.
            if self.lab.service(name).state != "failed":
                raise
            return
        self.wanted[name] = True
        async with aiohttp.ClientSession() as http:
            headers = {"Authorization": f"Bearer {endpoint.credential.reveal()}"}
            async with http.get(endpoint.url, headers=headers) as answer:
                assert answer.status == 200, answer.status

    async def _kill(self, name: str) -> None:
        await self.settle()
        instance = self.lab.service(name).instance
        if instance is not None:
            os.kill(int(instance.detail["pid"]), signal.SIGKILL)
            self.wanted[name] = False
            await self._until(lambda: self.lab.service(name).state == "failed")

    async def _rest(self, name: str) -> None:
        await self.settle()

    async def settle(self) -> None:
        """Wait until all wishes are fulfilled, and compare with the model."""
        await self._until(lambda: all(map(self._is_settled, self.names)))
        for name, wanted in self.wanted.items():
            instance = self.lab.service(name).instance
            assert (instance is not None) == wanted, (name, self.lab.service(name).state)
            if instance is not None:
                os.kill(int(instance.detail["pid"]), 0)

    def _is_settled(self, name: str) -> bool:
        cell = self.lab.service(name)
        runs = cell.instance is not None
        return cell.meant_to_run == runs and cell.state not in ("starting", "stopping")

    async def _until(self, true: Callable[[], bool]) -> None:
        async def look() -> None:
            while not true():
                await self.lab.wait_for_change(self.lab.revision, 1)

        await asyncio.wait_for(look(), PATIENCE)


async def main() -> None:
    """Open a Lab, do as many operations as asked, close it."""
    state, services, seed, operations = sys.argv[1:]
    dice = random.Random(seed)
    async with aiohttp.ClientSession() as http:

        async def answers(spec: ServiceSpec, instance: Instance) -> None:
            await until_ready(instance.url, spec.readiness, timeout_seconds=PATIENCE, session=http)

        lab = Lab(
            catalog=load_catalog(services),
            settings=LabSettings(state_path=state, services_path=services, runtime="process"),
            runtimes=lambda: {"process": ProcessRuntime()},
            answers=answers,
        )
        await lab.open()
        await lab.opened(PATIENCE)
        names = sorted(name for name in lab.catalog if name.startswith("tiny"))
        worker = Worker(lab, names, dice)
        for name in names:
            # What an earlier Lab left may have been adopted.
            worker.wanted[name] = lab.service(name).wanted
        for _ in range(int(operations)):
            await worker.step()
        await worker.settle()
        await lab.close()


if __name__ == "__main__":
    asyncio.run(main())
