"""Run a service as a child process of the Lab."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from ..catalog.spec import ServiceSpec
from ..errors import PortTaken
from ..wire.problems import Problem
from ..wire.services import RuntimeName
from . import credentials, loopback, warden
from .base import Exit, Instance, Progress, Report, Runtime, Secret, StartOrder
from .child import Child, can_run_children, identify
from .fingerprint import fingerprint
from .gpu_claims import SeenClaim
from .process_claims import claims_of_others
from .process_environment import child_environment
from .process_files import STEM, ProcessFiles
from .process_launch import command_of, launch
from .process_records import ProcessRecord, read_record, record_path, records

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Running:
    instance: Instance
    record: ProcessRecord
    child: Child
    files: ProcessFiles


class ProcessRuntime(Runtime):
    """Start services as children in sessions of their own, on free loopback ports.

    `environ` None means the Lab's own environment, of which children get an innocent part.
    `reap_grace_seconds` is what a child of an earlier Lab gets between being asked and killed.
    """

    name: ClassVar[RuntimeName] = "process"
    takes_gpus = True

    def __init__(
        self,
        *,
        environ: Mapping[str, str] | None = None,
        free_port: Callable[[], int] = loopback.free_port,
        log_limit_bytes: int = 4 * 1024 * 1024,
        trim_seconds: float = 10.0,
        reap_grace_seconds: float = 5.0,
    ) -> None:
        self._environ = environ
        self._free_port = free_port
        self._log_limit = log_limit_bytes
        self._trim_seconds = trim_seconds
        self._reap_grace_seconds = reap_grace_seconds
        self._running: dict[str, _Running] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._trimming: asyncio.Task[None] | None = None

    def fits(self, spec: ServiceSpec) -> bool:
        """Say whether the spec has a command."""
        return spec.kind == "local" and spec.process is not None

    async def check(self, spec: ServiceSpec) -> Problem | None:
        """Say why the command cannot run here."""
        if not can_run_children():
            return Problem(
                code="runtime_unavailable",
                message="This system cannot run services as child processes.",
                remedy="Use Linux, WSL 2 or macOS, or run the service in Docker.",
            )
        program = command_of(spec, 0, Path())[0]
        path = child_environment(self._environ_now(), {}).get("PATH")
        if await asyncio.to_thread(shutil.which, program, path=path) is None:
            return Problem(
                code="nothing_installed",
                message=f"{spec.title} needs the program {program}, which is not installed here.",
                remedy=spec.install or f"Install {program}, then start the service again.",
                command=spec.install_command,
            )
        return None

    async def start(self, order: StartOrder, report: Report) -> Instance:
        """Spawn the child; return once it listens, or after a second while it still boots.

        Raises:
            ServiceDied: it ended within that second; with its last line of output.
            PortTaken: twice in a row somebody else took the port first.
            RuntimeUnavailable: the system cannot run it.
        """
        record = record_path(order.state_folder, order.spec.name)
        async with self._locks.setdefault(str(record), asyncio.Lock()):
            for known in [
                known for known in self._running.values() if known.files.record == record
            ]:
                if known.child.exit is None:
                    return replace(known.instance, adopted=True)
                await self._forget(known)
            earlier = await asyncio.to_thread(read_record, record)
            if earlier is not None:
                found = await self._adopt_or_reap(earlier, order.spec, order.state_folder)
                if found is not None:
                    return found
            report(Progress("starting the process"))
            try:
                return await self._launch(order)
            except PortTaken:
                return await self._launch(order)

    async def wait(self, instance: Instance) -> Exit:
        """Return when the child has ended."""
        running = self._running.get(instance.identifier)
        return await running.child.wait() if running else Exit(None, "not running")

    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        """End the child with its whole group, and remove its files."""
        running = self._running.get(instance.identifier)
        if running is not None:
            await running.child.end(grace_seconds)
            await self._forget(running)

    async def leave(self, instance: Instance, until: float) -> bool:
        """Let the child outlive the Lab until a Unix time; its warden ends it then."""
        running = self._running.get(instance.identifier)
        if running is None:
            return False
        await asyncio.to_thread(running.files.leave_until, until)
        return True

    async def logs(self, instance: Instance, tail: int) -> list[str]:
        """Return its last lines; also after it ended by itself, until it is stopped."""
        running = self._running.get(instance.identifier)
        if running is None:
            return []
        lines = await asyncio.to_thread(running.files.output.tail, tail)
        return credentials.redact(lines, instance.credential)

    async def find(
        self, specs: Sequence[ServiceSpec], owner: str, namespace: str, state_folder: str
    ) -> list[Instance]:
        """Adopt children that go on, end orphans, and remove the files of the dead."""
        by_name = {spec.name: spec for spec in specs}
        found: list[Instance] = []
        kept: set[str] = set()
        for path, record in await asyncio.to_thread(lambda: list(records(state_folder))):
            if record is None:
                await asyncio.to_thread(path.unlink, missing_ok=True)
            elif (record.owner, record.namespace) != (owner, namespace):
                kept.add(record.credential)
            elif instance := await self._adopt_or_reap(
                record, by_name.get(record.service), state_folder
            ):
                found.append(instance)
                kept.add(record.credential)
        await asyncio.to_thread(credentials.sweep_credentials, state_folder, STEM, kept)
        return found

    async def claims(self, owner: str, state_folder: str) -> list[SeenClaim]:
        """Return the GPU memory of children of this user's other Labs."""
        return await asyncio.to_thread(claims_of_others, state_folder, owner)

    async def close(self) -> None:
        """Stop watching; the children go on until the Lab's process ends."""
        if self._trimming is not None:
            self._trimming.cancel()
            await asyncio.wait([self._trimming])
            self._trimming = None
        for running in self._running.values():
            running.child.let_go()
        self._running.clear()

    async def _launch(self, order: StartOrder) -> Instance:
        credential_name = credentials.new_credential_name(STEM + order.spec.name)
        files = self._files(order.state_folder, order.spec.name, credential_name)
        record, child = await launch(
            order, port=self._free_port(), environ=self._environ_now(), files=files
        )
        return self._keep(record, child, files, order.credential, adopted=False)

    async def _adopt_or_reap(
        self, record: ProcessRecord, spec: ServiceSpec | None, state_folder: str
    ) -> Instance | None:
        files = self._files(state_folder, record.service, record.credential)
        now = identify(record.pid)
        if now is None or not record.identity.same_process(now):
            # Nobody, or a stranger who got the same pid later: only our remains are removed.
            await asyncio.to_thread(files.remove)
            return None
        known = self._running.get(_identifier(record))
        if known is not None and spec and fingerprint(spec) == record.fingerprint:
            return replace(known.instance, adopted=True)
        child = known.child if known is not None else Child(now)
        credential = await asyncio.to_thread(credentials.read_credential, files.credential)
        # Without a lease the warden of an orphan is ending it: adopting would lose it soon.
        orphan = now.parent != record.parent
        stays = not orphan or warden.is_claimed(str(files.lease), os.devnull)
        if spec and credential and stays and fingerprint(spec) == record.fingerprint:
            return self._keep(record, child, files, credential, adopted=True)
        log.info("ending %s (pid %d) of an earlier Lab", record.service, record.pid)
        await child.end(self._reap_grace_seconds)
        self._running.pop(_identifier(record), None)
        await asyncio.to_thread(files.remove)
        return None

    def _keep(
        self,
        record: ProcessRecord,
        child: Child,
        files: ProcessFiles,
        credential: Secret,
        *,
        adopted: bool,
    ) -> Instance:
        instance = Instance(
            service=record.service,
            runtime=self.name,
            identifier=_identifier(record),
            url=f"http://127.0.0.1:{record.port}",
            credential=credential,
            started_at=record.started_at,
            adopted=adopted,
            detail={"pid": str(record.pid), "port": str(record.port), "gpus": record.gpus},
        )
        self._running[instance.identifier] = _Running(instance, record, child, files)
        if self._trimming is None:
            self._trimming = asyncio.create_task(self._trim_regularly(), name="trim child output")
        return instance

    async def _forget(self, running: _Running) -> None:
        self._running.pop(running.instance.identifier, None)
        await asyncio.to_thread(running.files.remove)

    async def _trim_regularly(self) -> None:
        while True:
            await asyncio.sleep(self._trim_seconds)
            for running in list(self._running.values()):
                try:
                    await asyncio.to_thread(running.files.output.trim)
                except OSError as error:
                    log.warning("cannot shorten %s: %s", running.files.output.path, error)

    def _files(self, state_folder: str, service: str, credential_name: str) -> ProcessFiles:
        return ProcessFiles.of(state_folder, service, credential_name, self._log_limit)

    def _environ_now(self) -> Mapping[str, str]:
        return os.environ if self._environ is None else self._environ


def _identifier(record: ProcessRecord) -> str:
    return f"{record.pid}:{record.start_time}"
