"""One start of one child: its command, its first second, and nothing left when it fails."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from ..catalog.spec import ServiceSpec
from ..errors import PortTaken, RuntimeUnavailable, ServiceError
from . import loopback
from .base import Exit, StartOrder
from .child import Child, Identity, spawn
from .deaths import KEPT_LINES, died_while_starting
from .fingerprint import fingerprint
from .process_claims import chosen_devices, gpu_environment, refuse_overbooking
from .process_environment import child_environment
from .process_files import ProcessFiles, to_the_end
from .process_records import ProcessRecord, write_record

_FIRST_LOOK_SECONDS = 1.0


def command_of(spec: ServiceSpec, port: int, token_file: Path) -> list[str]:
    """Return the spec's command with `{python}`, `{port}` and `{token_file}` replaced."""
    words = {"{python}": sys.executable, "{port}": str(port), "{token_file}": str(token_file)}
    command = []
    for argument in spec.process.command if spec.process else []:
        for word, value in words.items():
            argument = argument.replace(word, value)
        command.append(argument)
    return command


async def launch(
    order: StartOrder, *, port: int, environ: Mapping[str, str], files: ProcessFiles
) -> tuple[ProcessRecord, Child]:
    """Spawn the child; return once it listens, or after a second while it still boots.

    Raises:
        ServiceDied: it ended within that second; with its last line of output.
        PortTaken: somebody else took the port first.
        RuntimeUnavailable: the system cannot run another process.
        ServiceError: the disk does not take its files.
    """
    child: Child | None = None
    try:
        await to_the_end(lambda: files.prepare(order.credential))
        identity = _spawn(order, port, environ, files)
        child = Child(identity)
        record = _record(order, identity, port, files.credential.name)
        await to_the_end(lambda: write_record(order.state_folder, record))
        await to_the_end(lambda: refuse_overbooking(order, record))
        await _first_look(order, child, port, files)
        # Again: the record of an older one may have come into sight only now.
        await to_the_end(lambda: refuse_overbooking(order, record))
    except BaseException as error:
        # Cancellation included: nothing that this call made stays behind.
        if child is not None:
            await asyncio.shield(child.end(0))
        with contextlib.suppress(OSError):
            await to_the_end(files.remove)
        if isinstance(error, OSError):
            raise _disk_refuses(order.spec, error) from error
        raise
    return record, child


def _spawn(
    order: StartOrder, port: int, environ: Mapping[str, str], files: ProcessFiles
) -> Identity:
    spec = order.spec
    try:
        return spawn(
            command_of(spec, port, files.credential),
            child_environment(environ, spec.process.environment if spec.process else {})
            | gpu_environment(order),
            Path(order.state_folder),
            files.output.path,
            lease=files.lease,
            # The file that a living Lab keeps locked for this folder.
            owner=Path(order.state_folder).with_suffix(".owner"),
        )
    except OSError as error:
        raise RuntimeUnavailable(
            f"{spec.title} cannot be started as a process: {error.strerror}.",
            "Close other programs, or raise the limit of processes of this user.",
        ) from error


async def _first_look(order: StartOrder, child: Child, port: int, files: ProcessFiles) -> None:
    """Watch the first second, in which wrong arguments and taken ports show."""
    clock = asyncio.get_running_loop().time
    until = clock() + _FIRST_LOOK_SECONDS
    while clock() < until:
        if await child.ended_within(0.02):
            if loopback.listeners(port):
                raise _port_taken(order.spec, port)
            lines = await asyncio.to_thread(files.output.tail, KEPT_LINES)
            raise died_while_starting(order, child.exit or Exit(None, "ended"), lines)
        for found in loopback.listeners(port):
            if any(loopback.holds(pid, found) for pid in child.family()):
                return
            if found.user != os.getuid():
                raise _port_taken(order.spec, port)
        if not loopback.can_see_listeners():
            return


def _disk_refuses(spec: ServiceSpec, error: OSError) -> ServiceError:
    return ServiceError(
        f"The files of {spec.title} cannot be written: {error.strerror or error}.",
        "Free some space, or correct GenAILab.state_path, then start the service again.",
        code="disk_refuses",
    )


def _port_taken(spec: ServiceSpec, port: int) -> PortTaken:
    return PortTaken(
        f"Another program took port {port} just before {spec.title} could.",
        "Start the service again; it gets another port.",
    )


def _record(order: StartOrder, identity: Identity, port: int, credential: str) -> ProcessRecord:
    return ProcessRecord(
        service=order.spec.name,
        owner=order.owner,
        namespace=order.namespace,
        pid=identity.pid,
        start_time=identity.start_time,
        parent=os.getpid(),
        port=port,
        credential=credential,
        fingerprint=fingerprint(order.spec),
        started_at=time.time(),
        gpus=chosen_devices(order),
        gpu_mib=order.spec.gpu.vram_mib if order.spec.gpu else 0,
        gpu_exclusive=bool(order.spec.gpu and order.spec.gpu.exclusive),
    )
