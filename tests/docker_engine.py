"""Fixtures with a real Docker engine of the tests' own: never the machine's.

It has its own data, socket and containerd in a temporary folder, touches no packet filter and
no default bridge, so several may run beside each other and beside the machine's engine.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import docker
import ends_with_parent
import pytest
from docker_image import build_demo_image
from packet_filter import forget_dead_containers

_DAEMON = shutil.which("dockerd", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
PODMAN = shutil.which("podman")


class CannotRunHere(Exception):
    """The daemon ended by itself."""


@dataclass
class DockerUnderTest:
    """The engine: its address, a client, and a subnet that no other test run has."""

    root: Path
    host: str
    client: docker.DockerClient
    subnet: str
    daemon: subprocess.Popen[bytes]

    @property
    def socket(self) -> Path:
        """The socket of the engine."""
        return self.root / "d.sock"

    def start(self) -> None:
        """Start the daemon again after `kill`, and return when it answers.

        To be called in the main thread: the daemon ends with the thread that starts it.
        """
        # The stale files of a killed daemon keep the next one from starting for as long as
        # anything has those pids, dead processes that nobody has collected included.
        for stale in ("d.pid", "exec/containerd/containerd.pid"):
            (self.root / stale).unlink(missing_ok=True)
        self.daemon = _start_daemon(self.root)
        _until_it_answers(self.root, self.daemon)

    def kill(self) -> None:
        """Kill the daemon as a crash would; containers go on."""
        self.daemon.kill()
        self.daemon.wait(30)

    def terminate(self) -> None:
        """End the daemon as an administrator would; its containers end with it."""
        self.daemon.terminate()
        self.daemon.wait(30)

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let the daemon take connections and never answer."""
        os.kill(self.daemon.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            self.thaw()

    def thaw(self) -> None:
        """Let a frozen daemon answer again."""
        os.kill(self.daemon.pid, signal.SIGCONT)

    def shims(self) -> int:
        """Count the processes that stand between the engine and its containers.

        They end a moment after these, by themselves.
        """
        here, deadline = f"{self.root}/".encode(), time.monotonic() + 10
        while True:
            count = sum(here in one and b"containerd-shim" in one for one in _commands())
            if not count or time.monotonic() > deadline:
                return count
            time.sleep(0.05)

    def variable(self, container: str, name: str) -> str | None:
        """Return what the first process of a container finds in its environment."""
        pid = self.client.api.inspect_container(container)["State"]["Pid"]
        pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        return dict(pair.partition("=")[::2] for pair in pairs).get(name)

    def empty(self) -> None:
        """Remove every container and network, so that one test that fails spoils no other."""
        _empty(self)

    def leftovers(self) -> list[str]:
        """Name the containers and networks of the Lab that are on the engine."""
        names = [row["Names"][0] for row in self.client.api.containers(all=True)]
        own = ("bridge", "host", "none", "podman")
        return names + [n["Name"] for n in self.client.api.networks() if n["Name"] not in own]


@pytest.fixture(scope="session")
def docker_engine() -> Iterator[DockerUnderTest]:
    """A running engine; skips where there is none to run."""
    with running_engine() as engine:
        yield engine


@pytest.fixture(scope="session")
def demo_image(docker_engine: DockerUnderTest) -> str:
    """The name of an image that serves the demo engine on port 8188, as user nobody."""
    return build_demo_image(docker_engine.client, docker_engine.root)


@pytest.fixture(scope="session")
def gpu_engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerUnderTest]:
    """An engine that takes requests for GPUs, on a machine without any.

    It offers GPUs as soon as it finds NVIDIA's hook among its programs; one that does nothing
    lets real containers start and shows in their environment what they would be given.
    """
    with running_engine(gpu_tools(tmp_path_factory.mktemp("tools"))) as engine:
        yield engine


def gpu_tools(folder: Path) -> Path:
    """Put a hook that does nothing into a folder for `running_engine`; return the folder."""
    hook = folder / "nvidia-container-runtime-hook"
    hook.write_text("#!/bin/sh\ncat >/dev/null\nexit 0\n")
    hook.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def gpu_image(gpu_engine: DockerUnderTest) -> str:
    """The image of the demo engine, in the engine that takes requests for GPUs."""
    return build_demo_image(gpu_engine.client, gpu_engine.root)


@pytest.fixture(scope="session")
def podman_engine() -> Iterator[DockerUnderTest]:
    """Podman, which speaks the same API; skips where it is not installed."""
    with running_podman() as engine:
        yield engine


@pytest.fixture(scope="session")
def podman_demo_image(podman_engine: DockerUnderTest) -> str:
    """The image of the demo engine, in Podman."""
    name = build_demo_image(podman_engine.client, podman_engine.root)
    repository, _, tag = name.partition(":")
    podman_engine.client.api.tag(f"{repository}:latest", repository, tag)  # import heeds no tag
    return name


