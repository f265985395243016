"""What was begun with a token ends with it: the mode turns off, the kernel goes, its time is up."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientPayloadError, ClientSession, ClientTimeout, WSMsgType, web
from door_harness import BOUND, CREDENTIAL, Gateway, demo_engine, echo, gateway, service, soon

from coursia_genai_lab.lab.leases import Leases

ORDER = {"model": "flux-1-dev", "prompt": "a fox", "size": "128x128", "seed": 1}
ENGINE = {"Authorization": f"Bearer {CREDENTIAL}"}
PATIENT = ClientTimeout(total=BOUND)

End = Callable[[Gateway], None]


def switch_off(g: Gateway) -> None:
    g.lab.switch("off")


def end_kernel(g: Gateway) -> None:
    g.lab.leases.drop(g.lease_id)


def revoke(g: Gateway) -> None:
    g.tokens.revoke(g.lease_id)


ENDS = [
    pytest.param(switch_off, 403, "mode_off", id="mode off"),
    pytest.param(end_kernel, 401, "token_refused", id="kernel gone"),
    pytest.param(revoke, 401, "token_refused", id="token revoked"),
]


class Upstream:
    """A service whose answer never ends by itself."""

    def __init__(self) -> None:
        self.reached, self.left = asyncio.Event(), asyncio.Event()

    async def silent(self, request: web.Request) -> web.StreamResponse:
        """Take a call and say nothing."""
        return await self._hang(request, begun=False)

    async def half(self, request: web.Request) -> web.StreamResponse:
        """Send the first half of an answer."""
        return await self._hang(request, begun=True)

    async def _hang(self, request: web.Request, *, begun: bool) -> web.StreamResponse:
        answer = web.StreamResponse()
        answer.content_length = 200_000  # A small answer is passed on in one piece.
        try:
            if begun:
                await answer.prepare(request)
                await answer.write(b"half")
            self.reached.set()
            await asyncio.wait_for(asyncio.Event().wait(), BOUND)
            return answer
        finally:
            self.left.set()


@pytest.mark.parametrize(("end", "status", "code"), ENDS)
async def test_a_call_that_waits_for_a_service_ends_and_so_does_the_services_work(
    end: End, status: int, code: str
) -> None:
    upstream = Upstream()
    async with service(upstream.silent) as there, gateway() as g:
        g.lab.is_ready("comfyui", there.url)
        url = f"{await g.doors.open('comfyui')}/models"
        call = asyncio.ensure_future(g.http.get(url, headers=g.bearer(), timeout=PATIENT))
        await asyncio.wait_for(upstream.reached.wait(), BOUND)
        end(g)
        async with await call as answer:
            assert answer.status == status
            assert (await answer.json())["coursia"]["code"] == code
        await asyncio.wait_for(upstream.left.wait(), BOUND)


@pytest.mark.parametrize(("end", "status", "code"), ENDS)
async def test_an_answer_under_way_is_cut_so_that_nobody_takes_it_for_whole(
    end: End, status: int, code: str
) -> None:
    upstream = Upstream()
    async with service(upstream.half) as there, gateway() as g:
        g.lab.is_ready("comfyui", there.url)
        url = f"{await g.doors.open('comfyui')}/models/vae"
        async with g.http.get(url, headers=g.bearer(), timeout=PATIENT) as answer:
            assert await answer.content.readexactly(4) == b"half"
            end(g)
            with pytest.raises(ClientPayloadError):
                await answer.read()
        await asyncio.wait_for(upstream.left.wait(), BOUND)


@pytest.mark.parametrize(("end", "status", "code"), ENDS)
@pytest.mark.parametrize("door", ["comfyui", "openai"])
async def test_a_call_that_is_held_for_a_start_ends(
    door: str, end: End, status: int, code: str
) -> None:
    async with gateway() as g:
        raw = f"{await g.doors.open('comfyui')}/prompt"
        made = f"{await g.doors.open_openai()}/images/generations"
        url = raw if door == "comfyui" else made
        call = asyncio.ensure_future(
            g.http.post(url, json=ORDER, headers=g.bearer(), timeout=PATIENT)
        )
        await soon(lambda: g.lab.starts > 0)
        end(g)
        async with await call as answer:
            assert answer.status == status
            told = await answer.json()
            assert code in (told.get("coursia", {}).get("code"), told["error"].get("code"))


async def test_an_upload_ends_in_the_middle() -> None:
    async with service(echo) as there, gateway() as g:
        g.lab.is_ready("comfyui", there.url)
        door = await g.doors.open("comfyui")
        host, port = door.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            writer.write(
                f"POST /upload/image HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
                f"{g.token()}\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n".encode()
            )
            # The invitation says that the door has begun to read.
            invited = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), BOUND)
            assert b" 100 " in invited
            writer.write(b"half")
            g.lab.switch("off")
            head = await asyncio.wait_for(reader.readuntil(b"\r\n"), BOUND)
            assert b" 403 " in head
        finally:
            writer.close()
            await writer.wait_closed()


# -- the OpenAI door: the engine is told, too ------------------------------------------------------


@asynccontextmanager
async def drawing(**more: Any) -> AsyncIterator[tuple[Gateway, str, str]]:
    """Run a slow ComfyUI; give gateway, the address for pictures and the engine's."""
    async with demo_engine(seconds_per_step=5.0, preview_method="auto") as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        yield g, f"{await g.doors.open_openai()}/images/generations", url


