"""From the installed package to a running service, by doing what `doctor` says and nothing else."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from docker_engine import DockerUnderTest
from liar_server import Liar, liar_server

pytestmark = pytest.mark.docker
IMAGE = "cgl-test/road:1"
MOST_STEPS = 8
COMMAND_SECONDS = 300
WEIGHTS = b"weights that paint in oil" * 4000
SPEC = """
title = "Painter"
dialect = "comfyui"
start_timeout_seconds = 120
stop_grace_seconds = 2

[container]
image = "{image}"
pull = false
port = 8188
memory_mib = 512
models = ["checkpoints"]

[container.environment]
GENAI_DEMO_SECONDS_PER_STEP = "0"

[build]
context = "{context}"

[readiness]
path = "/system_stats"
statuses = [200, 401]

[warm_up]
path = "/prompt"
timeout_seconds = 120
body = {warm_up}

[[models]]
id = "oil"
title = "Oil"
files = [{{ folder = "checkpoints", name = "oil.safetensors", size_bytes = {size}, url = "{url}" }}]
"""
GRAPH = (
    "{ prompt = { "
    '1 = { class_type = "EmptyLatentImage", inputs = { width = 64, height = 64, batch_size = 1 } },'
    '2 = { class_type = "CheckpointLoaderSimple", inputs = { ckpt_name = '
    '"sd_xl_turbo_1.0_fp16.safetensors" } },'
    '3 = { class_type = "VAEDecode", inputs = { samples = ["1", 0], vae = ["2", 2] } },'
    '4 = { class_type = "PreviewImage", inputs = { images = ["3", 0] } } } }'
)


class Host:
    """A fresh machine with the package installed, one user, and an engine."""

    def __init__(self, folder: Path, engine: DockerUnderTest) -> None:
        self.folder = folder
        self.config = folder / "config" / "jupyter_server_config.json"
        for name in ("home", "config", "runtime", "run", "root", "services"):
            (folder / name).mkdir(mode=0o700)
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JUPYTER", "GENAI", "COURSIA", "DOCKER", "XDG"))
        }
        self.environment = {
            **kept,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder / "home"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "DOCKER_HOST": engine.host,
            "BROWSER": "/bin/true",
        }
        self.config.write_text(
            json.dumps(
                {
                    "ServerApp": {
                        "root_dir": str(folder / "root"),
                        "port": 0,
                        "open_browser": False,
                        "allow_root": True,
                    },
                    "GenAILab": {
                        "services_path": str(folder / "services"),
                        "namespace": f"cgl-road-{os.getpid()}",
                        "network_subnet": engine.subnet,
                    },
                }
            ),
            encoding="utf-8",
        )

    def write_service(self, base_image: str, liar: Liar) -> None:
        """Write a service file whose image is to be built and whose model is to be fetched."""
        context = self.folder / "context"
        context.mkdir()
        (context / "Dockerfile").write_text(
            f"ARG BASE_IMAGE={base_image}\nFROM ${{BASE_IMAGE}}\n"
            'LABEL io.coursia.genai.context="road"\n',
            encoding="utf-8",
        )
        text = SPEC.format(
            image=IMAGE,
            context=context,
            warm_up=GRAPH,
            size=len(WEIGHTS),
            url=liar.offer("/oil", WEIGHTS),
        )
        file = self.folder / "services" / "painter.toml"
        file.write_text(text, encoding="utf-8")
        file.chmod(0o600)

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command line as it stands, as the admin's shell would."""
        return subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.folder / "root",
            env=self.environment,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def asked(self, command: str) -> Any:
        """Return the JSON that a command prints."""
        done = self.run(f"{command} --json")
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    @contextmanager
    def in_background(self, command: str) -> Iterator[subprocess.Popen[bytes]]:
        """Run a command that goes on, in a terminal of its own."""
        with (self.folder / "jupyter.log").open("wb") as log:
            process = subprocess.Popen(
                ["/bin/sh", "-c", f"exec {command}"],
                cwd=self.folder / "root",
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(30)

    def until_a_lab_runs(self, process: subprocess.Popen[bytes]) -> None:
        """Return when the Lab answers."""
        end = time.monotonic() + 180
        # The file is there a moment before the server answers; a command costs more than a look.
        while not (
            list((self.folder / "runtime").glob("jpserver-*.json"))
            and self.asked("coursia-genai status")["running"]
        ):
            log = (self.folder / "jupyter.log").read_text(errors="replace")
            assert process.poll() is None, log
            assert time.monotonic() < end, log
            time.sleep(0.1)


@pytest.fixture
def engine(docker_engine: DockerUnderTest) -> Iterator[DockerUnderTest]:
    yield docker_engine
    docker_engine.empty()
    if docker_engine.client.api.images(IMAGE):
        docker_engine.client.api.remove_image(IMAGE, force=True)


def test_what_doctor_says_leads_to_a_running_service_one_command_at_a_time(
    tmp_path: Path, engine: DockerUnderTest, demo_image: str
) -> None:
    host = Host(tmp_path, engine)
    taken: list[str] = []
    with liar_server() as liar, lab_of(host) as start_lab:
        host.write_service(demo_image, liar)
        for _ in range(MOST_STEPS):
            report = host.asked("coursia-genai doctor")
            command = report["next_command"]
            if command is None:
                break
            assert command not in taken, (command, report)
            taken.append(command)
            if command == "jupyter lab":
                start_lab(command)
                continue
            done = host.run(command)
            assert done.returncode == 0, (command, done.stdout, done.stderr)
        assert [one.split(" /")[0] for one in taken] == [
            "coursia-genai setup --models",
            "coursia-genai build painter",
            "coursia-genai models fetch oil",
            "jupyter lab",
            "coursia-genai start painter",
        ], report
        assert (report["next_command"], report["next_step"], report["usable"]) == (None, None, True)
        services = {one["name"]: one for one in host.asked("coursia-genai status")["services"]}
        painter = services["painter"]
        assert (painter["state"], painter["runtime"]) == ("ready", "docker")
        assert painter["missing_models"] == []
        assert [row["State"] for row in engine.client.api.containers()] == ["running"]
        # What setup wrote beside it has left the admin's own settings as they were.
        settings = json.loads(host.config.read_text(encoding="utf-8"))
        assert settings["ServerApp"]["root_dir"] == str(tmp_path / "root")
        (root,) = settings["GenAILab"]["model_roots"]
        assert (Path(root) / "checkpoints" / "oil.safetensors").read_bytes() == WEIGHTS
    assert engine.client.api.containers(all=True) == []


@contextmanager
def lab_of(host: Host) -> Iterator[Any]:
    """Give a function that starts JupyterLab; it ends with the block."""
    from contextlib import ExitStack

    with ExitStack() as stack:

        def start(command: str) -> None:
            host.until_a_lab_runs(stack.enter_context(host.in_background(command)))

        yield start
