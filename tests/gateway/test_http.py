from __future__ import annotations

import asyncio
import base64
import gzip
import io
import json
import os

import pytest
from aiohttp import ClientConnectionError, ClientPayloadError, web
from door_harness import BOUND, CREDENTIAL, echo, gateway, say, service, taken_port
from PIL import Image

from coursia_genai_lab.errors import NotFound
from coursia_genai_lab.gateway.admission import MAX_BODY_BYTES


async def test_a_call_reaches_the_service_with_the_services_credential_and_nothing_else() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        headers = {
            **g.bearer("comfyui"),
            "Cookie": "_xsrf=secret",
            "X-XSRFToken": "secret",
            "X-Forwarded-For": "1.2.3.4",
            "Forwarded": "for=1.2.3.4",
            "Proxy-Authorization": "Basic secret",
            "Accept": "application/json",
        }
        async with g.http.get(f"{door}/models/vae?a=1&b=%20", headers=headers) as answer:
            assert answer.status == 200
            told = await answer.json()
    assert told["target"] == "/models/vae?a=1&b=%20"
    assert set(told["headers"]) <= {"host", "accept", "accept-encoding", "authorization"}
    assert told["headers"]["authorization"] == f"Bearer {CREDENTIAL}"
    assert told["headers"]["accept"] == "application/json"


async def test_a_service_with_basic_login_gets_basic() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url, scheme="basic")
        door = await g.doors.open("forge-turbo")
        async with g.http.get(f"{door}/sdapi/v1/sd-models", headers=g.bearer()) as answer:
            told = await answer.json()
    sent = told["headers"]["authorization"].removeprefix("Basic ")
    assert base64.b64decode(sent).decode() == f"genai:{CREDENTIAL}"


async def test_a_service_without_login_gets_no_credential() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url, scheme="none")
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=g.bearer()) as answer:
            told = await answer.json()
    assert "authorization" not in told["headers"]


async def test_cookies_locations_and_challenges_of_the_service_do_not_pass() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(
            {},
            headers={
                "Set-Cookie": "a=b",
                "WWW-Authenticate": "Basic",
                "Access-Control-Allow-Origin": "*",
                "Location": "http://evil.example",
                "ETag": '"1"',
            },
        )

    async with service(answer) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=g.bearer()) as got:
            assert got.status == 200
            assert got.headers["ETag"] == '"1"'
            assert got.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in got.headers["Content-Security-Policy"]
            for name in ("Set-Cookie", "WWW-Authenticate", "Access-Control-Allow-Origin"):
                assert name not in got.headers
            assert "Location" not in got.headers


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "image/svg+xml"])
async def test_documents_that_a_browser_would_run_come_as_plain_bytes(kind: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"<script>", headers={"Content-Type": kind})

    async with service(answer) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models/a", headers=g.bearer()) as got:
            assert got.headers["Content-Type"] == "application/octet-stream"


async def test_a_redirect_of_the_service_is_not_followed() -> None:
    async with service(echo) as elsewhere, gateway() as g:

        async def away(request: web.Request) -> web.Response:
            raise web.HTTPTemporaryRedirect(f"{elsewhere.url}/prompt")

        async with service(away) as upstream:
            g.lab.is_ready("comfyui", upstream.url)
            door = await g.doors.open("comfyui")
            async with g.http.get(f"{door}/models", headers=g.bearer()) as got:
                assert got.status == 502
                assert "Location" not in got.headers
                assert (await got.json())["error"]["type"] == "redirect_refused"
    assert elsewhere.calls == 0


async def test_a_service_that_refuses_our_credential_is_not_mistaken_for_a_bad_token() -> None:
    async def locked(request: web.Request) -> web.Response:
        return web.json_response({"error": "Authentication required."}, status=401)

    async with service(locked) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=g.bearer()) as got:
            assert got.status == 502
            assert (await got.json())["coursia"]["code"] == "credential_refused"


