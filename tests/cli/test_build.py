"""`coursia-genai build`, through a running Lab and in its own process."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker_engine import DockerUnderTest
from image_registry import BUSYBOX
from jupyter_process import JupyterProcess

from coursia_genai_lab.catalog.load import load_catalog
from coursia_genai_lab.cli.built_images import images_of_today

CONFIG = "c.GenAILab.services_path = {folder!r}\nc.GenAILab.docker_host = {host!r}\n"
IMAGE = "cgl-test/cli:1"


def write_service(folder: Path, *steps: str, base: str = "scratch") -> Path:
    """Write a service file and its context; return the folder of service files."""
    context, services = folder / "context", folder / "services"
    for place in (context, services):
        place.mkdir(exist_ok=True)
    (context / "hello").write_text("hello")
    mark = 'LABEL io.coursia.genai.context="test"'
    lines = [f"ARG BASE_IMAGE={base}", "FROM ${BASE_IMAGE}", mark, *steps]
    (context / "Dockerfile").write_text("\n".join(lines) + "\n")
    (services / "made.toml").write_text(
        f'title = "Made"\ndialect = "comfyui"\n[container]\nimage = "{IMAGE}"\npull = false\n'
        f'port = 8188\n[build]\ncontext = "{context}"\n'
    )
    return services


def configure(folder: Path, services: Path, host: str) -> dict[str, str]:
    """Write the operator's configuration; return the variables that point to it."""
    config = folder / "jupyter-config"
    config.mkdir(exist_ok=True)
    text = CONFIG.format(folder=str(services), host=host)
    (config / "jupyter_server_config.py").write_text(text)
    return {"JUPYTER_CONFIG_DIR": str(config)}


@pytest.mark.server
def test_a_running_lab_refuses_what_is_not_made_here(genai_with_lab) -> None:
    done = genai_with_lab("build", "demo", "--json")
    assert done.status == 1
    assert done.json["error"]["code"] == "not_buildable"
    assert genai_with_lab("build", "nothing").status == 1
    done = genai_with_lab("build", "comfyui", "--cancel")
    assert (done.status, done.out) == (0, "No build of comfyui is at work.\n")


def test_without_a_lab_there_is_nothing_to_cancel(genai_here) -> None:
    done = genai_here("build", "comfyui", "--cancel")
    assert done.status == 1
    assert "none builds" in done.err


def test_without_a_lab_an_unknown_service_is_told(genai_here) -> None:
    assert "There is no service" in genai_here("build", "nothing").err
    assert "not made here" in genai_here("build", "openai").err


@pytest.fixture
def engine(docker_engine: DockerUnderTest) -> Iterator[DockerUnderTest]:
    yield docker_engine
    if docker_engine.client.api.images(IMAGE):
        docker_engine.client.api.remove_image(IMAGE, force=True)
    assert docker_engine.leftovers() == []


def left_on(engine: DockerUnderTest) -> set[str]:
    """Return the ids of the images without a name; other tests may have left some."""
    return set(engine.client.api.images(quiet=True, filters={"dangling": True}))


@pytest.mark.docker
def test_without_a_lab_the_command_builds_itself(
    engine: DockerUnderTest, genai, tmp_path: Path
) -> None:
    services = write_service(tmp_path, "COPY hello /hello")
    variables = configure(tmp_path, services, engine.host)
    doctor = genai("doctor", "--json", **variables)
    found = {one["name"]: one for one in doctor.json["findings"]}
    assert found["image made"]["command"] == "coursia-genai build made"
    done = genai("build", "made", **variables)
    assert done.status == 0, done.err
    assert f"The image of made is built: {IMAGE}." in done.out
    assert "Step 1/" in done.out
    assert "made: step " in done.err
    spec = load_catalog(services)["made"]
    assert images_of_today([spec], engine.host) == []
    (tmp_path / "context" / "hello").write_text("changed")
    (old,) = images_of_today([spec], engine.host)
    assert (old.state, old.command) == ("note", "coursia-genai build made")
    again = genai("build", "made", "--json", "--no-cache", **variables)
    assert images_of_today([spec], engine.host) == []
    lines = [json.loads(line) for line in again.out.splitlines()]
    assert lines[-1] == {"service": "made", "built": True}
    assert any("phase" in line for line in lines)
    assert any("line" in line for line in lines)


@pytest.mark.docker
@pytest.mark.skipif(BUSYBOX is None, reason="needs busybox (Debian: busybox-static)")
def test_a_failed_build_is_told_with_its_remedy(
    engine: DockerUnderTest, genai, demo_image: str, tmp_path: Path
) -> None:
    before = left_on(engine)
    python = str(Path(sys.executable).resolve())
    fails = f'RUN ["{python}", "-c", "raise SystemExit(\'because of that\')"]'
    variables = configure(tmp_path, write_service(tmp_path, fails, base=demo_image), engine.host)
    done = genai("build", "made", "--json", **variables)
    assert done.status == 1
    error = json.loads(done.out.splitlines()[-1])["error"]
    assert error["code"] == "build_failed"
    assert "because of that" in error["message"]
    assert left_on(engine) <= before


@pytest.mark.server
@pytest.mark.docker
@pytest.mark.skipif(BUSYBOX is None, reason="needs busybox (Debian: busybox-static)")
def test_a_running_lab_builds_and_tells_how_it_goes(
    engine: DockerUnderTest, genai, demo_image: str, tmp_path: Path
) -> None:
    before = left_on(engine)
    python = str(Path(sys.executable).resolve())
    services = write_service(tmp_path, "COPY hello /hello", base=demo_image)
    traits = {"services_path": str(services), "docker_host": engine.host, "mode": "local"}
    server = JupyterProcess.start(tmp_path / "jupyter", traits={"GenAILab": traits})
    with server as jupyter:
        here = {"JUPYTER_RUNTIME_DIR": str(jupyter.runtime)}

        def made() -> dict[str, Any]:
            return jupyter.api("GET", "coursia-genai/api/v1/services/made")

        # Nothing is built by a start: it says the command instead.
        refused = genai("start", "made", "--json", **here)
        assert refused.json["error"]["command"] == "coursia-genai build made"
        write_service(tmp_path, f'RUN ["{python}", "-c", "1/0"]', base=demo_image)
        failed = genai("build", "made", "--json", **here)
        assert failed.status == 1
        lines = [json.loads(line) for line in failed.out.splitlines()]
        assert lines[-1]["error"]["code"] == "build_failed"
        assert any("ZeroDivisionError" in line.get("line", "") for line in lines)
        assert made()["problem"]["code"] == "build_failed"
        wait = f'RUN ["{python}", "-c", "import time; time.sleep(600)"]'
        write_service(tmp_path, wait, base=demo_image)
        jupyter.api("POST", "coursia-genai/api/v1/services/made/build", body={})
        jupyter.wait_until("it builds", lambda: "time.sleep" in (made()["phase"] or ""))
        assert made()["state"] == "building"
        assert "Step 1/" in genai("logs", "made", **here).out
        assert genai("build", "made", "--cancel", **here).status == 0
        jupyter.wait_until("it has ended", lambda: made()["can_build"])
        assert made()["problem"]["code"] == "build_cancelled"
        write_service(tmp_path, "COPY hello /hello", base=demo_image)
        done = genai("build", "made", **here)
        assert done.status == 0, done.err
        assert done.out.endswith("The image of made is built.\n")
        assert (made()["state"], made()["problem"]) == ("stopped", None)
    assert left_on(engine) <= before