async def jobs_of(url: str) -> int:
    async with ClientSession(headers=ENGINE) as http, http.get(f"{url}/queue") as got:
        rows = await got.json()
    return len(rows["queue_running"]) + len(rows["queue_pending"])


async def until_jobs(url: str, count: int) -> None:
    async def look() -> None:
        while await jobs_of(url) != count:
            await asyncio.sleep(0.02)

    await asyncio.wait_for(look(), BOUND)


@pytest.mark.parametrize(("end", "status", "code"), ENDS)
async def test_the_engines_job_is_cancelled_and_its_claim_dropped(
    end: End, status: int, code: str
) -> None:
    async with drawing() as (g, url, engine):
        call = asyncio.ensure_future(
            g.http.post(url, json=ORDER, headers=g.bearer(), timeout=PATIENT)
        )
        await until_jobs(engine, 1)
        end(g)
        async with await call as answer:
            assert answer.status == status
            assert (await answer.json())["error"]["code"] == code
        await until_jobs(engine, 0)
        await soon(lambda: not [one for one in g.lab.leases.standing() if one.kind == "job"])


@pytest.mark.parametrize(("end", "status", "code"), ENDS)
async def test_a_stream_ends_with_an_event_that_says_why(end: End, status: int, code: str) -> None:
    async with drawing() as (g, url, engine):
        order = {**ORDER, "stream": True, "progress": True}
        async with g.http.post(url, json=order, headers=g.bearer(), timeout=PATIENT) as answer:
            first = await asyncio.wait_for(answer.content.readuntil(b"\n\n"), BOUND)
            assert first
            await until_jobs(engine, 1)
            end(g)
            rest = await asyncio.wait_for(answer.read(), BOUND)
        kind, data = rest.decode().strip().split("\n\n")[-1].split("\n")
        assert kind == "event: error"
        assert json.loads(data.removeprefix("data: "))["error"]["code"] == code
        await until_jobs(engine, 0)


async def test_calls_that_wait_in_line_end_before_they_reach_the_engine() -> None:
    async with drawing() as (g, url, engine):
        calls = [
            asyncio.ensure_future(g.http.post(url, json=ORDER, headers=g.bearer(), timeout=PATIENT))
            for _ in range(3)
        ]
        await until_jobs(engine, 1)
        await soon(lambda: len(g.doors.queue.tickets()) == 3)
        g.lab.switch("off")
        for call in calls:
            async with await call as answer:
                assert answer.status == 403
        await until_jobs(engine, 0)
        await soon(lambda: not g.doors.queue.tickets())


