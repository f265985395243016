"""A real PostgreSQL of the tests' own on loopback; skipped where none is installed."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from coursia_genai_lab.runtimes.loopback import free_port

START_SECONDS = 60
PASSWORD = "correct-horse"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "max_connections": "30",
    "fsync": "off",
    "jit": "off",
    "shared_buffers": "16MB",
    "dynamic_shared_memory_type": "mmap",
}


@dataclass
class PostgresServer:
    """One cluster; `stop`, `start` and `freeze` are what may happen to it."""

    programs: Path
    folder: Path
    port: int
    _process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def start(self) -> None:
        """Start it and return when it answers."""
        settings = {
            **_SETTINGS,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *_ending_with_us(),
                    self.programs / "postgres",
                    "-D",
                    self.folder / "data",
                    *words,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        end = time.monotonic() + START_SECONDS
        while not self._answers():
            in_time = self._process.poll() is None and time.monotonic() < end
            assert in_time, (self.folder / "log").read_text()
            time.sleep(0.05)

    def stop(self) -> None:
        """End it at once, with all its sessions."""
        if self._process is not None:
            self._process.send_signal(signal.SIGQUIT)
            self._process.wait(START_SECONDS)
            self._process = None

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it hang for a while: its sockets accept, and nobody answers."""
        assert self._process is not None
        pids = [self._process.pid, *_children(self._process.pid)]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def new_database(self) -> str:
        """Make an empty database and return its URL, password included."""
        name = f"lab{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return f"postgresql://lab:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement as the administrator and return what psql prints."""
        return _done(
            [
                self.programs / "psql",
                f"host=127.0.0.1 port={self.port} user=lab dbname={database}",
                "-Atqc",
                statement,
            ],
            PGPASSWORD=PASSWORD,
        ).strip()

    def _answers(self) -> bool:
        with contextlib.suppress(AssertionError):
            return self.sql("SELECT 1") == "1"
        return False


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[PostgresServer]:
    """One server for all tests."""
    programs = _programs()
    if (
        programs is None
        or not shutil.which("setpriv")
        or importlib.util.find_spec("psycopg") is None
    ):
        pytest.skip("PostgreSQL or psycopg is not installed")
    folder = Path(tempfile.mkdtemp(prefix="genai-pg-"))
    try:
        user = _ordinary_user()
        if user:
            os.chown(folder, pwd.getpwnam(str(user["user"])).pw_uid, -1)
        word = folder / "word"
        word.write_text(PASSWORD)
        word.chmod(0o644)
        options = (f"--pwfile={word}", "--auth=scram-sha-256", "--no-sync", "--encoding=UTF8")
        _done([programs / "initdb", "-D", folder / "data", "-U", "lab", "--locale=C", *options])
        server = PostgresServer(programs, folder, free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres(postgres_cluster: PostgresServer) -> Iterator[PostgresServer]:
    """The server, running again after each test."""
    yield postgres_cluster
    if postgres_cluster._process is None:
        postgres_cluster.start()


def _programs() -> Path | None:
    # Debian keeps them out of the PATH, one folder a version.
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = versions[-1] if versions else shutil.which("initdb")
    return Path(found).parent if found else None


def _ordinary_user() -> dict[str, str | int]:
    # PostgreSQL refuses to run as root.
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return {"user": name, "group": pwd.getpwnam(name).pw_gid}
    return {}


def _ending_with_us() -> list[str]:
    """Return the words that run a command as an ordinary user, and end it when we are killed."""
    user = _ordinary_user()
    identity = [f"--reuid={user['user']}", f"--regid={user['group']}", "--clear-groups"]
    return ["setpriv", "--pdeathsig=QUIT", *(identity if user else [])]


def _done(command: list[str | Path], **variables: str) -> str:
    done = subprocess.run(
        command,
        cwd="/",
        env={"PATH": os.environ["PATH"], "LC_ALL": "C", **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
        **_ordinary_user(),
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _children(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in text.split()]