async def test_errors_of_the_service_pass_as_they_are() -> None:
    async def wrong(request: web.Request) -> web.Response:
        return web.json_response({"error": {"type": "no_prompt"}, "node_errors": {}}, status=400)

    async with service(wrong) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=g.bearer()) as got:
            assert got.status == 400
            assert (await got.json())["error"]["type"] == "no_prompt"


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_picture_passes_both_ways_unchanged(chunked: bool) -> None:
    out = io.BytesIO()
    Image.frombytes("RGB", (1600, 1200), os.urandom(1600 * 1200 * 3)).save(out, "PNG")
    text = base64.b64encode(out.getvalue()).decode()
    body = json.dumps({"image": text}).encode()

    async def back(request: web.Request) -> web.Response:
        return web.json_response({"info": (await request.json())["image"]})

    async def pieces() -> object:
        for start in range(0, len(body), 100_000):
            yield body[start : start + 100_000]

    async with service(back) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        door = await g.doors.open("forge-turbo")
        data = pieces() if chunked else io.BytesIO(body)
        async with g.http.post(f"{door}/sdapi/v1/png-info", data=data, headers=g.bearer()) as got:
            assert got.status == 200
            assert (await got.json())["info"] == text


async def test_compressed_answers_pass_as_they_are() -> None:
    packed = gzip.compress(b"x" * 1000)

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    async with service(answer) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        headers = {**g.bearer(), "Accept-Encoding": "gzip"}
        async with g.http.get(f"{door}/models", headers=headers) as got:
            assert got.headers["Content-Encoding"] == "gzip"
            assert await got.read() == b"x" * 1000


async def test_a_caller_that_cannot_read_compressed_answers_gets_none() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        token = g.token()
        text = f"GET /models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        got = await say(door, f"{text}Connection: close\r\n\r\n".encode())
        assert got.startswith(b"HTTP/1.1 200")
    assert "Accept-Encoding" not in upstream.seen[0].headers


async def test_events_arrive_before_the_service_has_ended_its_answer() -> None:
    seen = asyncio.Event()

    async def stream(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"data: one\n\n")
        await asyncio.wait_for(seen.wait(), BOUND)
        await response.write(b"data: two\n\n")
        return response

    async with service(stream) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        headers = {**g.bearer(), "Accept": "application/json"}
        async with g.http.get(f"{door}/models", headers=headers) as got:
            assert await asyncio.wait_for(got.content.readuntil(b"\n\n"), BOUND) == b"data: one\n\n"
            seen.set()
            assert await got.read() == b"data: two\n\n"


async def test_status_and_headers_arrive_before_the_first_byte_of_the_body() -> None:
    seen = asyncio.Event()

    async def slow(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await asyncio.wait_for(seen.wait(), BOUND)
        await response.write(b"data: late\n\n")
        return response

    async with service(slow) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=g.bearer()) as got:
            assert got.status == 200
            seen.set()
            assert await got.read() == b"data: late\n\n"


async def test_a_caller_that_goes_away_cancels_the_call_to_the_service() -> None:
    reached, ended = asyncio.Event(), asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        reached.set()
        try:
            await asyncio.wait_for(asyncio.Event().wait(), BOUND)
        finally:
            ended.set()
        return web.Response()

    async with service(endless) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        door = await g.doors.open("forge-turbo")
        call = asyncio.ensure_future(
            g.http.post(f"{door}/sdapi/v1/refresh-checkpoints", json={}, headers=g.bearer())
        )
        await asyncio.wait_for(reached.wait(), BOUND)
        call.cancel()
        await asyncio.wait_for(ended.wait(), BOUND)


async def test_an_answer_that_breaks_off_is_cut_short_for_the_caller_too() -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        response.content_length = 1_000_000
        await response.prepare(request)
        await response.write(b"x" * 1000)
        assert request.transport is not None
        request.transport.abort()
        return response

    async with service(half) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        with pytest.raises((ClientPayloadError, ClientConnectionError)):
            async with g.http.get(f"{door}/models/a", headers=g.bearer()) as got:
                await got.read()


async def test_a_service_that_is_gone_is_named_so() -> None:
    with taken_port() as port:
        gone = f"http://127.0.0.1:{port}"
    async with gateway() as g:
        g.lab.is_ready("comfyui", gone)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=g.bearer()) as got:
            assert got.status == 503
            told = await got.json()
            assert told["error"]["type"] == "service_died"
            assert told["error"]["details"]


