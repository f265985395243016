"""Services as children of the Lab: what goes wrong, and what must never happen."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from runtime_houses import CHATTY, NAMESPACE, OWNER, TOKEN, House, ProcessHouse
from waiting import until

from coursia_genai_lab.catalog import load_catalog
from coursia_genai_lab.catalog.spec import ServiceSpec
from coursia_genai_lab.errors import PortTaken, ServiceDied
from coursia_genai_lab.runtimes import process_records, warden
from coursia_genai_lab.runtimes.base import Instance, Runtime
from coursia_genai_lab.runtimes.child import identify
from coursia_genai_lab.runtimes.credentials import credential_headers
from coursia_genai_lab.runtimes.loopback import free_port
from coursia_genai_lab.runtimes.process import ProcessRuntime
from coursia_genai_lab.runtimes.readiness import speaks, until_ready

PATIENCE = 60.0

TELLS_ENVIRONMENT = """
import http.server, json, os, sys
print(json.dumps(dict(os.environ)), flush=True)
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.BaseHTTPRequestHandler)\
.serve_forever()
"""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = ProcessHouse(tmp_path)
    yield house
    assert house.remains() == []


def pid_of(instance: Instance) -> int:
    return int(instance.detail["pid"])


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def record(folder: Path) -> process_records.ProcessRecord:
    found = process_records.read_record(process_records.record_path(folder, "chatty"))
    assert found is not None
    return found


async def test_the_demo_engine_of_the_catalogue_serves(house: House) -> None:
    spec = load_catalog()["demo"]
    async with house, aiohttp.ClientSession() as session:
        runtime = house.runtime()
        assert runtime.fits(spec)
        assert await runtime.check(spec) is None
        instance = await house.start(runtime, spec)
        await until_ready(instance.url, spec.readiness, timeout_seconds=PATIENCE, session=session)
        proven = credential_headers(spec.credential, instance.credential)
        assert await speaks(instance.url, "comfyui", session=session, headers=proven) == "speaks"
        assert await speaks(instance.url, "comfyui", session=session) == "locked"
        await runtime.stop(instance, 5)


async def test_a_child_sees_its_settings_and_none_of_the_servers_keys(house: House) -> None:
    command = ["{python}", "-c", TELLS_ENVIRONMENT, "{port}"]
    spec = house.spec(process={"command": command, "environment": {"GENAI_DEMO_X": "1"}})
    ours = {
        "PATH": os.environ["PATH"],
        "HOME": "/home/me",
        "LC_ALL": "C.UTF-8",
        "PYTHONPATH": os.pathsep.join(["lib", "/abs"]),
        "OPENAI_API_KEY": "sk-hidden",
        "JUPYTER_TOKEN": "hidden",
        "HTTPS_PROXY": "http://user:hidden@proxy",
    }
    async with house:
        runtime = ProcessRuntime(environ=ours)
        instance = await house.start(runtime, spec)
        await until(lambda: bool(files(house.folder / "logs")))
        (line,) = await runtime.logs(instance, 1)
        seen = json.loads(line)
        assert seen["GENAI_DEMO_X"] == "1"
        assert seen["HOME"] == "/home/me"
        assert seen["LC_ALL"] == "C.UTF-8"
        assert seen["PYTHONPATH"] == os.pathsep.join([str(Path("lib").absolute()), "/abs"])
        assert "hidden" not in line
        await runtime.stop(instance, 1)
        await runtime.close()


async def test_the_credential_is_a_private_file_and_never_an_argument(house: House) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        command = Path(f"/proc/{pid_of(instance)}/cmdline").read_bytes()
        environment = Path(f"/proc/{pid_of(instance)}/environ").read_bytes()
        assert TOKEN.encode() not in command + environment
        (file,) = (house.folder / "credentials").iterdir()
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700
        assert TOKEN not in process_records.record_path(house.folder, "chatty").read_text()
        await runtime.stop(instance, 1)


async def test_a_program_that_is_missing_is_told_with_what_helps(house: House) -> None:
    async with house:
        spec = house.spec(
            process={"command": ["no-such-engine"]},
            install="Install the engine.",
            install_command="pip install engine",
        )
        problem = await house.runtime().check(spec)
        assert problem is not None
        assert problem.code == "nothing_installed"
        assert "no-such-engine" in problem.message
        assert (problem.remedy, problem.command) == ("Install the engine.", "pip install engine")


async def test_a_failing_child_is_quoted_without_the_credential(house: House) -> None:
    async with house:
        with pytest.raises(ServiceDied, match=r"status 1.*the model is missing") as failure:
            await house.start(house.runtime(), house.broken())
        assert TOKEN not in str(failure.value)


def ports(*choices: int) -> Callable[[], int]:
    given = iter(choices)
    return lambda: next(given)


async def test_a_port_that_was_taken_meanwhile_is_replaced_by_another(house: House) -> None:
    async with house:
        taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = taken.sockets[0].getsockname()[1]
        free = free_port()
        runtime = ProcessRuntime(free_port=ports(port, free))
        instance = await house.start(runtime)
        assert instance.url == f"http://127.0.0.1:{free}"
        await runtime.stop(instance, 1)
        await runtime.close()
        taken.close()


async def test_two_taken_ports_in_a_row_are_an_error(house: House) -> None:
    async with house:
        taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
        port = taken.sockets[0].getsockname()[1]
        runtime = ProcessRuntime(free_port=ports(port, port))
        with pytest.raises(PortTaken):
            await house.start(runtime)
        await runtime.close()
        taken.close()


async def test_starts_at_one_time_make_one_child(house: House) -> None:
    async with house:
        runtime = house.runtime()
        started = await asyncio.gather(*(house.start(runtime) for _ in range(5)))
        assert len({instance.identifier for instance in started}) == 1
        assert len([instance for instance in started if not instance.adopted]) == 1
        await runtime.stop(started[0], 1)


async def test_a_slow_boot_is_not_waited_for(house: House) -> None:
    async with house:
        spec = house.spec(process={"command": ["{python}", "-c", "import signal; signal.pause()"]})
        runtime = house.runtime()
        instance = await house.start(runtime, spec)
        assert identify(pid_of(instance)) is not None
        await runtime.stop(instance, 1)


async def test_long_output_is_cut_while_the_child_goes_on(house: House) -> None:
    source = "import time\nwhile True: print('x' * 200, flush=True); time.sleep(0.001)"
    async with house:
        runtime = ProcessRuntime(log_limit_bytes=20_000, trim_seconds=0.01)
        instance = await house.start(
            runtime, house.spec(process={"command": ["{python}", "-c", source]})
        )
        log = house.folder / "logs" / "chatty.log"
        largest = 0

        def was_cut() -> bool:
            nonlocal largest
            size = log.stat().st_size
            largest = max(largest, size)
            return size < largest

        await until(was_cut)
        assert (await runtime.logs(instance, 1))[0].startswith("x")
        await runtime.stop(instance, 1)
        await runtime.close()


LAB = """
import asyncio, sys, time
sys.path[:0] = {path!r}
from runtime_houses import ProcessHouse
from pathlib import Path