# -- sockets ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("end", "status", "code"), ENDS)
async def test_an_open_socket_is_closed_with_a_reason(end: End, status: int, code: str) -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        door = await g.doors.open("comfyui")
        async with g.http.ws_connect(f"{door}/ws?clientId=a", headers=g.bearer()) as socket:
            assert (await socket.receive(timeout=BOUND)).type is WSMsgType.TEXT
            end(g)
            while (message := await socket.receive(timeout=BOUND)).type is not WSMsgType.CLOSE:
                pass
            assert message.data == 1008
            assert message.extra


# -- who is not meant goes on ----------------------------------------------------------------------


async def test_a_neighbours_call_goes_on_when_a_kernel_ends() -> None:
    upstream = Upstream()
    release = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/embeddings":
            await asyncio.wait_for(release.wait(), BOUND)
            return web.json_response({})
        return await upstream.silent(request)

    async with service(answer) as there, gateway() as g:
        g.lab.is_ready("comfyui", there.url)
        door = await g.doors.open("comfyui")
        other = g.lab.leases.take("kernel", ["comfyui"], label="b", person="bob").id
        theirs = g.bearer(lease_id=other, person="bob")
        kept = asyncio.ensure_future(
            g.http.get(f"{door}/embeddings", headers=theirs, timeout=PATIENT)
        )
        ended = asyncio.ensure_future(
            g.http.get(f"{door}/models", headers=g.bearer(), timeout=PATIENT)
        )
        await asyncio.wait_for(upstream.reached.wait(), BOUND)
        end_kernel(g)
        async with await ended as got:
            assert got.status == 401
        assert not kept.done()
        release.set()
        async with await kept as got:
            assert got.status == 200


async def test_a_notebook_that_is_off_by_its_own_word_ends_alone() -> None:
    upstream = Upstream()
    async with service(upstream.silent) as there, gateway() as g:
        g.lab.is_ready("comfyui", there.url)
        url = f"{await g.doors.open('comfyui')}/models"
        g.lab.switch("local")
        call = asyncio.ensure_future(
            g.http.get(url, headers=g.bearer(mode="local"), timeout=PATIENT)
        )
        await asyncio.wait_for(upstream.reached.wait(), BOUND)
        g.lab.switch("demo")
        await asyncio.sleep(0)
        assert not call.done()
        g.lab.switch("off")
        async with await call as got:
            assert got.status == 403


async def test_a_token_with_a_lifetime_ends_its_calls_with_it() -> None:
    upstream = Upstream()
    async with service(upstream.silent) as there, gateway() as g:
        g.lab.is_ready("comfyui", there.url)
        url = f"{await g.doors.open('comfyui')}/models"
        headers = g.bearer(lifetime_seconds=3)
        async with g.http.get(url, headers=headers, timeout=PATIENT) as got:
            assert got.status == 401
            assert upstream.reached.is_set()


async def test_the_watch_tells_whoever_waits_for_the_end_of_a_grant() -> None:
    from coursia_genai_lab.gateway.admission import Admission
    from coursia_genai_lab.gateway.tokens import Tokens

    leases = Leases()
    tokens = Tokens(leases)
    admission = Admission(tokens)
    lease = leases.take("kernel", ["comfyui"], label="a", person="ada")
    made = tokens.mint(lease.id, person="ada", services=["comfyui"], kernel_id=None)
    grant = tokens.check(made.reveal())
    waiting = [asyncio.ensure_future(admission.until_ended(grant)) for _ in range(3)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    leases.drop(lease.id)
    ends = await asyncio.wait_for(asyncio.gather(*waiting[1:]), BOUND)
    assert [end.error_code for end in ends] == ["token_refused"] * 2
    assert not admission.stands(grant)
