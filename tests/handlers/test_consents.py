"""Consents over the REST API, on a real Jupyter server with the fake runtime."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import pytest

from coursia_genai_lab.handlers.base import SETTINGS_KEY
from coursia_genai_lab.wire import ConsentList, ConsentNeeded, LaunchView, Profile

Api = Callable[..., Any]
PATIENCE = 60.0


def write(path: Path, *cells: str, **genai: Any) -> None:
    """Write a notebook with `metadata.genai`."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    if genai:
        notebook.metadata["genai"] = genai
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)


async def asked(api: Api, path: str) -> ConsentNeeded | None:
    code, body = await api("GET", "consents", path=path)
    assert code == 200
    return ConsentList.model_validate(body).asked


async def confirm(api: Api, path: str, digest: str) -> tuple[int, Any]:
    answer: tuple[int, Any] = await api(
        "POST", "consents", body={"kind": "metadata", "path": path, "digest": digest}
    )
    return answer


async def test_a_notebook_asks_for_what_only_its_metadata_names(
    api: Api, jp_root_dir: Path
) -> None:
    write(jp_root_dir / "course" / "a.ipynb", "print(1)", services=["comfyui"])
    needed = await asked(api, "course/a.ipynb")
    assert needed is not None
    assert (needed.path, needed.services, needed.given) == ("course/a.ipynb", ["comfyui"], False)
    write(jp_root_dir / "plain.ipynb", "print(1)")
    assert await asked(api, "plain.ipynb") is None


async def test_a_consent_is_kept_listed_and_withdrawn(api: Api, jp_root_dir: Path) -> None:
    write(jp_root_dir / "a.ipynb", services=["comfyui"])
    needed = await asked(api, "a.ipynb")
    assert needed is not None
    code, body = await confirm(api, "a.ipynb", needed.digest)
    assert code == 201
    assert ConsentNeeded.model_validate(body) == needed.model_copy(update={"given": True})
    code, again = await confirm(api, "/a.ipynb", needed.digest)
    assert (code, again) == (200, body)
    needed = await asked(api, "a.ipynb")
    assert needed is not None
    assert needed.given
    _, body = await api("GET", "consents")
    listed = ConsentList.model_validate(body)
    assert [(one.path, one.digest) for one in listed.consents] == [("a.ipynb", needed.digest)]
    assert listed.asked is None
    code, body = await api("DELETE", "consents", path="a.ipynb")
    assert (code, body["consents"]) == (200, [])
    code, _ = await api("DELETE", "consents", path="a.ipynb")
    assert code == 404


async def test_changed_metadata_and_a_new_name_ask_anew(api: Api, jp_root_dir: Path) -> None:
    file = jp_root_dir / "a.ipynb"
    write(file, services=["comfyui"])
    needed = await asked(api, "a.ipynb")
    assert needed is not None
    await confirm(api, "a.ipynb", needed.digest)
    renamed = file.rename(jp_root_dir / "b.ipynb")
    moved = await asked(api, "b.ipynb")
    assert moved is not None
    assert not moved.given
    renamed.rename(file)
    write(file, services=["comfyui", "flux"])
    changed = await asked(api, "a.ipynb")
    assert changed is not None
    assert (changed.given, changed.digest != needed.digest) == (False, True)
    code, body = await confirm(api, "a.ipynb", needed.digest)
    assert (code, body["error"]["code"]) == (409, "digest_changed")
    _, listed = await api("GET", "consents")
    assert len(listed["consents"]) == 1


async def test_only_a_notebook_that_is_there_can_be_confirmed(api: Api, jp_root_dir: Path) -> None:
    write(jp_root_dir.parent / "outside.ipynb", services=["comfyui"])
    (jp_root_dir / "link.ipynb").symlink_to(jp_root_dir.parent / "outside.ipynb")
    (jp_root_dir / "folder.ipynb").mkdir()
    write(jp_root_dir / "plain.ipynb", "print(1)")
    for path in ("nowhere.ipynb", "link.ipynb", "folder.ipynb", "", "a\nb"):
        code, _ = await confirm(api, path, "0" * 64)
        assert code == 404, path
    assert (await confirm(api, "../outside.ipynb", "0" * 64))[0] == 400
    assert (await confirm(api, "plain.ipynb", ""))[0] == 409
    _, body = await api("GET", "consents")
    assert body["consents"] == []


async def test_bad_requests_name_the_field(api: Api) -> None:
    code, body = await api("POST", "consents", body={"path": "a.ipynb"})
    assert (code, "digest" in body["error"]["message"]) == (400, True)
    code, body = await api(
        "POST", "consents", body={"kind": "spend", "path": "a.ipynb", "digest": "d"}
    )
    assert (code, "kind" in body["error"]["message"]) == (400, True)
    assert (await api("DELETE", "consents"))[0] == 400


class TestInATrustedFolder:
    @pytest.fixture
    def lab_traits(self) -> dict[str, Any]:
        return {"runtime": "fake", "trusted_folders": ["course"]}

    async def test_nothing_is_asked(self, api: Api, jp_root_dir: Path) -> None:
        write(jp_root_dir / "course" / "a.ipynb", services=["comfyui"])
        write(jp_root_dir / "downloads" / "b.ipynb", services=["comfyui"])
        (jp_root_dir / "course" / "link.ipynb").symlink_to(jp_root_dir / "downloads" / "b.ipynb")
        assert await asked(api, "course/a.ipynb") is None
        assert await asked(api, "downloads/b.ipynb") is not None
        assert await asked(api, "course/link.ipynb") is not None


