"""A service that waits for a person's consent, seen through every door."""

from __future__ import annotations

import pytest
from aiohttp import WSServerHandshakeError
from door_harness import Gateway, echo, gateway, service


def withheld(g: Gateway) -> dict[str, str]:
    """Return the header of a token whose services all wait for a consent."""
    return g.bearer(withholds=lambda name: True)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/"), ("GET", "/system_stats"), ("GET", "/object_info"), ("POST", "/prompt")],
)
async def test_no_call_starts_it_and_each_says_who_decides(method: str, path: str) -> None:
    async with gateway() as g:
        door = await g.doors.open("comfyui")
        async with g.http.request(method, f"{door}{path}", headers=withheld(g)) as got:
            told = await got.json()
        assert got.status == 503
        assert told["error"]["type"] == "consent_needed"
        assert "metadata" in told["error"]["message"]
        assert "panel" in told["error"]["details"]
        assert got.headers["x-should-retry"] == "false"
        assert g.lab.starts == 0


async def test_a_webui_client_is_told_in_its_own_words() -> None:
    async with gateway() as g:
        door = await g.doors.open("forge-turbo")
        async with g.http.post(f"{door}/sdapi/v1/txt2img", headers=withheld(g)) as got:
            told = await got.json()
        assert (got.status, told["error"]) == (503, "consent_needed")
        assert g.lab.starts == 0


async def test_a_socket_is_refused_before_it_opens() -> None:
    async with gateway() as g:
        door = await g.doors.open("comfyui")
        with pytest.raises(WSServerHandshakeError) as refusal:
            await g.http.ws_connect(f"{door}/ws?clientId=a", headers=withheld(g))
        assert refusal.value.status == 503
        assert g.lab.starts == 0


async def test_the_openai_door_starts_it_neither() -> None:
    async with gateway() as g:
        openai = await g.doors.open_openai()
        order = {"prompt": "a fox", "model": "flux-1-dev"}
        async with g.http.post(
            f"{openai}/images/generations", json=order, headers=withheld(g)
        ) as got:
            told = await got.json()
        assert (got.status, told["error"]["code"]) == (503, "consent_needed")
        assert g.lab.starts == 0


async def test_while_it_runs_it_may_be_used() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=withheld(g)) as got:
            assert got.status == 200


async def test_a_consent_counts_from_the_next_call_on_with_the_same_token() -> None:
    async with service(echo) as upstream, gateway() as g:
        waiting = {"comfyui"}
        header = g.bearer(withholds=waiting.__contains__)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=header) as got:
            assert got.status == 503
        waiting.clear()
        g.lab.is_ready("comfyui", upstream.url)
        async with g.http.get(f"{door}/models", headers=header) as got:
            assert got.status == 200


async def test_the_other_services_of_the_kernel_are_not_withheld() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        header = g.bearer(withholds=lambda name: name == "flux")
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=header) as got:
            assert got.status == 200
