"""The runtimes under one contract, each with a real service that it can run."""

from __future__ import annotations

import sys
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
from aiohttp import web
from docker_engine import DockerUnderTest
from typing_extensions import Self

from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import ServiceDied
from coursia_genai_lab.runtimes.base import Exit, Instance, Progress, Runtime, Secret, StartOrder
from coursia_genai_lab.runtimes.docker import DockerRuntime
from coursia_genai_lab.runtimes.external import ExternalRuntime
from coursia_genai_lab.runtimes.fake import FakeRuntime, FakeWorld
from coursia_genai_lab.runtimes.process import ProcessRuntime

CHATTY = Path(__file__).parent / "chatty_server.py"
TOKEN = "the-secret-of-this-start"
OWNER = "0d0c7b5e-owner"
NAMESPACE = "cgl-contract"


class House:
    """One runtime: how to make it, a service of it, and what it leaves behind."""

    starts = True
    """Whether it starts anything, which then can fail, be stopped and be left behind."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.reports: list[Progress] = []
        self._runtimes: list[Runtime] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for runtime in self._runtimes:
            await runtime.close()

    def runtime(self) -> Runtime:
        """Return a new runtime, as the next Lab would make it."""
        runtime = self._make()
        self._runtimes.append(runtime)
        return runtime

    def spec(self, **changes: object) -> ServiceSpec:
        """Return a service that this runtime can run."""
        table: dict[str, object] = {
            "name": "chatty",
            "title": "Chatty",
            "dialect": "comfyui",
            "readiness": {"path": "/ready", "interval_seconds": 0.02},
        }
        return ServiceSpec.model_validate(table | self._table() | changes)

    def broken(self) -> ServiceSpec:
        """Return a service that fails while it starts."""
        raise NotImplementedError

    def order(self, spec: ServiceSpec | None = None, owner: str = OWNER) -> StartOrder:
        """Return an order for the service."""
        return StartOrder(
            spec=spec or self.spec(),
            owner=owner,
            namespace=NAMESPACE,
            credential=Secret(TOKEN),
            state_folder=str(self.folder),
            subnet=self._subnet(),
        )

    async def start(self, runtime: Runtime, spec: ServiceSpec | None = None) -> Instance:
        """Start the service, keeping what is reported."""
        return await runtime.start(self.order(spec), self.reports.append)

    async def find(
        self, runtime: Runtime, *specs: ServiceSpec, owner: str = OWNER
    ) -> list[Instance]:
        """Look for what an earlier Lab left."""
        known = specs or (self.spec(),)
        return await runtime.find(known, owner, NAMESPACE, str(self.folder))

    async def die(self, instance: Instance) -> None:
        """Let the service end by itself."""
        async with aiohttp.ClientSession() as session:
            try:
                await session.get(f"{instance.url}/die")
            except aiohttp.ClientError:
                return

    def remains(self) -> list[str]:
        """Name all that is still there: files, processes, containers, networks."""
        files = [str(path) for path in self.folder.rglob("*") if path.is_file()]
        return files + self._running()

    def _make(self) -> Runtime:
        raise NotImplementedError

    def _table(self) -> dict[str, object]:
        raise NotImplementedError

    def _running(self) -> list[str]:
        return []

    def _subnet(self) -> str:
        return ""


class FakeHouse(House):
    """The runtime that only pretends, within the test."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.world = FakeWorld()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, trace)
        await self.world.close()

    def broken(self) -> ServiceSpec:
        return self.spec(name="broken")

    async def die(self, instance: Instance) -> None:
        await self.world.end(instance.service, Exit(3, "exited with status 3"))

    def _make(self) -> Runtime:
        return FakeRuntime(
            world=self.world,
            failure=lambda spec: ServiceDied("It broke.") if spec.name == "broken" else None,
        )

    def _table(self) -> dict[str, object]:
        return {"process": {"command": ["nothing"]}}

    def _running(self) -> list[str]:
        return list(self.world.served)


class ProcessHouse(House):
    """Real children."""

    def broken(self) -> ServiceSpec:
        return self.spec(process={"command": [*self._command(), "--fail"]})

    def _make(self) -> Runtime:
        return ProcessRuntime()

    def _table(self) -> dict[str, object]:
        return {"process": {"command": self._command()}}

    def _command(self) -> list[str]:
        return ["{python}", str(CHATTY), "--port", "{port}", "--token-file", "{token_file}"]

    def _running(self) -> list[str]:
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue
            if str(self.folder) in command:
                found.append(command)
        return found


class ExternalHouse(House):
    """A server that somebody else runs."""

    starts = False

    async def __aenter__(self) -> Self:
        async def stats(request: web.Request) -> web.Response:
            return web.json_response({"system": {}, "devices": []})

        application = web.Application()
        application.router.add_get("/system_stats", stats)
        self._runner = web.AppRunner(application)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._address = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await super().__aexit__(kind, error, trace)
        await self._runner.cleanup()

    async def die(self, instance: Instance) -> None:
        await self._runner.cleanup()

    def _make(self) -> Runtime:
        return ExternalRuntime(watch_seconds=0.02)

    def _table(self) -> dict[str, object]:
        return {"address": self._address, "readiness": {"path": "/system_stats"}}


class DockerHouse(House):
    """Real containers on a real engine."""

    def __init__(self, folder: Path, engine: DockerUnderTest, image: str) -> None:
        super().__init__(folder)
        self.engine = engine
        self.options: dict[str, Any] = {"look_seconds": 0.05}
        """How its runtimes are made."""
        self._image = image

    def broken(self) -> ServiceSpec:
        return self.spec(container=self.container(user="no-such-user"))

    def container(self, **changes: object) -> dict[str, object]:
        """Return the container table with changes."""
        token_file = "/run/secrets/coursia-genai/token"
        python = str(Path(sys.executable).resolve())
        arguments = ["--host", "0.0.0.0", "--port", "8000", "--token-file", token_file]
        command = [python, "-c", CHATTY.read_text(encoding="utf-8"), *arguments]
        table = {"image": self._image, "port": 8000, "memory_mib": 256, "command": command}
        return table | changes

    def _make(self) -> Runtime:
        return DockerRuntime(host=self.engine.host, **self.options)

    def _table(self) -> dict[str, object]:
        return {"container": self.container()}

    def _running(self) -> list[str]:
        return self.engine.leftovers()

    def _subnet(self) -> str:
        return self.engine.subnet
