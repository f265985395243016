"""Launches on a real Jupyter server with real kernels."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jupyter_process import JupyterProcess, Kernel, write_notebook

pytestmark = pytest.mark.server

COMFY = """
import os, requests
from urllib.parse import urljoin
base = os.environ["COMFYUI_API_URL"]
requests.post(urljoin(base, "/prompt"), json={"prompt": {}, "client_id": "me"})
"""
FORGE = """
import os, requests
requests.post(os.environ["FORGE_API_URL"] + "/sdapi/v1/txt2img", json={"prompt": "a fox"})
"""
CLASSIC = "import math\nprint(math.pi)\n"
ODD_NAME = "cours été/Génération d'images & co 图像.ipynb"


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    """One server in demo mode, so that nothing but the demo engine can start."""
    folder = tmp_path_factory.mktemp("launch")
    with JupyterProcess.start(folder, traits={"GenAILab": {"mode": "demo"}}) as server:
        yield server


@pytest.fixture(autouse=True)
def _notebooks(jupyter: JupyterProcess) -> Iterator[None]:
    """Give each test fresh notebooks, and leave no kernel behind."""
    root = jupyter.root
    for name in ("comfy.ipynb", "sub/deep/comfy.ipynb", ODD_NAME):
        write_notebook(root / name, COMFY)
    write_notebook(root / "classic.ipynb", CLASSIC)
    write_notebook(root / "sub/forge.ipynb", FORGE)
    write_notebook(root.parent / "outside.ipynb", COMFY)
    yield
    for kernel in jupyter.api("GET", "api/kernels"):
        jupyter.shut_down(kernel["id"])


def has_genai(kernel: Kernel) -> bool:
    return "GENAI_API_TOKEN" in kernel.environ


def launches(jupyter: JupyterProcess) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = jupyter.api("GET", "coursia-genai/api/v1/launches")["launches"]
    return found


def opens_the_door(kernel: Kernel) -> bool:
    answer = httpx.get(
        kernel.environ["COMFYUI_API_URL"] + "/system_stats",
        headers={"Authorization": f"Bearer {kernel.environ['COMFYUI_AUTH_TOKEN']}"},
        timeout=60,
        trust_env=False,
    )
    assert answer.status_code in (200, 401), answer.text
    return answer.status_code == 200


@pytest.mark.parametrize("path", ["comfy.ipynb", "sub/deep/comfy.ipynb", ODD_NAME])
@pytest.mark.parametrize("drive", ["", "RTC:", "mydrive:"])
def test_jupyterlab_opens_a_notebook_and_its_kernel_knows_the_address(
    jupyter: JupyterProcess, path: str, drive: str
) -> None:
    session = jupyter.open_notebook(path, drive=drive)
    kernel = jupyter.kernel(session.kernel_id)
    assert kernel.environ["GENAI_MODE"] == "demo"
    assert kernel.environ["COMFYUI_API_URL"].startswith("http://127.0.0.1:")
    (launch,) = launches(jupyter)
    assert (launch["path"], launch["state"]) == (path, "live")
    assert kernel.environ["COMFYUI_AUTH_TOKEN"] not in str(launch)
    if not drive:
        assert kernel.cwd == str((jupyter.root / path).parent.resolve())


def test_the_address_answers_the_kernels_token_and_no_other(jupyter: JupyterProcess) -> None:
    session = jupyter.open_notebook("comfy.ipynb")
    kernel = jupyter.kernel(session.kernel_id)
    assert opens_the_door(kernel)
    jupyter.shut_down(session.kernel_id)
    assert launches(jupyter) == []
    assert not opens_the_door(kernel)


def test_the_kernel_itself_reaches_the_service_without_a_line_of_ours(
    jupyter: JupyterProcess,
) -> None:
    session = jupyter.open_notebook("comfy.ipynb")
    printed = jupyter.execute(
        session.kernel_id,
        "import os, requests\n"
        "answer = requests.get(os.environ['COMFYUI_API_URL'] + '/system_stats', timeout=60,\n"
        "    headers={'Authorization': 'Bearer ' + os.environ['COMFYUI_AUTH_TOKEN']})\n"
        "print(answer.status_code)",
    )
    assert printed.strip() == "200"


def test_a_session_without_a_name_is_found_by_its_path(jupyter: JupyterProcess) -> None:
    session = jupyter.start_session("sub/deep/comfy.ipynb")
    assert has_genai(jupyter.kernel(session.kernel_id))


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("sub/some-uuid", "../../outside.ipynb"),
        ("link.ipynb", None),
        ("folder/outside.ipynb", None),
        ("missing.ipynb", "missing.ipynb"),
    ],
)
def test_what_does_not_lie_under_the_root_is_no_notebook(
    jupyter: JupyterProcess, path: str, name: str | None
) -> None:
    for link, target in (("link.ipynb", "../outside.ipynb"), ("folder", "..")):
        if not (jupyter.root / link).is_symlink():
            (jupyter.root / link).symlink_to(target)
    session = jupyter.start_session(path, name)
    assert not has_genai(jupyter.kernel(session.kernel_id))


def test_a_session_that_is_moved_out_of_the_root_has_no_notebook(jupyter: JupyterProcess) -> None:
    session = jupyter.open_notebook("classic.ipynb")
    jupyter.api("PATCH", f"api/sessions/{session.id}", {"path": "../outside.ipynb"})
    assert not has_genai(jupyter.restart(session.kernel_id))


def test_a_restart_gets_a_new_token_and_ends_the_old_one(jupyter: JupyterProcess) -> None:
    session = jupyter.open_notebook("comfy.ipynb")
    before = jupyter.kernel(session.kernel_id)
    after = jupyter.restart(session.kernel_id)
    assert after.environ["COMFYUI_AUTH_TOKEN"] != before.environ["COMFYUI_AUTH_TOKEN"]
    assert not opens_the_door(before)
    assert opens_the_door(after)
    assert len(launches(jupyter)) == 1


def test_a_renamed_notebook_is_found_at_its_restart(jupyter: JupyterProcess) -> None:
    session = jupyter.open_notebook("comfy.ipynb")
    jupyter.rename(session, "sub/renommé.ipynb")
    assert has_genai(jupyter.restart(session.kernel_id))
    assert [launch["path"] for launch in launches(jupyter)] == ["sub/renommé.ipynb"]


def test_a_renamed_notebook_is_found_when_its_killed_kernel_comes_back(
    jupyter: JupyterProcess,
) -> None:
    session = jupyter.open_notebook("comfy.ipynb")
    before = jupyter.kernel(session.kernel_id)
    jupyter.rename(session, "sub/again.ipynb")
    after = jupyter.kill_kernel(session.kernel_id)
    assert opens_the_door(after)
    assert not opens_the_door(before)
    jupyter.wait_until(
        "the launch is live again",
        lambda: (
            [(one["path"], one["state"]) for one in launches(jupyter)]
            == [("sub/again.ipynb", "live")]
        ),
    )


def test_a_restart_follows_what_was_saved_since(jupyter: JupyterProcess) -> None:
    session = jupyter.open_notebook("classic.ipynb")
    assert not has_genai(jupyter.kernel(session.kernel_id))
    write_notebook(jupyter.root / "classic.ipynb", COMFY)
    assert has_genai(jupyter.restart(session.kernel_id))
    write_notebook(jupyter.root / "classic.ipynb", CLASSIC)
    assert not has_genai(jupyter.restart(session.kernel_id))
    assert launches(jupyter) == []


def test_a_changed_kernel_gets_its_own_launch_and_the_old_one_ends(
    jupyter: JupyterProcess,
) -> None:
    session = jupyter.open_notebook("sub/deep/comfy.ipynb")
    before = jupyter.kernel(session.kernel_id)
    model = jupyter.api("PATCH", f"api/sessions/{session.id}", {"kernel": {"name": "python3"}})
    new_id = model["kernel"]["id"]
    assert new_id != session.kernel_id
    assert opens_the_door(jupyter.kernel(new_id))
    assert not opens_the_door(before)
    assert [launch["kernel_id"] for launch in launches(jupyter)] == [new_id]


def test_a_console_on_its_own_kernel_gets_nothing(jupyter: JupyterProcess) -> None:
    session = jupyter.start_session("sub/deep/Console 1", "Console 1", "console")
    assert not has_genai(jupyter.kernel(session.kernel_id))
    assert not has_genai(jupyter.restart(session.kernel_id))


def test_notebooks_that_share_a_kernel_get_what_they_need_together(
    jupyter: JupyterProcess,
) -> None:
    session = jupyter.open_notebook("classic.ipynb")
    for path in ("comfy.ipynb", "sub/forge.ipynb"):
        model = {"path": path, "name": path.rpartition("/")[2], "type": "notebook"}
        jupyter.api("POST", "api/sessions", {**model, "kernel": {"id": session.kernel_id}})
    kernel = jupyter.restart(session.kernel_id)
    assert {"COMFYUI_API_URL", "FORGE_API_URL"} <= kernel.environ.keys()


def test_a_bare_kernel_gets_nothing_until_a_notebook_is_attached(jupyter: JupyterProcess) -> None:
    kernel_id = jupyter.api("POST", "api/kernels", {"name": "python3"})["id"]
    assert not has_genai(jupyter.kernel(kernel_id))
    model = {"path": "comfy.ipynb", "name": "comfy.ipynb", "type": "notebook"}
    jupyter.api("POST", "api/sessions", {**model, "kernel": {"id": kernel_id}})
    assert has_genai(jupyter.restart(kernel_id))


def test_an_unreadable_notebook_starts_its_kernel_all_the_same(jupyter: JupyterProcess) -> None:
    (jupyter.root / "broken.ipynb").write_bytes(b"\xff{not json")
    (jupyter.root / "empty.ipynb").write_bytes(b"")
    for name in ("broken.ipynb", "empty.ipynb"):
        session = jupyter.open_notebook(name)
        assert not has_genai(jupyter.kernel(session.kernel_id))


def test_the_users_own_env_file_keeps_the_group_and_is_told(jupyter: JupyterProcess) -> None:
    write_notebook(jupyter.root / "own" / "nb.ipynb", COMFY)
    (jupyter.root / "own" / ".env").write_text("COMFYUI_API_URL=https://comfy.example.org\n")
    session = jupyter.open_notebook("own/nb.ipynb")
    assert "COMFYUI_AUTH_TOKEN" not in jupyter.kernel(session.kernel_id).environ
    (launch,) = launches(jupyter)
    assert launch["skipped"]["COMFYUI_API_URL"] == "Set in own/.env."


def test_a_kernelspec_with_a_provisioner_of_its_own_is_not_touched(
    jupyter: JupyterProcess,
) -> None:
    write_spec(jupyter, "own-stanza", {"kernel_provisioner": {"provisioner_name": LOCAL}})
    session = jupyter.open_notebook("comfy.ipynb", kernel="own-stanza")
    assert not has_genai(jupyter.kernel(session.kernel_id))


def test_a_kernel_that_cannot_start_leaves_no_claim(jupyter: JupyterProcess) -> None:
    write_spec(jupyter, "hopeless", {}, program="/no/such/program")
    body = {"path": "comfy.ipynb", "type": "notebook", "kernel": {"name": "hopeless"}}
    jupyter.api("POST", "api/sessions", body, status=500)
    assert launches(jupyter) == []


def test_a_notebook_that_was_empty_gets_genai_by_hand_and_the_former_token_ends(
    jupyter: JupyterProcess,
) -> None:
    session = jupyter.open_notebook("classic.ipynb")
    tokens = []
    for _ in range(2):
        enabled = jupyter.api("POST", f"coursia-genai/api/v1/kernels/{session.kernel_id}/enable")
        assert enabled["launch"]["path"] == "classic.ipynb"
        jupyter.execute(session.kernel_id, enabled["code"])
        show = "import os; print(os.environ['GENAI_API_URL'], os.environ['GENAI_API_TOKEN'])"
        tokens.append(jupyter.execute(session.kernel_id, show).split())
    assert len(launches(jupyter)) == 1
    (url, old), (_, new) = tokens
    assert old != new
    assert models(url, new).status_code == 200
    assert models(url, old).status_code == 401
    jupyter.shut_down(session.kernel_id)
    assert models(url, new).status_code == 401


def test_enabling_an_unknown_kernel_says_so(jupyter: JupyterProcess) -> None:
    url = "coursia-genai/api/v1/kernels/00000000-0000-0000-0000-000000000000/enable"
    assert jupyter.api("POST", url, status=404)["error"]["code"] == "not_found"


LOCAL = "local-provisioner"


def write_spec(
    jupyter: JupyterProcess, name: str, metadata: dict[str, Any], *, program: str = ""
) -> None:
    folder = Path(jupyter.folder / "data" / "kernels" / name)
    folder.mkdir(parents=True, exist_ok=True)
    argv = [program or sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    spec = {"argv": argv, "display_name": name, "language": "python", "metadata": metadata}
    (folder / "kernel.json").write_text(json.dumps(spec))


def models(url: str, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{url}/models", headers=headers, timeout=60, trust_env=False)
