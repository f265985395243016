"""What a door's caller reads of a failure: teachers the command, students the code for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cloud_bench import bench, fails
from door_harness import gateway

from coursia_genai_lab.errors import ImageMissing
from coursia_genai_lab.lab.people import People

COMMAND = "coursia-genai build comfyui"


def missing() -> ImageMissing:
    return ImageMissing("The image of ComfyUI is not here.", "Build it.", command=COMMAND)


async def heard(role: str) -> dict[str, Any]:
    """Return what a raw door answers somebody of a role whose service has no image."""
    async with gateway() as g:
        if role == "student":
            g.lab.policy.people.alone = False
        g.lab.failure = missing()
        door = await g.doors.open("comfyui")
        headers = g.bearer()
        async with g.http.post(f"{door}/prompt", json={"prompt": {}}, headers=headers) as got:
            body: dict[str, Any] = (await got.json())["coursia"]
        assert g.lab.failure is not None
        assert g.lab.failure.command == COMMAND
        return body


async def test_a_raw_door_tells_a_student_the_code_and_others_the_command() -> None:
    assert (await heard("admin"))["command"] == COMMAND
    told = await heard("student")
    assert told["code"] == "image_missing"
    assert told["remedy"] == "Tell your teacher this code: image_missing."
    assert "command" not in told


@pytest.mark.parametrize("alone", [True, False])
async def test_the_openai_door_words_a_refused_key_for_its_caller(
    tmp_path: Path, alone: bool
) -> None:
    async with bench(tmp_path) as b:
        b.policy.people.alone = alone
        b.agree()
        b.provider.answers.append(fails(401, "invalid_api_key"))
        error = (await b.ask())["error"]
        assert error["code"] == "cloud_key_refused"
        assert ("coursia-genai secrets set" in error["remedy"]) is alone
        assert ("coursia-genai" in error["message"]) is alone


@pytest.mark.parametrize("alone", [True, False])
async def test_a_list_of_models_tells_students_no_commands(tmp_path: Path, alone: bool) -> None:
    async with bench(tmp_path) as b:
        b.policy.people.alone = alone
        async with b.g.http.get(f"{b.door}/models", headers=b.g.bearer()) as got:
            listed = (await got.json())["data"]
        reasons = [one["reason"] for one in listed if one["reason"]]
        assert reasons
        assert any("coursia-genai secrets set" in one for one in reasons) is alone


def test_who_is_nobody_counts_as_a_student() -> None:
    assert People("root", alone=False).role("") == "student"
