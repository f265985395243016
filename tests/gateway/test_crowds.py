"""Many callers, slow callers and silent ones: each meets a limit, and their neighbours do not."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import socket

import pytest
from aiohttp import ClientSession, ClientTimeout, WSMsgType, WSServerHandshakeError, web
from door_harness import BOUND, Gateway, demo_engine, echo, gateway, service, soon

from coursia_genai_lab.errors import GenAIError, TooManyRequests
from coursia_genai_lab.gateway.admission import SEATS, SEATS_OF_ONE, Admission
from coursia_genai_lab.gateway.answers import begin
from coursia_genai_lab.gateway.bodies import read_body
from coursia_genai_lab.gateway.body_room import MOST_OF_ONE, BodyRoom
from coursia_genai_lab.gateway.listener import Listener, Newcomers
from coursia_genai_lab.gateway.tokens import Grant, Tokens
from coursia_genai_lab.lab.leases import Leases

PATIENT = ClientTimeout(total=BOUND)
ORDER = {"model": "flux-1-dev", "prompt": "a fox", "size": "128x128", "seed": 1}


def neighbour(g: Gateway) -> dict[str, str]:
    """Return the header of another person's kernel."""
    lease = g.lab.leases.take("kernel", g.services, label="b.ipynb", person="bob")
    return g.bearer(lease_id=lease.id, person="bob")


async def picture_comes(g: Gateway, headers: dict[str, str]) -> None:
    url = f"{await g.doors.open_openai()}/images/generations"
    async with g.http.post(url, json=ORDER, headers=headers, timeout=PATIENT) as got:
        assert got.status == 200
        assert (await got.json())["data"][0]["b64_json"]


# -- seats -----------------------------------------------------------------------------------------


async def test_a_hundred_sockets_of_one_token_leave_room_for_the_neighbours() -> None:
    async with demo_engine() as url, gateway() as g, contextlib.AsyncExitStack() as opened:
        g.lab.is_ready("comfyui", url)
        door, mine, theirs = await g.doors.open("comfyui"), g.bearer(), neighbour(g)
        refused: list[int] = []
        for number in range(100):
            try:
                await opened.enter_async_context(
                    g.http.ws_connect(f"{door}/ws?clientId=c{number}", headers=mine)
                )
            except WSServerHandshakeError as error:
                refused.append(error.status)
        assert refused == [429] * (100 - SEATS["socket"])
        async with g.http.ws_connect(f"{door}/ws?clientId=b", headers=theirs) as socket_:
            assert (await socket_.receive(timeout=BOUND)).type is WSMsgType.TEXT
        await picture_comes(g, theirs)


def granted(leases: Leases, tokens: Tokens, person: str) -> Grant:
    lease = leases.take("kernel", ["comfyui"], label="a", person=person)
    made = tokens.mint(lease.id, person=person, services=["comfyui"], kernel_id=lease.id)
    return tokens.check(made.reveal())


def test_many_kernels_of_one_person_do_not_add_up_to_everybodys_seats() -> None:
    leases = Leases()
    tokens = Tokens(leases)
    admission = Admission(tokens)
    with contextlib.ExitStack() as taken:
        for _ in range(SEATS_OF_ONE["socket"]):
            taken.enter_context(admission.seat(granted(leases, tokens, "ada"), "socket"))
        with (
            pytest.raises(TooManyRequests, match="this person"),
            admission.seat(granted(leases, tokens, "ada"), "socket"),
        ):
            pass
        with admission.seat(granted(leases, tokens, "bob"), "socket"):
            pass
    with admission.seat(granted(leases, tokens, "ada"), "socket"):
        pass


def test_bytes_in_memory_count_per_person_and_are_given_back() -> None:
    room = BodyRoom()
    room.take("ada", MOST_OF_ONE)
    with pytest.raises(TooManyRequests) as refused:
        room.take("ada", 1)
    assert refused.value.error_code == "too_many_bytes"
    room.take("bob", MOST_OF_ONE)


