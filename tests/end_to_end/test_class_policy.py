"""A class's policy on a real server: at its start, for kernels, after a kill, on a hub."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_process import JupyterProcess

pytestmark = pytest.mark.server
API = "coursia-genai/api/v1"
CALL = (
    "import os, requests\n"
    "requests.post(os.environ['COMFYUI_API_URL'] + '/prompt', json={'prompt': {}})"
)
LOOK = (
    "import os, urllib.request, urllib.error\n"
    "request = urllib.request.Request(os.environ['GENAI_API_URL'] + '/models',"
    " headers={'Authorization': 'Bearer ' + os.environ['GENAI_API_TOKEN']})\n"
    "try:\n"
    "    print(urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request).status)\n"
    "except urllib.error.HTTPError as error:\n"
    "    print(error.code, error.read().decode())\n"
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text('mode = "auto"\n')
    path.chmod(0o644)
    return path


def traits(file: Path, **more: Any) -> dict[str, dict[str, Any]]:
    return {"GenAILab": {"policy_source": str(file), "runtime": "fake", **more}}


def notebook(jupyter: JupyterProcess, name: str) -> str:
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CALL)])
    nbformat.write(book, jupyter.root / name)
    return name


def mode(jupyter: JupyterProcess) -> str:
    return str(jupyter.api("GET", f"{API}/mode")["effective"])


def test_off_ends_the_tokens_of_live_kernels_and_gives_new_ones_nothing(
    tmp_path: Path, file: Path
) -> None:
    with JupyterProcess.start(tmp_path / "server", traits=traits(file)) as jupyter:
        session = jupyter.open_notebook(notebook(jupyter, "a.ipynb"))
        assert jupyter.execute(session.kernel_id, LOOK).strip() == "200"
        file.write_text('mode = "off"\n')
        jupyter.wait_until("the class's word counts", lambda: mode(jupyter) == "off")
        told = jupyter.execute(session.kernel_id, LOOK)
        assert told.startswith("403")
        assert "mode_off" in told
        later = jupyter.open_notebook(notebook(jupyter, "b.ipynb"))
        assert "GENAI_API_URL" not in jupyter.kernel(later.kernel_id).environ


def test_class_and_person_hold_after_a_kill_though_the_file_is_gone(
    tmp_path: Path, file: Path
) -> None:
    file.write_text('mode = "local"\n')
    jupyter = JupyterProcess.start(tmp_path / "server", traits=traits(file))
    try:
        # Until the policy has been read for the first time, nothing is allowed.
        jupyter.wait_until("the class's word counts", lambda: mode(jupyter) == "local" or None)
        jupyter.api("PUT", f"{API}/mode", {"value": "demo"})
        kept = tmp_path / "server" / "state" / "policy.json"
        jupyter.wait_until("the policy is kept", kept.exists)
        jupyter.stop(signum=signal.SIGKILL)
    finally:
        jupyter.close()
    file.unlink()
    with JupyterProcess.start(tmp_path / "server", traits=traits(file)) as again:
        view = again.api("GET", f"{API}/mode")
        said = {layer["layer"]: layer["value"] for layer in view["layers"]}
        assert said == {"operator": "auto", "class": "local", "person": "demo"}
        assert view["effective"] == "demo"
        codes = [one["code"] for one in again.api("GET", f"{API}/status")["warnings"]]
        assert "policy_gone" in codes


def test_on_a_hub_whose_server_it_is_is_a_student(tmp_path: Path, file: Path) -> None:
    with JupyterProcess.start(
        tmp_path / "server", traits=traits(file), environment={"JUPYTERHUB_USER": "ada"}
    ) as jupyter:
        status = jupyter.api("GET", f"{API}/status")
        assert (status["person"], status["role"]) == ("ada", "student")
        refusal = jupyter.api("POST", f"{API}/services/demo/pin", {}, status=403)
        assert refusal["error"]["code"] == "role_needed"
        file.write_text('teachers = ["ada"]\n')
        jupyter.wait_until(
            "the class names her a teacher",
            lambda: jupyter.api("GET", f"{API}/status")["role"] == "teacher",
        )
        jupyter.api("POST", f"{API}/services/demo/pin", {}, status=202)
