"""Requests and answers made to mean one thing to a door and another to what lies behind it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientError, ClientTimeout, web
from door_harness import BOUND, Gateway, echo, gateway, service

PATIENT = ClientTimeout(total=BOUND)
PROOF = b"Host: localhost\r\nAuthorization: Bearer TOKEN\r\n"
HIDDEN = b"GET /userdata HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer TOKEN\r\n"
HIDDEN += b"Connection: close\r\n\r\n"


async def say(door: str, g: Gateway, text: bytes) -> bytes:
    """Send bytes to a door and return all that comes back until it closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(door.rpartition(":")[2]))
    try:
        writer.write(text.replace(b"TOKEN", g.token().encode()))
        with contextlib.suppress(ConnectionError):
            return await asyncio.wait_for(reader.read(), BOUND)
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


POST = b"POST /upload/image HTTP/1.1\r\n" + PROOF
AMBIGUOUS = {
    "a length and chunks": POST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "chunks and a length": POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "two lengths": POST + b"Content-Length: 0\r\nContent-Length: 90\r\n\r\n" + HIDDEN,
    "a list of lengths": POST + b"Content-Length: 0, 90\r\n\r\n" + HIDDEN,
    "a length with a sign": POST + b"Content-Length: +0\r\n\r\n" + HIDDEN,
    "a negative length": POST + b"Content-Length: -1\r\n\r\n" + HIDDEN,
    "a length in hexadecimal": POST + b"Content-Length: 0x5a\r\n\r\n" + HIDDEN,
    "an odd coding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "two codings": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunked twice": POST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "a space before the colon": POST + b"Content-Length : 90\r\n\r\n" + HIDDEN,
    "a folded length": POST + b"Content-Length:\r\n 90\r\n\r\n" + HIDDEN,
    "a folded coding": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a zero byte in a header": POST + b"X-A: a\x00b\r\n\r\n" + HIDDEN,
    "a bare return in a header": POST + b"X-A: a\rContent-Length: 90\r\n\r\n" + HIDDEN,
    "a header without a name": POST + b": a\r\n\r\n" + HIDDEN,
    "a chunk size that is no number": POST
    + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n"
    + HIDDEN,
    "a negative chunk": POST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n" + HIDDEN,
    "a chunk that is longer than it says": POST
    + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabcdef\r\n0\r\n\r\n"
    + HIDDEN,
    "a huge chunk": POST
    + b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na\r\n0\r\n\r\n"
    + HIDDEN,
    "no version": b"GET /queue\r\n" + HIDDEN,
    "an old version": b"GET /queue HTTP/0.9\r\n" + PROOF + b"\r\n" + HIDDEN,
    "a tunnel": b"CONNECT localhost:80 HTTP/1.1\r\n" + PROOF + b"\r\n" + HIDDEN,
    "an absolute address": b"GET http://localhost/queue HTTP/1.1\r\n" + PROOF + b"\r\n" + HIDDEN,
    "a star": b"OPTIONS * HTTP/1.1\r\n" + PROOF + b"\r\n" + HIDDEN,
    "a trace": b"TRACE /queue HTTP/1.1\r\n" + PROOF + b"\r\n" + HIDDEN,
}


@pytest.mark.parametrize("text", AMBIGUOUS.values(), ids=AMBIGUOUS)
async def test_no_second_request_reaches_the_service_inside_a_first(text: bytes) -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        answer = await say(door, g, text)
        assert answer.split()[1] in (b"400", b"403", b"413")
        assert b"HTTP/1.1 200" not in answer
    assert "/userdata" not in [seen.path for seen in upstream.seen]


async def test_a_second_request_in_one_connection_is_asked_for_its_own_token() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        first = b"GET /models HTTP/1.1\r\n" + PROOF + b"\r\n"
        second = b"GET /models HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        answer = await say(door, g, first + second)
        assert re.findall(rb"HTTP/1.1 (\d+)", answer) == [b"200", b"401"]
    assert upstream.calls == 1


FORGED = {
    "Cookie": "session=1; _xsrf=2",
    "X-Forwarded-For": "10.0.0.1",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Real-IP": "10.0.0.1",
    "Forwarded": "for=10.0.0.1;host=evil.example",
    "X-Original-URL": "/userdata",
    "X-Rewrite-URL": "/userdata",
    "X-HTTP-Method-Override": "DELETE",
    "Proxy-Authorization": "Basic eDp5",
    "Proxy-Connection": "keep-alive",
    "TE": "trailers",
    "Trailer": "X-Evil",
    "Via": "1.1 evil",
    "Referer": "http://evil.example/",
    "User-Agent": "evil/1.0",
    "Comfy-User": "somebody-else",
    "X-Evil": "1",
}


