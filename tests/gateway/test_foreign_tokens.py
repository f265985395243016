"""Tokens that were forged, copied, or made for somebody else's kernel."""

from __future__ import annotations

import hashlib
import string

import pytest
from aiohttp import ClientSession, ClientTimeout
from door_harness import BOUND, Gateway, echo, gateway, service

from coursia_genai_lab.errors import TokenRefused
from coursia_genai_lab.gateway.tokens import LENGTH, Tokens
from coursia_genai_lab.lab.leases import Leases

PATIENT = ClientTimeout(total=BOUND)
LETTERS = string.ascii_letters + string.digits + "-_"


def test_a_token_with_any_one_character_changed_opens_nothing() -> None:
    leases = Leases()
    tokens = Tokens(leases)
    lease = leases.take("kernel", ["comfyui"], label="a", person="ada")
    text = tokens.mint(lease.id, person="ada", services=["comfyui"], kernel_id="k").reveal()
    assert len(text) == LENGTH
    for place in range(LENGTH):
        other = next(letter for letter in LETTERS if letter != text[place])
        with pytest.raises(TokenRefused):
            tokens.check(text[:place] + other + text[place + 1 :])
    assert tokens.check(text).person == "ada"


def test_what_the_store_keeps_of_a_token_opens_nothing() -> None:
    leases = Leases()
    tokens = Tokens(leases)
    lease = leases.take("kernel", ["comfyui"], label="a", person="ada")
    made = tokens.mint(lease.id, person="ada", services=["comfyui"], kernel_id="k")
    kept = tokens.check(made.reveal()).digest
    assert kept == hashlib.sha256(made.reveal().encode()).digest()
    for text in (kept.hex(), "cgl_" + kept.hex()[:43], repr(made), lease.id, "cgl_" + lease.id):
        with pytest.raises(TokenRefused):
            tokens.check(text)
    assert kept.hex() not in repr(tokens.check(made.reveal()))


async def ask(http: ClientSession, g: Gateway, service_: str, headers: dict[str, str]) -> int:
    path = {"comfyui": "/queue", "forge-turbo": "/sdapi/v1/samplers"}[service_]
    url = f"{await g.doors.open(service_)}{path}"
    async with http.get(url, headers=headers, timeout=PATIENT) as got:
        return got.status


async def test_a_copied_token_is_its_persons_and_ends_with_their_kernel() -> None:
    async with service(echo) as upstream, gateway() as g, ClientSession() as thief:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open_openai()
        headers = g.bearer("comfyui")
        assert await ask(thief, g, "comfyui", headers) == 200
        async with thief.get(f"{door}/coursia/status", headers=headers, timeout=PATIENT) as got:
            told = await got.json()
        assert (told["person"], told["kernel_id"]) == ("ada", "kernel-1")
        assert told["services"] == ["comfyui"]
        g.lab.leases.drop(g.lease_id)
        assert await ask(thief, g, "comfyui", headers) == 401


async def test_each_kernels_token_opens_its_own_services_and_ends_alone() -> None:
    async with service(echo) as upstream, gateway() as g:
        for name in ("comfyui", "forge-turbo"):
            g.lab.is_ready(name, upstream.url)
        other = g.lab.leases.take("kernel", ["forge-turbo"], label="b", person="bob").id
        ada = g.bearer("comfyui")
        bob = g.bearer("forge-turbo", lease_id=other, person="bob")
        assert await ask(g.http, g, "comfyui", ada) == 200
        assert await ask(g.http, g, "forge-turbo", ada) == 403
        assert await ask(g.http, g, "comfyui", bob) == 403
        assert await ask(g.http, g, "forge-turbo", bob) == 200
        g.lab.leases.drop(g.lease_id)
        assert await ask(g.http, g, "comfyui", ada) == 401
        assert await ask(g.http, g, "forge-turbo", bob) == 200


async def test_a_token_of_another_server_is_as_good_as_none() -> None:
    async with service(echo) as upstream, gateway() as here, gateway() as elsewhere:
        here.lab.is_ready("comfyui", upstream.url)
        assert await ask(here.http, here, "comfyui", elsewhere.bearer()) == 401
        assert await ask(here.http, here, "comfyui", here.bearer()) == 200


async def test_the_service_never_sees_the_token_wherever_it_stood() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        door = await g.doors.open("forge-turbo")
        token = g.token()
        url = f"{door}/sdapi/v1/samplers?token={token}&a=1"
        async with g.http.get(
            url, headers={"Authorization": f"Bearer {token}"}, timeout=PATIENT
        ) as got:
            assert got.status == 200
    [seen] = upstream.seen
    assert "cgl_" not in seen.raw_path
    assert not [value for value in seen.headers.values() if "cgl_" in value]