async def main():
    house = ProcessHouse(Path({folder!r}))
    command = house.spec().process.command + {extra!r}
    runtime = house.runtime()
    instance = await house.start(runtime, house.spec(process={{"command": command}}))
    if {lease}:
        await runtime.leave(instance, time.time() + {lease})
    print(instance.detail["pid"], flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


async def killed_lab(folder: Path, *extra: str, lease: float = 0) -> int:
    """Start the service in a Lab of its own, kill that Lab, and return the service's pid."""
    source = LAB.format(path=sys.path, folder=str(folder), extra=list(extra), lease=lease)
    lab = await asyncio.create_subprocess_exec(
        sys.executable, "-c", source, stdout=asyncio.subprocess.PIPE
    )
    assert lab.stdout is not None
    pid = int(await asyncio.wait_for(lab.stdout.readline(), PATIENCE))
    lab.kill()
    await asyncio.wait_for(lab.wait(), PATIENCE)
    return pid


def deaf(house: House) -> ServiceSpec:
    """Return a service that ignores polite signals."""
    command = ["{python}", str(CHATTY), "--port", "{port}", "--token-file", "{token_file}"]
    return house.spec(process={"command": [*command, "--deaf"]})


async def test_after_a_killed_lab_the_next_one_leaves_nothing_behind(house: House) -> None:
    pid = await killed_lab(house.folder)
    assert files(house.folder) != []
    async with house:
        assert await house.find(house.runtime()) == []
        assert identify(pid) is None
        assert files(house.folder) == []


async def test_a_child_with_a_lease_outlives_its_lab_and_serves_the_next_one(house: House) -> None:
    pid = await killed_lab(house.folder, lease=60)
    async with house:
        runtime = house.runtime()
        [instance] = await house.find(runtime)
        assert instance.adopted
        assert pid_of(instance) == pid
        async with aiohttp.ClientSession() as session, session.get(instance.url) as response:
            assert response.status < 500
        await runtime.stop(instance, 5)
        assert identify(pid) is None
        assert files(house.folder) == []


@pytest.mark.skipif(sys.platform != "linux", reason="proc(5) tells of locks on Linux only")
async def test_a_lease_that_has_run_out_lasts_as_long_as_a_lab_lives(house: House) -> None:
    owner = house.folder.with_suffix(".owner")
    with owner.open("w") as living:
        fcntl.flock(living, fcntl.LOCK_EX)
        pid = await killed_lab(house.folder, lease=-1)
        # Its warden has seen the end of its Lab by now, and looked.
        assert warden.is_claimed(os.devnull, str(owner))
        assert identify(pid) is not None
    await until(lambda: identify(pid) is None)
    async with house:
        assert await house.find(house.runtime()) == []
        assert files(house.folder) == []


@pytest.mark.skipif(sys.platform != "linux", reason="proc(5) tells of locks on Linux only")
def test_a_lock_on_a_file_of_the_same_number_elsewhere_is_no_lab_that_lives(
    tmp_path: Path,
) -> None:
    disks = [tmp_path / "one", tmp_path / "another"]
    try:
        for disk in disks:
            disk.mkdir()
            mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)]
            if os.getuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
                pytest.skip("only root can mount a disk")
        owner, strangers = (disk / "file" for disk in disks)
        owner.touch()
        with strangers.open("w") as file:
            assert owner.stat().st_ino == strangers.stat().st_ino
            fcntl.flock(file, fcntl.LOCK_EX)
            assert warden.is_claimed(os.devnull, str(strangers))
            assert not warden.is_claimed(os.devnull, str(owner))
    finally:
        for disk in disks:
            subprocess.run(["umount", "-l", str(disk)], check=False, capture_output=True)


