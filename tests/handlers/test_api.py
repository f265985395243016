"""The REST API on a real Jupyter server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from coursia_genai_lab.errors import NotAllowed
from coursia_genai_lab.handlers.person import need_role
from coursia_genai_lab.wire import FolderIndex, ModeView, Profile, ServiceList, StatusView

Api = Callable[..., Any]
PATIENCE = 60.0


def write_notebook(path: Path, *cells: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


COMFY = (
    "import os, requests\nbase = os.getenv('COMFYUI_API_URL')\n"
    "requests.post(base + '/prompt', json={'prompt': {}, 'client_id': 'x'})"
)


async def state_of(api: Api, service: str, wanted: str) -> dict[str, Any]:
    async def look() -> dict[str, Any]:
        revision = -1
        while True:
            _, status = await api("GET", "status", since=str(revision), wait="5")
            revision = status["revision"]
            found = next(item for item in status["services"] if item["name"] == service)
            if found["state"] == wanted:
                return dict(found)

    return await asyncio.wait_for(look(), PATIENCE)


async def test_the_status_is_a_snapshot_of_everything(api: Api) -> None:
    code, body = await api("GET", "status")
    status = StatusView.model_validate(body)
    assert code == 200
    assert (status.placement, status.role, status.mode.effective) == ("embedded", "admin", "auto")
    assert {"demo", "comfyui"} <= {service.name for service in status.services}


async def test_the_status_waits_for_a_newer_revision(api: Api) -> None:
    _, first = await api("GET", "status")
    waiting = asyncio.create_task(api("GET", "status", since=str(first["revision"]), wait="20"))
    await api("PUT", "mode", body={"value": "demo"})
    _, second = await asyncio.wait_for(waiting, PATIENCE)
    assert second["revision"] > first["revision"]


async def test_a_service_starts_and_stops_by_command(api: Api) -> None:
    code, accepted = await api("POST", "services", "comfyui", "start")
    assert code == 202
    assert accepted["revision"] >= 0
    ready = await state_of(api, "comfyui", "ready")
    assert ready["started_by"]
    code, logs = await api("GET", "services", "comfyui", "logs", tail="5")
    assert code == 200
    assert logs["lines"]
    await api("POST", "services", "comfyui", "restart")
    await state_of(api, "comfyui", "ready")
    await api("POST", "services", "comfyui", "stop")
    await state_of(api, "comfyui", "stopped")


async def test_the_services_are_listed_and_shown_one_by_one(api: Api) -> None:
    _, listed = await api("GET", "services")
    names = [service.name for service in ServiceList.model_validate(listed).services]
    assert names == sorted(names)
    _, one = await api("GET", "services", "demo")
    assert one["title"] == "Demo engine"


async def test_an_unknown_service_says_which_are_known(api: Api) -> None:
    code, body = await api("POST", "services", "nonsense", "start")
    assert code == 404
    assert body["error"]["code"] == "not_found"
    assert "comfyui" in body["error"]["remedy"]


async def test_stopping_what_is_in_use_is_a_conflict_without_force(api: Api, app: Any) -> None:
    lab = app.parts.lab
    lab.leases.take("kernel", ["comfyui"], label="a.ipynb", person="ada")
    await lab.endpoint("comfyui", timeout=PATIENCE)
    code, body = await api("POST", "services", "comfyui", "stop")
    assert (code, body["error"]["code"]) == (409, "in_use")
    code, _ = await api("POST", "services", "comfyui", "stop", body={"force": True})
    assert code == 202


async def test_a_service_is_pinned_shown_with_its_end_and_unpinned(api: Api, app: Any) -> None:
    code, accepted = await api("POST", "services", "comfyui", "pin", body={"minutes": 90})
    assert code == 202
    assert accepted["revision"] > 0
    await state_of(api, "comfyui", "ready")
    _, view = await api("GET", "services", "comfyui")
    (pin,) = view["holders"]
    assert (pin["kind"], pin["strength"], pin["active"]) == ("pin", "protected", True)
    assert round(pin["ends_at"] - pin["since"]) == 90 * 60
    code, refusal = await api("POST", "services", "comfyui", "stop")
    assert (code, refusal["error"]["code"]) == (409, "in_use")
    code, _ = await api("POST", "services", "comfyui", "pin", body={"minutes": None})
    _, view = await api("GET", "services", "comfyui")
    assert [holder["ends_at"] for holder in view["holders"]] == [None]
    for _ in range(2):
        code, _ = await api("POST", "services", "comfyui", "unpin")
        assert code == 202
    _, view = await api("GET", "services", "comfyui")
    assert view["holders"] == []
    assert view["stops_in_seconds"] > 0
    code, _ = await api("POST", "services", "comfyui", "stop")
    assert code == 202


@pytest.mark.parametrize("minutes", [0, -1, 1e9, "soon"])
async def test_a_pin_without_sense_is_refused(api: Api, minutes: Any) -> None:
    code, refusal = await api("POST", "services", "comfyui", "pin", body={"minutes": minutes})
    assert (code, refusal["error"]["code"]) == (400, "invalid_request")
    _, view = await api("GET", "services", "comfyui")
    assert view["holders"] == []


async def test_a_pin_of_nothing_is_not_found_and_of_a_cloud_a_conflict(api: Api) -> None:
    for name, expected in (("nonsense", 404), ("openai", 409)):
        code, _ = await api("POST", "services", name, "pin", body={})
        assert code == expected


def test_what_is_for_teachers_is_refused_to_students_only() -> None:
    for role in ("teacher", "admin"):
        need_role(role, "Keeping a service")
    with pytest.raises(NotAllowed) as refusal:
        need_role("student", "Keeping a service")
    assert refusal.value.error_code == "role_needed"


async def test_the_mode_is_shown_changed_and_taken_back(api: Api) -> None:
    _, body = await api("PUT", "mode", body={"layer": "person", "value": "off"})
    assert ModeView.model_validate(body).effective == "off"
    code, refusal = await api("POST", "services", "comfyui", "start")
    assert (code, refusal["error"]["code"]) == (403, "mode_off")
    _, body = await api("PUT", "mode", body={"value": None})
    assert body["effective"] == "auto"
    _, body = await api("GET", "mode")
    assert body["effective"] == "auto"


async def test_a_layer_that_lives_elsewhere_is_a_conflict_with_a_remedy(api: Api) -> None:
    code, body = await api("PUT", "mode", body={"layer": "class", "value": "off"})
    assert code == 409
    assert body["error"]["remedy"]


async def test_bad_input_names_the_field(api: Api) -> None:
    code, body = await api("PUT", "mode", body={"value": "sometimes"})
    assert (code, body["error"]["code"]) == (400, "invalid_request")
    assert "value" in body["error"]["message"]
    code, body = await api("GET", "services", "demo", "logs", tail="many")
    assert code == 400


async def test_a_saved_notebook_has_a_profile_with_evidence(api: Api, jp_root_dir: Path) -> None:
    write_notebook(jp_root_dir / "deep" / "a.ipynb", COMFY)
    _, body = await api("GET", "notebooks", "profile", path="deep/a.ipynb")
    profile = Profile.model_validate(body)
    assert profile.services == ["comfyui"]
    assert profile.path == "deep/a.ipynb"
    assert all(item.excerpt for item in profile.evidence)


async def test_an_unsaved_notebook_is_profiled_from_the_body(api: Api) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(COMFY)])
    body = json.loads(nbformat.writes(notebook))
    _, answer = await api("POST", "notebooks", "profile", body=body, path="new.ipynb")
    assert answer["services"] == ["comfyui"]


async def test_an_unsaved_notebook_is_judged_by_the_env_beside_its_path(
    api: Api, jp_root_dir: Path
) -> None:
    (jp_root_dir / ".env").write_text("COMFYUI_API_URL=https://comfyui.example.org\n")
    code = (
        "import os, requests\nbase = os.getenv('COMFYUI_API_URL', 'http://localhost:8188')\n"
        "requests.post(base + '/prompt', json={'prompt': {}, 'client_id': '1'})"
    )
    body = {"cells": [{"cell_type": "code", "source": code}]}
    _, here = await api("POST", "notebooks", "profile", body=body, path="course/a.ipynb")
    _, nowhere = await api("POST", "notebooks", "profile", body=body)
    assert here["remote_services"] == ["comfyui"]
    assert nowhere["remote_services"] == []


async def test_no_path_leads_out_of_the_root(api: Api, jp_root_dir: Path) -> None:
    write_notebook(jp_root_dir.parent / "outside.ipynb", COMFY)
    code, _ = await api("GET", "notebooks", "profile", path="../outside.ipynb")
    assert code == 400
    (jp_root_dir / "link.ipynb").symlink_to(jp_root_dir.parent / "outside.ipynb")
    _, body = await api("GET", "notebooks", "profile", path="link.ipynb")
    assert body["services"] == []
    assert body["note"]


async def test_a_folder_is_indexed(api: Api, jp_root_dir: Path) -> None:
    write_notebook(jp_root_dir / "course" / "a.ipynb", COMFY)
    write_notebook(jp_root_dir / "course" / "b.ipynb", "print(1)")
    (jp_root_dir / "course" / "broken.ipynb").write_text("{", encoding="utf-8")
    _, body = await api("GET", "notebooks", folder="course")
    index = {item.path: item for item in FolderIndex.model_validate(body).notebooks}
    assert index["course/a.ipynb"].needs_image_service
    assert not index["course/b.ipynb"].needs_image_service
    assert index["course/broken.ipynb"].note
    code, _ = await api("GET", "notebooks", folder="nowhere")
    assert code == 404


async def test_a_kernel_that_does_not_exist_cannot_be_enabled(api: Api) -> None:
    code, body = await api("POST", "kernels", "0000", "enable")
    assert code == 404
    assert body["error"]["remedy"]
    code, _ = await api("POST", "kernels", "0000", "skip-wait")
    assert code == 404
    _, body = await api("GET", "launches")
    assert body == {"launches": []}