class Shelf:
    """The notebooks of a contents manager that keeps no files."""

    async def get(self, api_path: str) -> Profile:
        if api_path != "a.ipynb":
            return Profile(path=api_path, unreadable=True, note="It is not there.")
        return Profile(
            path=api_path,
            type="GENAI_BASIC",
            services=["comfyui"],
            widened=["comfyui"],
            metadata_digest="d1",
        )


async def test_notebooks_that_lie_on_no_disk_are_asked_about_too(
    api: Api, app: Any, jp_serverapp: Any
) -> None:
    jp_serverapp.web_app.settings[SETTINGS_KEY] = replace(app.parts, contents=Shelf())
    needed = await asked(api, "a.ipynb")
    assert needed is not None
    assert (needed.digest, needed.given) == ("d1", False)
    assert (await confirm(api, "a.ipynb", "d1"))[0] == 201
    assert (await confirm(api, "b.ipynb", "d1"))[0] == 404
    code, body = await api("GET", "notebooks")
    assert (code, body["error"]["code"]) == (409, "not_on_disk")


async def start_kernel(jp_fetch: Any, path: str) -> str:
    import json

    model = {
        "path": path,
        "name": path.rpartition("/")[2],
        "type": "notebook",
        "kernel": {"name": "python3"},
    }
    answer = await jp_fetch("api", "sessions", method="POST", body=json.dumps(model))
    return str(json.loads(answer.body)["kernel"]["id"])


async def test_a_kernel_of_a_real_server_waits_for_the_consent_and_then_has_its_service(
    api: Api, app: Any, jp_fetch: Any, jp_root_dir: Path
) -> None:
    lab = app.parts.lab
    write(jp_root_dir / "course" / "a.ipynb", "print(1)", services=["comfyui"])
    kernel_id = await start_kernel(jp_fetch, "course/a.ipynb")
    try:
        _, body = await api("GET", "launches")
        (launch,) = (LaunchView.model_validate(one) for one in body["launches"])
        assert launch.consent is not None
        assert "COMFYUI_API_URL" in launch.variables
        assert not lab.service("comfyui").wanted
        # A page that names the service as needed by the code is not believed over the file.
        posted = {"type": "GENAI_BASIC", "services": ["comfyui"], "widened": []}
        code, enabled = await api("POST", "kernels", kernel_id, "enable", body={"profile": posted})
        assert code == 200
        assert enabled["launch"]["consent"]["services"] == ["comfyui"]
        assert not lab.service("comfyui").wanted
        code, _ = await confirm(api, launch.consent.path, launch.consent.digest)
        assert code == 201
        assert lab.service("comfyui").wanted
        await asyncio.wait_for(_until_ready(lab), PATIENCE)
        _, body = await api("GET", "launches")
        assert body["launches"][0]["consent"] is None
    finally:
        await jp_fetch("api", "kernels", kernel_id, method="DELETE")


async def _until_ready(lab: Any) -> None:
    while lab.service("comfyui").state != "ready":
        await lab.wait_for_change(lab.revision, 1)


async def test_the_terms_of_a_provider_are_agreed_to_as_shown_and_taken_back(api: Api) -> None:
    _, body = await api("GET", "consents", provider="openai")
    terms = ConsentList.model_validate(body).asked
    assert terms is not None
    assert (terms.kind, terms.provider, terms.given) == ("cloud", "openai", False)
    assert "OpenAI" in terms.data
    assert terms.policy_url.startswith("https://")
    wish = {"kind": "cloud", "provider": "openai", "digest": terms.digest}
    code, body = await api("POST", "consents", body={**wish, "digest": "0" * 64})
    assert (code, body["error"]["code"]) == (409, "digest_changed")
    code, body = await api("POST", "consents", body=wish)
    assert (code, ConsentNeeded.model_validate(body).given) == (201, True)
    code, _ = await api("POST", "consents", body=wish)
    assert code == 200
    _, body = await api("GET", "consents")
    (given,) = ConsentList.model_validate(body).consents
    assert (given.kind, given.provider, given.path) == ("cloud", "openai", "")
    _, body = await api("GET", "consents", provider="openai", kind="upload")
    assert not body["asked"]["given"], "pictures of one's own are asked for by themselves"
    code, body = await api("DELETE", "consents", provider="openai")
    assert (code, body["consents"]) == (200, [])
    code, _ = await api("DELETE", "consents", provider="openai")
    assert code == 404


@pytest.mark.parametrize("provider", ["comfyui", "nobody"])
async def test_only_providers_have_terms(api: Api, provider: str) -> None:
    code, _ = await api("GET", "consents", provider=provider)
    assert code == 404
    wish = {"kind": "cloud", "provider": provider, "digest": "0" * 64}
    code, _ = await api("POST", "consents", body=wish)
    assert code == 404


async def test_agreements_stand_in_the_audit(api: Api) -> None:
    _, body = await api("GET", "consents", provider="openai")
    wish = {"kind": "cloud", "provider": "openai", "digest": body["asked"]["digest"]}
    await api("POST", "consents", body=wish)
    await api("DELETE", "consents", provider="openai")

    async def told() -> list[dict[str, Any]]:
        while True:
            _, body = await api("GET", "audit", deed="consent")
            if len(body["entries"]) >= 2:
                found: list[dict[str, Any]] = body["entries"]
                return found
            await asyncio.sleep(0.05)

    entries = await asyncio.wait_for(told(), PATIENCE)
    assert {one["subject"] for one in entries} == {"openai"}
    assert {one["detail"] for one in entries} == {"cloud: given", "withdrawn"}
