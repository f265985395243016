"""A real Jupyter server in a process of its own, with throw-away folders.

    with JupyterProcess.start(tmp_path, traits={"GenAILab": {"mode": "demo"}}) as jupyter:
        session = jupyter.open_notebook("sub/nb.ipynb")      # as JupyterLab does it
        environ = jupyter.kernel(session.kernel_id).environ

Every wait is bounded; when one fails, the server's log is part of the failure.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import httpx
import nbformat
import pytest
from kernel_client import kernel_client

T = TypeVar("T")
WAIT_SECONDS = 120.0
STEP_SECONDS = 0.02
TOKEN = "a-token-for-tests"
KEPT_VARIABLES = ("PATH", "LANG", "LC_ALL", "TZ", "COVERAGE_PROCESS_START", "COVERAGE_FILE")

# What this environment may have enabled; a test that wants one asks for it.
OTHER_EXTENSIONS = dict.fromkeys(
    (
        "coursia_genai_lab",
        "jupyter_lsp",
        "jupyter_server_terminals",
        "jupyterlab",
        "notebook_shim",
    ),
    False,
)


class Failure(AssertionError):
    """Something did not happen in time."""


@dataclass(frozen=True)
class Kernel:
    """A running kernel as the operating system shows it."""

    pid: int
    argv: list[str]
    cwd: str
    environ: dict[str, str]


@dataclass(frozen=True)
class Session:
    """A session of the server."""

    id: str
    kernel_id: str


class JupyterProcess:
    """One server. Make it with `start`."""

    def __init__(self, process: subprocess.Popen[bytes], folder: Path) -> None:
        self.process = process
        self.folder = folder
        self.root = folder / "root"
        self.runtime = folder / "runtime"
        self.log_file = folder / "server.log"
        self.base_url = ""
        self.http = httpx.Client(
            headers={"Authorization": f"token {TOKEN}"}, timeout=WAIT_SECONDS, trust_env=False
        )

    # -- life ---------------------------------------------------------------------------------

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        extensions: Mapping[str, bool] | None = None,
        traits: Mapping[str, Mapping[str, Any]] | None = None,
        environment: Mapping[str, str] | None = None,
        python_path: Path | None = None,
        arguments: tuple[str, ...] = (),
    ) -> JupyterProcess:
        """Start a server and return it once it answers.

        Args:
            folder: its root, runtime, configuration and log are made in it.
            extensions: which server extensions are on; ours alone by default.
            traits: configuration, as in jupyter_server_config.json.
            environment: variables beside the few that are kept from this process.
            python_path: a folder with more modules, for an extension of the test's own.
            arguments: more of them for the command line.
        """
        for name in ("root", "runtime", "config", "data", "home", "state"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        config: dict[str, dict[str, Any]] = {
            "ServerApp": {
                "jpserver_extensions": {
                    **OTHER_EXTENSIONS,
                    **({"coursia_genai_lab": True} if extensions is None else extensions),
                },
                "root_dir": str(folder / "root"),
                "port": 0,
                "open_browser": False,
                "allow_root": True,
            },
            "IdentityProvider": {"token": TOKEN},
            "GenAILab": {"state_path": str(folder / "state")},
        }
        for section, values in (traits or {}).items():
            config.setdefault(section, {}).update(values)
        (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(config))
        with (folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "jupyter_server", *arguments],
                cwd=folder / "root",
                env=_environment(folder, environment or {}, python_path),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        server = cls(process, folder)
        with server.closed_on_failure():
            server._learn_address()
            server.wait_until("the server answers", lambda: server._answers())
        return server

    def stop(self, *, signum: int = signal.SIGTERM, within: float = 15.0) -> int:
        """Send one signal and return the exit status; fails when the server goes on."""
        if self.process.poll() is None:
            self.process.send_signal(signum)
        try:
            return self.process.wait(within)
        except subprocess.TimeoutExpired:
            raise self.failure(f"the server lives {within} s after signal {signum}") from None

    def close(self) -> None:
        """End the server and its kernels, whatever state they are in."""
        self.http.close()
        if self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(15)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(5)
        for kernel in self.kernel_processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(kernel.pid, signal.SIGKILL)

    def __enter__(self) -> JupyterProcess:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.close()
        if error is not None and not isinstance(error, Failure):
            sys.stderr.write(self.log_tail())

    @contextlib.contextmanager
    def closed_on_failure(self) -> Iterator[None]:
        """Close the server when what is done in it fails."""
        try:
            yield
        except BaseException:
            self.close()
            raise

    # -- REST ---------------------------------------------------------------------------------

    def api(self, method: str, path: str, body: Any = None, *, status: int | None = None) -> Any:
        """Call the REST API of Jupyter or of an extension; return the JSON of the answer."""
        answer = self.http.request(method, self.base_url + path, json=body)
        if (status is None and answer.is_error) or (status or answer.status_code) != (
            answer.status_code
        ):
            raise self.failure(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def start_session(
        self, path: str, name: str | None = None, type_: str = "notebook", kernel: str = "python3"
    ) -> Session:
        """POST a session as given."""
        body = {"path": path, "type": type_, "kernel": {"name": kernel}}
        return _session(
            self.api("POST", "api/sessions", body if name is None else {**body, "name": name})
        )

    def open_notebook(self, path: str, *, drive: str = "", kernel: str = "python3") -> Session:
        """Start a session as JupyterLab 4 does: a uuid as path, then two PATCHes."""
        pure = PurePosixPath(path)
        folder = "" if pure.parent == PurePosixPath() else f"{pure.parent}/"
        session = self.start_session(f"{drive}{folder}{uuid.uuid4()}", pure.name, kernel=kernel)
        self.api("PATCH", f"api/sessions/{session.id}", {"path": f"{drive}{path}"})
        self.api("PATCH", f"api/sessions/{session.id}", {"name": pure.name})
        return session

    def rename(self, session: Session, path: str) -> None:
        """Rename the notebook's file and tell the session, as JupyterLab does."""
        before = self.api("GET", f"api/sessions/{session.id}")["path"]
        self.api("PATCH", f"api/contents/{before}", {"path": path})
        name = PurePosixPath(path).name
        self.api("PATCH", f"api/sessions/{session.id}", {"path": path, "name": name})

    def restart(self, kernel_id: str) -> Kernel:
        """Restart a kernel and return its new process."""
        old = self.kernel(kernel_id).pid
        self.api("POST", f"api/kernels/{kernel_id}/restart")
        return self.kernel(kernel_id, other_than=old)

    def shut_down(self, kernel_id: str) -> None:
        """Shut a kernel down."""
        self.api("DELETE", f"api/kernels/{kernel_id}", status=204)

    # -- kernels ------------------------------------------------------------------------------

    def kernel_processes(self) -> list[Kernel]:
        """Return the kernels of this server that live."""
        found = (_read_process(Path(entry)) for entry in Path("/proc").glob("[0-9]*"))
        mark = str(self.runtime.resolve())
        return [one for one in found if one and any(mark in part for part in one.argv)]

    def kernel(self, kernel_id: str, *, other_than: int | None = None) -> Kernel:
        """Return a kernel's process; waits for it, and for another than one that was known."""

        def look() -> Kernel | None:
            for one in self.kernel_processes():
                if any(kernel_id in part for part in one.argv) and one.pid != other_than:
                    return one
            return None

        return self.wait_until(f"kernel {kernel_id} runs", look)

    def kill_kernel(self, kernel_id: str) -> Kernel:
        """Kill a kernel with SIGKILL and return the process that Jupyter starts in its place."""
        old = self.kernel(kernel_id).pid
        os.kill(old, signal.SIGKILL)
        return self.kernel(kernel_id, other_than=old)

    def execute(self, kernel_id: str, code: str, *, timeout: float = 120.0) -> str:
        """Run code in a kernel and return what it printed; fails when it raises."""
        client = kernel_client(self.runtime / f"kernel-{kernel_id}.json")
        parts: list[str] = []
        errors: list[str] = []

        def note(message: dict[str, Any]) -> None:
            content = message["content"]
            if message["msg_type"] == "stream":
                parts.append(content["text"])
            elif message["msg_type"] == "error":
                errors.append("\n".join(content["traceback"]))

        try:
            client.wait_for_ready(timeout)
            client.execute_interactive(code, timeout=timeout, output_hook=note)
        except (TimeoutError, RuntimeError) as error:
            raise self.failure(f"a cell did not end: {error}") from error
        finally:
            client.stop_channels()
        if errors:
            raise self.failure("a cell failed: " + errors[0])
        return "".join(parts)

    # -- waiting and failing -------------------------------------------------------------------

    def wait_until(
        self, what: str, look: Callable[[], T | None], *, within: float = WAIT_SECONDS
    ) -> T:
        """Return the first true answer of `look`; fails with the log after `within` seconds."""
        end = time.monotonic() + within
        while True:
            answer = look()
            if answer:
                return answer
            if time.monotonic() > end:
                raise self.failure(f"not within {within} s: {what}")
            time.sleep(STEP_SECONDS)

    def failure(self, what: str) -> Failure:
        """Return a failure that carries the end of the server's log."""
        return Failure(f"{what}\n{self.log_tail()}")

    def log_tail(self, lines: int = 80) -> str:
        """Return the end of the server's log."""
        with contextlib.suppress(OSError):
            text = self.log_file.read_text(encoding="utf-8", errors="replace")
            return "\n".join(["--- server log ---", *text.splitlines()[-lines:], ""])
        return "no server log"

    def _learn_address(self) -> None:
        def look() -> dict[str, Any] | None:
            if self.process.poll() is not None:
                raise self.failure(f"the server ended with status {self.process.returncode}")
            file = self.runtime / f"jpserver-{self.process.pid}.json"
            with contextlib.suppress(OSError, ValueError):
                info: dict[str, Any] = json.loads(file.read_text())
                return info
            return None

        info = self.wait_until("the server writes its address", look)
        self.base_url = f"http://127.0.0.1:{info['port']}{info['base_url']}"

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return self.http.get(self.base_url + "api").status_code == 200
        return False