async def test_a_service_that_hangs_up_without_a_word_is_named_so() -> None:
    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with service(hang_up) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        door = await g.doors.open("forge-turbo")
        async with g.http.post(
            f"{door}/sdapi/v1/refresh-checkpoints", json={}, headers=g.bearer()
        ) as got:
            assert got.status == 502
        assert upstream.calls == 1


async def test_a_body_that_is_announced_too_large_is_refused_before_it_is_read() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        text = (
            f"POST /upload/image HTTP/1.1\r\nHost: localhost\r\nContent-Length: "
            f"{MAX_BODY_BYTES + 1}\r\nAuthorization: Bearer {g.token()}\r\n"
            "Connection: close\r\n\r\n"
        )
        got = await say(door, text.encode())
        assert got.startswith(b"HTTP/1.1 413")
        assert b"request_too_large" in got
    assert upstream.calls == 0


async def test_a_body_that_grows_too_large_on_its_way_is_stopped() -> None:
    piece = bytes(2**20)

    async def pieces() -> object:
        for _ in range(MAX_BODY_BYTES // len(piece) + 2):
            yield piece

    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.post(f"{door}/upload/image", data=pieces(), headers=g.bearer()) as got:
            assert got.status == 413


async def test_compressed_request_bodies_are_refused() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        headers = {**g.bearer(), "Content-Encoding": "gzip"}
        data = gzip.compress(b"{}")
        async with g.http.post(f"{door}/prompt", data=data, headers=headers) as got:
            assert got.status == 400
    assert upstream.calls == 0


async def test_a_caller_that_waits_for_an_invitation_to_send_gets_it() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        door = await g.doors.open("forge-turbo")
        async with g.http.post(
            f"{door}/sdapi/v1/refresh-checkpoints", data=b"{}", headers=g.bearer(), expect100=True
        ) as got:
            assert (await got.json())["body"] == "{}"


async def test_a_head_request_tells_the_length_and_sends_no_body() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 12345, content_type="image/png")

    async with service(answer) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.head(f"{door}/models/a", headers=g.bearer()) as got:
            assert (got.status, got.headers["Content-Length"]) == (200, "12345")
            assert await got.read() == b""


async def test_a_door_takes_its_preferred_port_or_another_when_it_is_taken() -> None:
    async with gateway() as g:
        spec = g.lab.catalog["comfyui"]
        with taken_port() as port:
            moved = spec.model_copy(update={"door_port": port})
            g.lab.catalog = type(g.lab.catalog)({"comfyui": moved})
            door = await g.doors.open("comfyui")
            assert not door.endswith(f":{port}")
            (note,) = g.doors.notes()
            assert str(port) in note.message
        with taken_port() as port:
            free = spec.model_copy(update={"door_port": port, "name": "other"})
        g.lab.catalog = type(g.lab.catalog)({"other": free})
        assert await g.doors.open("other") == f"http://127.0.0.1:{port}"
        assert len(g.doors.notes()) == 1


async def test_a_door_opens_once_however_many_ask() -> None:
    async with gateway() as g:
        assert g.doors.address("comfyui") is None
        doors = await asyncio.gather(*(g.doors.open("comfyui") for _ in range(20)))
        assert len(set(doors)) == 1
        assert g.doors.address("comfyui") == doors[0]
        with pytest.raises(NotFound):
            await g.doors.open("nothing")


async def test_services_of_the_openai_dialect_share_one_door() -> None:
    async with gateway() as g:
        address = await g.doors.open_openai()
        assert address == f"{await g.doors.open('demo')}/v1" == f"{await g.doors.open('openai')}/v1"


async def test_the_root_says_which_service_stands_behind_the_door() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/", headers=g.bearer()) as got:
            assert await got.json() == {"service": "comfyui", "state": "ready"}
    assert upstream.calls == 0


async def test_a_defect_of_the_gateway_answers_500_and_tells_nothing() -> None:
    async with gateway() as g:
        door = await g.doors.open("comfyui")
        headers = g.bearer()
        g.lab.has_failed(ZeroDivisionError("inner secret"))  # type: ignore[arg-type]
        async with g.http.get(f"{door}/models", headers=headers) as got:
            assert got.status == 500
            text = await got.text()
            assert "inner secret" not in text
            assert json.loads(text)["coursia"]["code"] == "genai_error"