async def test_large_bodies_of_one_person_are_refused_before_they_fill_the_memory() -> None:
    """Eight uploads of 40 MB would be 320 MB of one person; each alone is fine."""
    leases = Leases()
    tokens = Tokens(leases)
    admission = Admission(tokens)
    ada, bob = granted(leases, tokens, "ada"), granted(leases, tokens, "bob")
    full, release = asyncio.Event(), asyncio.Event()
    codes: list[str] = []
    waiting = 0

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        nonlocal waiting
        grant = bob if request.path == "/bob" else ada
        try:
            with admission.bound_to(grant):
                await read_body(request, 100 * 2**20)
                if grant is bob:
                    return web.Response()
                waiting += 1
                await asyncio.wait_for(release.wait(), BOUND)
        except TooManyRequests as error:
            codes.append(error.error_code)
            full.set()
            return web.Response(status=error.status)
        return web.Response()

    listener = Listener(handle)
    port = await listener.open()
    body = bytes(40 * 2**20)
    async with ClientSession(timeout=PATIENT) as http:

        async def post(path: str = "/ada") -> int:
            async with http.post(f"http://127.0.0.1:{port}{path}", data=io.BytesIO(body)) as got:
                return got.status

        calls = [asyncio.ensure_future(post()) for _ in range(8)]
        await asyncio.wait_for(full.wait(), BOUND)
        assert await post("/bob") == 200
        await soon(lambda: waiting + len(codes) == 8)
        release.set()
        statuses = await asyncio.gather(*calls)
        assert statuses.count(200) <= MOST_OF_ONE // len(body)
        assert set(statuses) == {200, 429}
        assert await post() == 200
    assert set(codes) == {"too_many_bytes"}
    await listener.close()


async def test_a_thousand_bad_tokens_do_not_keep_a_neighbours_picture_away() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        g.lab.is_ready("demo", url)
        openai = await g.doors.open_openai()
        bad = {"Authorization": "Bearer cgl_" + "A" * 43}
        statuses: list[int] = []

        async def attack(http: ClientSession) -> None:
            for _ in range(100):
                async with http.post(
                    f"{openai}/images/generations", json=ORDER, headers=bad
                ) as got:
                    statuses.append(got.status)

        async with ClientSession(timeout=PATIENT) as http:
            attacks = [asyncio.ensure_future(attack(http)) for _ in range(10)]
            await picture_comes(g, neighbour(g))
            await asyncio.gather(*attacks)
        assert len(statuses) == 1000
        assert set(statuses) == {401, 429}
        await picture_comes(g, g.bearer())


# -- slow and silent callers -----------------------------------------------------------------------