async def test_nothing_that_a_caller_says_of_itself_reaches_the_service() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        headers = {**g.bearer(), **FORGED, "Accept": "application/json"}
        async with g.http.get(f"{door}/models", headers=headers, timeout=PATIENT) as got:
            assert got.status == 200
    seen = upstream.seen[0].headers
    assert set(FORGED) & set(seen) == set()
    assert seen["Accept"] == "application/json"
    assert seen["Host"] == upstream.url.removeprefix("http://")


@pytest.mark.parametrize(
    "where",
    [
        {"Cookie": "token=TOKEN"},
        {"Cookie": "Authorization=Bearer TOKEN"},
        {"X-Api-Key": "TOKEN"},
        {"Proxy-Authorization": "Bearer TOKEN"},
        {"Sec-WebSocket-Protocol": "TOKEN"},
        {"Authorization": "token TOKEN"},
        {"Authorization": "TOKEN"},
        {"Authorization": "Digest TOKEN"},
    ],
)
async def test_a_token_anywhere_else_is_no_token(where: dict[str, str]) -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        headers = {name: value.replace("TOKEN", g.token()) for name, value in where.items()}
        async with g.http.get(f"{door}/models", headers=headers, timeout=PATIENT) as got:
            assert got.status == 401
            assert "WWW-Authenticate" not in got.headers
    assert upstream.calls == 0


# -- answers ---------------------------------------------------------------------------------------