def write_notebook(path: Path, *sources: str, metadata: Mapping[str, Any] | None = None) -> None:
    """Write a notebook with these code cells."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
        metadata={
            "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
            **(metadata or {}),
        },
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


@pytest.fixture
def jupyter_process(tmp_path: Path) -> Iterator[Callable[..., JupyterProcess]]:
    """Start servers in folders of their own; the arguments are those of `start`."""
    with contextlib.ExitStack() as stack:
        count = 0

        def start(**options: Any) -> JupyterProcess:
            nonlocal count
            count += 1
            folder = tmp_path / f"server{count}"
            before = options.pop("before", None)
            if before is not None:
                (folder / "root").mkdir(parents=True)
                before(folder / "root")
            return stack.enter_context(JupyterProcess.start(folder, **options))

        yield start


def _environment(folder: Path, more: Mapping[str, str], python_path: Path | None) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    environment = {
        **kept,
        "HOME": str(folder / "home"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTER_PLATFORM_DIRS": "1",
        "IPYTHONDIR": str(folder / "home" / "ipython"),
        "PYTHONUNBUFFERED": "1",
    }
    if python_path is not None:
        environment["PYTHONPATH"] = str(python_path)
    return {**environment, **more}


def _session(model: dict[str, Any]) -> Session:
    return Session(model["id"], model["kernel"]["id"])


def _read_process(folder: Path) -> Kernel | None:
    try:
        argv = _zero_separated(folder / "cmdline")
        if not any("kernel-" in part for part in argv):
            return None
        pairs = (item.partition("=") for item in _zero_separated(folder / "environ"))
        return Kernel(
            pid=int(folder.name),
            argv=argv,
            cwd=str((folder / "cwd").readlink()),
            environ={name: value for name, _, value in pairs},
        )
    except OSError:
        return None  # It has just ended, or it is somebody else's.


def _zero_separated(file: Path) -> list[str]:
    return [part for part in file.read_bytes().decode(errors="surrogateescape").split("\0") if part]