async def outcome_of(body: list[bytes], **limits: float) -> str:
    """Send a body in pieces, each once the last was taken; return the code of its refusal."""
    told: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            await read_body(request, 2**20, **limits)
            told.set_result("read")
        except GenAIError as error:
            told.set_result(error.error_code)
        return web.Response()

    listener = Listener(handle)
    port = await listener.open()
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    size = sum(map(len, body))
    writer.write(f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n\r\n".encode())

    async def trickle() -> None:
        for piece in body:
            writer.write(piece)
            await asyncio.sleep(0.05)

    sending = asyncio.ensure_future(trickle())
    try:
        return await asyncio.wait_for(told, BOUND)
    finally:
        sending.cancel()
        writer.close()
        await listener.close()


async def test_a_body_that_trickles_is_given_up_though_it_never_stops() -> None:
    trickling = [b"x"] * 100_000
    assert await outcome_of(trickling, silence_seconds=BOUND, grace_seconds=0.3) == "body_cut_short"


async def test_a_body_that_comes_in_pieces_but_steadily_is_read() -> None:
    steady = [bytes(16 * 2**10)] * 10
    assert await outcome_of(steady, silence_seconds=BOUND, grace_seconds=BOUND) == "read"


async def test_a_slow_upload_holds_up_nobody() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        door = await g.doors.open_openai()
        port = int(door.removesuffix("/v1").rpartition(":")[2])
        head = (
            "POST /v1/images/edits HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
            f"multipart/form-data; boundary=b\r\nAuthorization: Bearer {g.token()}\r\n"
            "Content-Length: 30000000\r\n\r\n-"
        ).encode()
        slow = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
        try:
            for _, writer in slow:
                writer.write(head)
                await writer.drain()
            await picture_comes(g, neighbour(g))
        finally:
            for _, writer in slow:
                writer.close()


async def test_an_answer_that_nobody_reads_is_cut_off() -> None:
    ended: asyncio.Future[type[BaseException]] = asyncio.get_running_loop().create_future()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        try:
            await begin(response, request, unread_seconds=0.2)
            while True:
                await response.write(bytes(2**20))
        except BaseException as error:
            ended.set_result(type(error))
            raise

    listener = Listener(handle)
    port = await listener.open()
    # A small window, or the kernel would take megabytes for the reader that does not read.
    reader = socket.socket()
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.setblocking(False)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(reader, ("127.0.0.1", port))
        await loop.sock_sendall(reader, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        error = await asyncio.wait_for(ended, BOUND)
        assert issubclass(error, (ConnectionError, asyncio.CancelledError))
    finally:
        reader.close()
        await listener.close()


async def test_a_connection_that_asks_nothing_is_closed() -> None:
    listener = Listener(echo_nothing, Newcomers(seconds=0.1))
    port = await listener.open()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: loc")
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(reader.read(), BOUND) == b""
    writer.close()
    await listener.close()


async def test_the_oldest_silent_connection_gives_way_and_the_asking_ones_stay() -> None:
    listener = Listener(echo_nothing, Newcomers(most=5))
    port = await listener.open()
    async with ClientSession(timeout=PATIENT) as http:
        kept = f"http://127.0.0.1:{port}/"
        async with http.get(kept) as got:
            assert got.status == 200
        silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(40)]
        async with http.get(kept) as got:
            assert got.status == 200
        first, _ = silent[0]
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(first.read(), BOUND) == b""
        assert not silent[-1][0].at_eof()
        for _, writer in silent:
            writer.close()
    await listener.close()


async def echo_nothing(request: web.BaseRequest) -> web.StreamResponse:
    return web.Response()


# -- large heads -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "more",
    [
        pytest.param("X-Long: " + "a" * 100_000 + "\r\n", id="one long header"),
        pytest.param("".join(f"X-{n}: a\r\n" for n in range(10_000)), id="ten thousand headers"),
    ],
)
async def test_a_huge_head_is_refused_and_the_door_goes_on(more: str) -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        reader, writer = await asyncio.open_connection("127.0.0.1", int(door.rpartition(":")[2]))
        head = f"GET /models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {g.token()}\r\n"
        with contextlib.suppress(ConnectionError):
            writer.write(f"{head}{more}\r\n".encode())
            await writer.drain()
            said = await asyncio.wait_for(reader.read(4096), BOUND)
            assert said.split()[1:2] in ([b"400"], [b"431"], [])
        writer.close()
        assert upstream.calls == 0
        async with g.http.get(f"{door}/models", headers=g.bearer()) as got:
            assert got.status == 200


async def test_thousands_of_query_parameters_are_too_long_an_address() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        query = "&".join(f"a{n}=1" for n in range(5_000))
        async with g.http.get(f"{door}/models?{query}", headers=g.bearer()) as got:
            assert got.status == 400
        query = "&".join("a=1" for n in range(1_500))
        async with g.http.get(f"{door}/models?{query}", headers=g.bearer()) as got:
            assert got.status == 200
    assert upstream.calls == 1


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "br"])
async def test_a_compressed_body_is_refused_for_nobody_knows_its_size(encoding: str) -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        headers = {**g.bearer(), "Content-Encoding": encoding, "Content-Type": "application/json"}
        for url in (
            f"{await g.doors.open('comfyui')}/prompt",
            f"{await g.doors.open_openai()}/images/generations",
        ):
            async with g.http.post(
                url, data=json.dumps(ORDER).encode(), headers=headers, compress=False
            ) as got:
                assert got.status == 400
                assert "bad_encoding" in await got.text()
    assert upstream.calls == 0


async def test_the_announced_length_is_refused_before_a_byte_of_it_is_read() -> None:
    async with gateway() as g:
        door = await g.doors.open_openai()
        port = int(door.removesuffix("/v1").rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            f"POST /v1/images/generations HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
            f"{g.token()}\r\nContent-Length: 999999999999\r\n\r\n".encode()
        )
        assert b" 413 " in await asyncio.wait_for(reader.readuntil(b"\r\n"), BOUND)
        writer.close()