@asynccontextmanager
async def raw_service(answer: bytes) -> AsyncIterator[str]:
    """Run an upstream that gives these bytes to every request and closes; give its address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        await server.wait_closed()


LEAKS = [
    "Set-Cookie: a=b",
    "WWW-Authenticate: Basic realm=x",
    "Proxy-Authenticate: Basic realm=x",
    "Authorization: Bearer credential-of-the-service",
    "X-Powered-By: ComfyUI",
    "Access-Control-Allow-Origin: *",
    "Access-Control-Allow-Credentials: true",
    "Location: http://evil.example/",
    "Content-Location: /etc",
    "Refresh: 0; url=http://evil.example/",
    "Link: <http://evil.example/>; rel=preload",
    "Clear-Site-Data: *",
    "Strict-Transport-Security: max-age=1",
    "Alt-Svc: h2=:1",
    "Service-Worker-Allowed: /",
    "Content-Security-Policy: default-src *",
    "X-Content-Type-Options: none",
    "Trailer: Set-Cookie",
    "X-Evil: 1",
]


async def test_of_a_services_headers_only_the_harmless_ones_come_back() -> None:
    lines = "\r\n".join(LEAKS)
    answer = (
        f"HTTP/1.1 200 OK\r\nServer: leaky/1.0\r\n{lines}\r\nETag: x\r\n"
        "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    ).encode()
    async with raw_service(answer) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=g.bearer(), timeout=PATIENT) as got:
            assert got.status == 200
            kept = {"Content-Security-Policy", "X-Content-Type-Options"}
            leaked = {line.partition(":")[0] for line in LEAKS} - kept
            assert leaked & set(got.headers) == set()
            assert got.headers["ETag"] == "x"
            assert "leaky" not in got.headers["Server"]
            assert got.headers.getall("Content-Security-Policy") == ["sandbox; default-src 'none'"]
            assert got.headers.getall("X-Content-Type-Options") == ["nosniff"]


BROKEN_ANSWERS = {
    "a bare return": b"HTTP/1.1 200 OK\r\nETag: a\rSet-Cookie: b=c\r\nContent-Length: 2\r\n\r\n{}",
    "a zero byte": b"HTTP/1.1 200 OK\r\nETag: a\x00b\r\nContent-Length: 2\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 9\r\n\r\n{}",
    "a length and chunks": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked"
    b"\r\n\r\n0\r\n\r\n",
    "no answer": b"",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "no status": b"HTTP/1.1\r\n\r\n",
    "another protocol": b"SSH-2.0-OpenSSH_9.0\r\n",
    "a huge header": b"HTTP/1.1 200 OK\r\nETag: " + b"a" * 100_000 + b"\r\n\r\n",
    "an early hint only": b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
}


@pytest.mark.parametrize("answer", BROKEN_ANSWERS.values(), ids=BROKEN_ANSWERS)
async def test_an_answer_that_can_be_read_in_two_ways_is_a_502(answer: bytes) -> None:
    async with raw_service(answer) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=g.bearer(), timeout=PATIENT) as got:
            assert got.status == 502
            assert "Set-Cookie" not in got.headers
            assert (await got.json())["coursia"]["code"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_neither_followed_nor_passed_on(status: int) -> None:
    async with service(echo) as elsewhere:
        answer = f"HTTP/1.1 {status} Go\r\nLocation: {elsewhere.url}/\r\nContent-Length: 0\r\n\r\n"
        async with raw_service(answer.encode()) as url, gateway() as g:
            g.lab.is_ready("comfyui", url)
            door = await g.doors.open("comfyui")
            got = await g.http.get(
                f"{door}/models",
                headers=g.bearer(),
                allow_redirects=False,
                timeout=PATIENT,
            )
            async with got:
                assert got.status == 502
                assert "Location" not in got.headers
                assert elsewhere.url not in await got.text()
    assert elsewhere.calls == 0


async def test_early_hints_are_dropped_and_the_answer_comes() -> None:
    answer = (
        b"HTTP/1.1 103 Early Hints\r\nLink: <http://evil.example/>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    )
    async with raw_service(answer) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        door = await g.doors.open("comfyui")
        said = await say(
            door, g, b"GET /models HTTP/1.1\r\nConnection: close\r\n" + PROOF + b"\r\n"
        )
        assert said.startswith(b"HTTP/1.1 200 ")
        assert b"Link" not in said


async def test_trailers_of_a_service_do_not_come_back() -> None:
    answer = (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Set-Cookie\r\n\r\n"
        b"2\r\n{}\r\n0\r\nSet-Cookie: a=b\r\n\r\n"
    )
    async with raw_service(answer) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        door = await g.doors.open("comfyui")
        said = await say(
            door, g, b"GET /models HTTP/1.1\r\nConnection: close\r\n" + PROOF + b"\r\n"
        )
        assert b"{}" in said
        assert b"Set-Cookie" not in said
        assert b"Trailer" not in said


async def test_an_answer_shorter_than_it_says_is_no_whole_one() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\nhalf"
    async with raw_service(answer) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=g.bearer(), timeout=PATIENT) as got:
            with pytest.raises(ClientError):
                await got.read()


@pytest.mark.parametrize(
    ("sent", "comes"),
    [
        ("text/html; charset=utf-8", "application/octet-stream"),
        ("TEXT/HTML", "application/octet-stream"),
        ("image/svg+xml", "application/octet-stream"),
        ("application/xhtml+xml", "application/octet-stream"),
        ("application/javascript", "application/octet-stream"),
        ("application/pdf", "application/octet-stream"),
        ("text/css", "application/octet-stream"),
        ("multipart/x-mixed-replace; boundary=a", "application/octet-stream"),
        ("image/png", "image/png"),
        ("image/webp", "image/webp"),
        ("video/mp4", "video/mp4"),
        ("application/json; charset=utf-8", "application/json"),
        ("text/plain", "text/plain"),
    ],
)
async def test_what_a_browser_would_run_comes_back_as_plain_bytes(sent: str, comes: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=b"<script>1</script>", headers={"Content-Type": sent})

    async with service(answer) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        door = await g.doors.open("forge-turbo")
        async with g.http.get(f"{door}/sdapi/v1/samplers", headers=g.bearer()) as got:
            assert got.content_type == comes
            assert got.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in got.headers["Content-Security-Policy"]


async def test_no_token_reaches_a_log_whatever_goes_wrong(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"
    async with raw_service(answer) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        door = await g.doors.open("comfyui")
        for target in ("/ws?token=TOKEN", "/queue?token=TOKEN&\x7f", "/models", "//TOKEN"):
            head = f"GET {target} HTTP/1.1\r\n".encode()
            upgrade = b"Connection: Upgrade, close\r\nUpgrade: websocket\r\n"
            await say(door, g, head + PROOF + upgrade + b"\r\n")
            await say(door, g, head + PROOF + b"Connection: close\r\n\r\n")
    assert caplog.text
    assert "cgl_" not in caplog.text
    assert "credential-of-the-service" not in caplog.text