async def test_an_orphan_that_ignores_signals_is_ended_by_the_next_lab(house: House) -> None:
    pid = await killed_lab(house.folder, "--deaf")
    assert identify(pid) is not None
    async with house:
        runtime = ProcessRuntime(reap_grace_seconds=0.05)
        assert await house.find(runtime, deaf(house)) == []
        assert identify(pid) is None
        await runtime.close()


async def test_an_orphan_does_not_hinder_a_start(house: House) -> None:
    pid = await killed_lab(house.folder, "--deaf")
    async with house:
        runtime = ProcessRuntime(reap_grace_seconds=0.05)
        instance = await house.start(runtime, deaf(house))
        assert identify(pid) is None
        assert not instance.adopted
        await runtime.stop(instance, 1)
        await runtime.close()


async def test_a_stranger_with_a_recorded_pid_is_never_touched(house: House) -> None:
    async with house:
        earlier = house.runtime()
        instance = await house.start(earlier)
        old = record(house.folder)
        await earlier.stop(instance, 1)
        stranger = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
        process_records.write_record(house.folder, replace(old, pid=stranger.pid))
        assert await house.find(house.runtime()) == []
        assert stranger.poll() is None
        assert files(house.folder) == []
        stranger.kill()
        stranger.wait(PATIENCE)


async def test_a_child_whose_credential_is_lost_is_ended(house: House) -> None:
    async with house:
        earlier = house.runtime()
        instance = await house.start(earlier)
        await earlier.close()
        (house.folder / "credentials" / record(house.folder).credential).unlink()
        assert await house.find(house.runtime()) == []
        assert identify(pid_of(instance)) is None


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"pid": "x"}', "\x00"])
async def test_a_record_that_makes_no_sense_is_removed(house: House, text: str) -> None:
    path = process_records.record_path(house.folder, "chatty")
    path.parent.mkdir(mode=0o700)
    path.write_text(text)
    async with house:
        assert await house.find(house.runtime()) == []
    assert not path.exists()


async def test_a_child_of_another_owner_keeps_its_files(house: House) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        before = files(house.folder)
        specs = [house.spec()]
        other: Runtime = house.runtime()
        assert await other.find(specs, "another", NAMESPACE, str(house.folder)) == []
        assert await other.find(specs, OWNER, "another", str(house.folder)) == []
        assert files(house.folder) == before
        await runtime.stop(instance, 1)


async def test_its_log_can_be_read_after_it_died(house: House) -> None:
    async with house:
        runtime = house.runtime()
        instance = await house.start(runtime)
        os.kill(pid_of(instance), signal.SIGKILL)
        ended = await asyncio.wait_for(runtime.wait(instance), PATIENCE)
        assert ended.reason == "killed by SIGKILL"
        assert (await runtime.logs(instance, 5))[0].startswith("listening")
        await runtime.stop(instance, 1)
        assert await runtime.logs(instance, 5) == []
        assert (await runtime.wait(instance)).reason == "not running"