@contextmanager
def running_podman() -> Iterator[DockerUnderTest]:
    """Run a Podman service with storage of its own; skips where there is none."""
    if os.geteuid() != 0 or PODMAN is None:
        pytest.skip("needs root and podman (Debian: apt-get install podman catatonit)")
    forget_dead_containers()  # of a run that was killed
    root = Path(tempfile.mkdtemp(prefix="cgl-", dir="/tmp"))
    command = [
        PODMAN, "--root", str(root / "data"), "--runroot", str(root / "exec"),
        "--cgroup-manager", "cgroupfs", "--events-backend", "file",
        "--network-config-dir", str(root / "networks"),
        *(["--runtime", "runc"] if shutil.which("runc") else []),
        "system", "service", "--time", "0", f"unix://{root / 'd.sock'}",
    ]  # fmt: skip
    # It asks for the largest limits, which not every machine lets even root have.
    limits = '["nofile=1024:1024", "nproc=1024:1024"]'
    (root / "containers.conf").write_text(f"[containers]\ndefault_ulimits = {limits}\n")
    daemon = _start(command, root, variables={"CONTAINERS_CONF": str(root / "containers.conf")})
    engine: DockerUnderTest | None = None
    try:
        try:
            _until_it_answers(root, daemon)
        except CannotRunHere as error:
            pytest.skip(str(error))
        host = f"unix://{root / 'd.sock'}"
        client = docker.DockerClient(base_url=host, version="1.41", timeout=60)
        subnet = f"10.{random.randrange(64, 192)}.{random.randrange(256)}.0/24"
        engine = DockerUnderTest(root, host, client, subnet, daemon)
        yield engine
    finally:
        try:
            if engine is not None:
                _empty(engine)
                engine.client.close()
        finally:
            _end_daemon(daemon, root)
            forget_dead_containers()


@contextmanager
def running_engine(
    tools: Path | None = None, *, disk_mib: int = 0, options: Sequence[str] = ()
) -> Iterator[DockerUnderTest]:
    """Run an engine that also finds programs in `tools`; skips where there is none to run.

    `disk_mib` gives it a disk of its own, as small as that; `options` are for the daemon.
    """
    if os.geteuid() != 0 or _DAEMON is None:
        pytest.skip("needs root and dockerd (Debian: apt-get install docker.io)")
    # In the short place: the path of a socket has at most 107 bytes.
    root = Path(tempfile.mkdtemp(prefix="cgl-", dir="/tmp"))
    engine: DockerUnderTest | None = None
    if disk_mib:
        _mount_small_disk(root / "data", disk_mib)
    daemon = _start_daemon(root, tools, options)
    try:
        try:
            _until_it_answers(root, daemon)
        except CannotRunHere as error:
            pytest.skip(str(error))
        host = f"unix://{root / 'd.sock'}"
        client = docker.DockerClient(base_url=host, version="1.41", timeout=60)
        subnet = f"10.{random.randrange(64, 192)}.{random.randrange(256)}.0/24"
        engine = DockerUnderTest(root, host, client, subnet, daemon)
        yield engine
    finally:
        try:
            if engine is not None:
                daemon = engine.daemon
                _empty(engine)
                engine.client.close()
        finally:
            _end_daemon(daemon, root)


def _mount_small_disk(place: Path, size_mib: int) -> None:
    place.mkdir()
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(place)],
        check=True,
        timeout=60,
    )


def _start_daemon(
    root: Path, tools: Path | None = None, options: Sequence[str] = ()
) -> subprocess.Popen[bytes]:
    command = [
        str(_DAEMON),
        f"--host=unix://{root / 'd.sock'}",
        f"--data-root={root / 'data'}",
        f"--exec-root={root / 'exec'}",
        f"--pidfile={root / 'd.pid'}",
        # The proxy alone serves 127.0.0.1, so the machine's packet filter stays as it is.
        "--iptables=false",
        "--ip6tables=false",
        "--ip-forward=false",
        "--bridge=none",
        *options,
    ]
    return _start(command, root, tools)


def _start(
    command: list[str],
    root: Path,
    tools: Path | None = None,
    variables: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    path = os.pathsep.join(str(place) for place in (tools, os.environ["PATH"]) if place)
    with (root / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, ends_with_parent.__file__, str(os.getpid()), str(root), *command],
            stdout=log,
            stderr=log,
            env={**os.environ, "PATH": path, **(variables or {})},
            start_new_session=True,
        )


def _until_it_answers(root: Path, daemon: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while not _pings(root / "d.sock"):
        if daemon.poll() is not None:
            last = (root / "log").read_text(errors="replace").splitlines()[-1:]
            raise CannotRunHere(f"needs a Docker engine; dockerd cannot run here: {last}")
        assert time.monotonic() < deadline, "dockerd does not answer"
        time.sleep(0.05)


def _pings(path: Path) -> bool:
    # By hand, because the SDK leaks a socket when it cannot connect.
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(5)
        try:
            probe.connect(str(path))
            probe.sendall(b"GET /_ping HTTP/1.0\r\nHost: docker\r\n\r\n")
            return b" 200 " in probe.recv(256)
        except OSError:
            return False


def _empty(engine: DockerUnderTest) -> None:
    if engine.daemon.poll() is not None:
        return
    for row in engine.client.api.containers(all=True):
        engine.client.api.remove_container(row["Id"], force=True)
    engine.client.networks.prune()


def _end_daemon(daemon: subprocess.Popen[bytes], root: Path) -> None:
    daemon.terminate()
    try:
        daemon.wait(30)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait(10)
    # A killed daemon leaves its containerd's shims with their containers, and they hold mounts.
    for pid in _with_descendants(_processes_naming(root)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    for mount in reversed(_mounts_under(root)):
        subprocess.run(["umount", "-l", mount], check=False, capture_output=True, timeout=60)
    shutil.rmtree(root, ignore_errors=True)


def _processes_naming(root: Path) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if f"{root}/".encode() in command:
                found.append(int(entry.name))
    return found


def _commands() -> Iterator[bytes]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            yield (entry / "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile


def _with_descendants(pids: list[int]) -> list[int]:
    found = list(pids)
    for pid in found:  # grows while it is walked
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except OSError:
            continue
        found += [int(child) for child in children]
    return found


def _mounts_under(root: Path) -> list[str]:
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    return [place for place in places if place.startswith(f"{root}/")]
