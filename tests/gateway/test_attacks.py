from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError, web
from door_harness import BOUND, Gateway, echo, gateway, say, service

from coursia_genai_lab.gateway.admission import BAD_TOKENS, SEATS

# (headers, status, code): the caller has a good token unless the headers bring another.
REFUSED: list[tuple[dict[str, str], int, str]] = [
    ({"Host": "evil.example"}, 403, "foreign_host"),
    ({"Host": "127.0.0.1.evil.example:8188"}, 403, "foreign_host"),
    ({"Host": "localhost:8188@evil.example"}, 403, "foreign_host"),
    ({"Host": "192.168.1.7:8188"}, 403, "foreign_host"),
    ({"Host": "0.0.0.0"}, 403, "foreign_host"),
    ({"Host": ""}, 403, "foreign_host"),
    ({"Origin": "http://evil.example"}, 403, "foreign_origin"),
    ({"Origin": "null"}, 403, "foreign_origin"),
    ({"Origin": "http://127.0.0.1:8888"}, 403, "foreign_origin"),
    ({"Sec-Fetch-Site": "cross-site"}, 403, "cross_site"),
    ({"Sec-Fetch-Site": "same-site"}, 403, "cross_site"),
    ({"Authorization": ""}, 401, "token_missing"),
    ({"Authorization": "Bearer"}, 401, "token_missing"),
    ({"Authorization": "Bearer cgl_" + "A" * 43}, 401, "token_refused"),
    ({"Authorization": "token 0123456789abcdef"}, 401, "token_missing"),
    ({"Authorization": "Basic !!!"}, 401, "token_missing"),
    ({"Authorization": "Basic " + base64.b64encode(b"genai:wrong").decode()}, 401, "token_refused"),
]


@pytest.mark.parametrize(("headers", "status", "code"), REFUSED)
async def test_the_door_refuses_in_the_words_of_its_dialect(
    headers: dict[str, str], status: int, code: str
) -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        sent = {**g.bearer(), **headers}
        async with g.http.get(f"{door}/system_stats", headers=sent) as got:
            told = await got.json()
            assert (got.status, told["error"]["type"]) == (status, code)
            assert told["error"]["message"]
            assert told["error"]["details"]
            assert told["coursia"]["code"] == code
            assert "WWW-Authenticate" not in got.headers
            assert "Set-Cookie" not in got.headers
            assert "Access-Control-Allow-Origin" not in got.headers
    assert upstream.calls == 0


async def test_the_webui_door_and_the_openai_door_word_it_as_their_clients_expect() -> None:
    async with gateway() as g:
        forge = await g.doors.open("forge-turbo")
        async with g.http.post(f"{forge}/sdapi/v1/txt2img", json={}) as got:
            told = await got.json()
            assert got.status == 401
            assert told["error"] == "token_missing"
            assert "GenAI" in told["detail"]
            assert "WWW-Authenticate" not in got.headers
        openai = await g.doors.open_openai()
        async with g.http.post(f"{openai}/images/generations", json={}) as got:
            told = await got.json()
            assert got.status == 401
            assert got.headers["x-should-retry"] == "false"
            assert told["error"]["code"] == "token_missing"
            assert told["error"]["type"] == "authentication_error"
            assert told["error"]["remedy"] in told["error"]["message"]


async def test_a_basic_password_is_as_good_as_a_bearer_token() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        door = await g.doors.open("forge-turbo")
        pair = base64.b64encode(f"anybody:{g.token()}".encode()).decode()
        headers = {"Authorization": f"Basic {pair}"}
        async with g.http.get(f"{door}/sdapi/v1/options", headers=headers) as got:
            assert got.status == 200


async def test_a_token_in_the_address_opens_no_http_and_is_not_passed_on() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models?token={g.token()}") as got:
            assert got.status == 401
        assert upstream.calls == 0
        address = f"{door}/models?tok%65n=x&a=1&token=y"
        async with g.http.get(address, headers=g.bearer()) as got:
            assert (await got.json())["target"] == "/models?a=1"


async def test_a_token_of_another_service_does_not_open_the_door() -> None:
    async with gateway() as g:
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=g.bearer("forge-turbo")) as got:
            assert got.status == 403
            assert (await got.json())["coursia"]["code"] == "service_not_granted"
        assert g.lab.starts == 0


async def test_a_token_is_of_no_use_after_its_kernel_ended() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        headers = g.bearer()
        async with g.http.get(f"{door}/models", headers=headers) as got:
            assert got.status == 200
        g.lab.leases.drop(g.lease_id)
        async with g.http.get(f"{door}/models", headers=headers) as got:
            assert got.status == 401
        assert upstream.calls == 1


async def test_mode_off_ends_live_tokens() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door, openai = await g.doors.open("comfyui"), await g.doors.open_openai()
        headers = g.bearer()
        g.lab.switch("off")
        for address in (f"{door}/models", f"{openai}/models", f"{openai}/coursia/status"):
            async with g.http.get(address, headers=headers) as got:
                assert got.status == 403
                assert "mode_off" in await got.text()
    assert upstream.calls == 0


async def test_a_notebook_that_narrowed_itself_to_off_is_refused_though_the_server_is_on() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models", headers=g.bearer(mode="off")) as got:
            assert got.status == 403


async def test_open_doors_let_local_programs_in_and_foreign_pages_not() -> None:
    async with service(echo) as upstream, gateway(open_doors=True) as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.get(f"{door}/models") as got:
            assert got.status == 200
        for headers in (
            {"Origin": "http://evil.example"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Host": "evil.example"},
        ):
            async with g.http.get(f"{door}/models", headers=headers) as got:
                assert got.status == 403
        wrong = {"Authorization": "Bearer cgl_" + "A" * 43}
        async with g.http.get(f"{door}/models", headers=wrong) as got:
            assert got.status == 401


async def test_many_bad_tokens_are_answered_shortly_and_a_good_one_still_passes() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        bad = {"Authorization": "Bearer cgl_" + "A" * 43}
        statuses = []
        for _ in range(BAD_TOKENS + 1):
            async with g.http.get(f"{door}/models", headers=bad) as got:
                statuses.append(got.status)
        assert statuses == [401] * BAD_TOKENS + [429]
        async with g.http.get(f"{door}/models", headers=g.bearer()) as got:
            assert got.status == 200


async def test_one_kernel_cannot_take_every_seat() -> None:
    reached, release = asyncio.Semaphore(0), asyncio.Event()

    async def wait(request: web.Request) -> web.Response:
        reached.release()
        await asyncio.wait_for(release.wait(), BOUND)
        return web.json_response({})

    async def ask(g: Gateway, door: str, headers: dict[str, str]) -> int:
        async with g.http.get(f"{door}/models", headers=headers) as got:
            return got.status

    async with service(wait) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        headers = g.bearer()
        calls = [asyncio.ensure_future(ask(g, door, headers)) for _ in range(SEATS["request"])]
        for _ in calls:
            await asyncio.wait_for(reached.acquire(), BOUND)
        assert await ask(g, door, headers) == 429
        other = g.lab.leases.take("kernel", ["comfyui"], label="b", person="bob").id
        second = asyncio.ensure_future(ask(g, door, g.bearer(lease_id=other)))
        await asyncio.wait_for(reached.acquire(), BOUND)
        release.set()
        assert set(await asyncio.gather(*calls, second)) == {200}
        assert await ask(g, door, headers) == 200


RAW: list[tuple[str, bytes]] = [
    ("an absolute address", b"GET http://evil.example/queue HTTP/1.1\r\nHost: localhost\r\n"),
    ("two hosts", b"GET /queue HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n"),
    ("no host", b"GET /queue HTTP/1.1\r\n"),
    ("a tunnel", b"CONNECT evil.example:443 HTTP/1.1\r\nHost: localhost\r\n"),
    (
        "two lengths",
        b"POST /prompt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n",
    ),
    (
        "a length and chunks",
        (
            b"POST /prompt HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n"
            b"Transfer-Encoding: chunked\r\n"
        ),
    ),
    ("a folded header", b"GET /queue HTTP/1.1\r\nHost: localhost\r\nAccept: a\r\n b: c\r\n"),
    ("a bare return", b"GET /queue HTTP/1.1\r\nHost: localhost\r\nAccept: a\rX-Evil: 1\r\n"),
]


@pytest.mark.parametrize(("what", "head"), RAW, ids=[what for what, _ in RAW])
async def test_a_request_that_can_be_read_in_two_ways_is_refused(what: str, head: bytes) -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        token = f"Authorization: Bearer {g.token()}\r\nConnection: close\r\n\r\n".encode()
        got = await say(door, head + token)
        assert got.split()[1:2] in ([b"400"], [b"403"])
    assert upstream.calls == 0


async def test_two_authorization_headers_are_refused() -> None:
    async with gateway() as g:
        door = await g.doors.open("comfyui")
        lines = f"Authorization: Bearer {g.token()}\r\n" * 2
        text = f"GET /models HTTP/1.1\r\nHost: localhost\r\n{lines}Connection: close\r\n\r\n"
        assert b" 401 " in await say(door, text.encode())


async def test_headers_that_the_caller_calls_its_own_hop_are_not_passed_on() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        text = (
            f"GET /models HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {g.token()}\r\n"
            "X-Evil: 1\r\nConnection: close, authorization\r\n\r\n"
        )
        assert b" 200 " in await say(door, text.encode())
    assert "X-Evil" not in upstream.seen[0].headers
    assert "Authorization" in upstream.seen[0].headers


TRICKS = [
    "/queue/../userdata/x",
    "/./userdata",
    "//userdata",
    "/api//userdata",
    "/history/%2e%2e/userdata",
    "/models/..%2fuserdata",
    "/models/..%5cuserdata",
    "/view%00",
    "/\\evil",
]


@pytest.mark.parametrize("path", TRICKS)
async def test_a_path_that_can_be_read_in_two_ways_is_refused(path: str) -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        text = (
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {g.token()}\r\n"
            "Connection: close\r\n\r\n"
        )
        assert (await say(door, text.encode())).split()[1] in (b"400", b"403")
    assert upstream.calls == 0


SHUT = [
    ("GET", "/userdata"),
    ("POST", "/userdata/foo.js"),
    ("GET", "/settings"),
    ("POST", "/settings"),
    ("GET", "/users"),
    ("GET", "/internal/logs"),
    ("GET", "/internal/folder_paths"),
    ("GET", "/manager/version"),
    ("POST", "/manager/queue/install"),
    ("GET", "/customnode/getlist"),
    ("GET", "/extensions"),
    ("GET", "/index.html"),
    ("DELETE", "/history"),
    ("PUT", "/prompt"),
    ("OPTIONS", "/prompt"),
]


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize(("method", "path"), SHUT)
async def test_routes_that_are_not_for_pictures_stay_shut(
    method: str, path: str, prefix: str
) -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.request(method, f"{door}{prefix}{path}", headers=g.bearer()) as got:
            assert got.status == 403
            assert (await got.json())["coursia"]["code"] == "route_refused"
    assert upstream.calls == 0


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/sdapi/v1/cmd-flags"),
        ("POST", "/sdapi/v1/server-stop"),
        ("GET", "/internal/sysinfo"),
        ("GET", "/docs"),
        ("GET", "/file=/etc/passwd"),
        ("POST", "/run/predict"),
    ],
)
async def test_the_webui_door_keeps_its_passwords_and_pages_shut(method: str, path: str) -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        door = await g.doors.open("forge-turbo")
        async with g.http.request(method, f"{door}{path}", headers=g.bearer()) as got:
            assert got.status == 403
    assert upstream.calls == 0


CLEARS: list[tuple[str, Any]] = [
    ("/queue", {"clear": True}),
    ("/queue", {"clear": True, "delete": []}),
    ("/history", {"clear": True}),
]


@pytest.mark.parametrize("prefix", ["", "/api"])
@pytest.mark.parametrize(("path", "body"), CLEARS)
async def test_nobody_clears_what_belongs_to_others(path: str, body: Any, prefix: str) -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.post(f"{door}{prefix}{path}", json=body, headers=g.bearer()) as got:
            assert got.status == 403
    assert upstream.calls == 0


async def test_an_interrupt_that_is_no_json_is_not_taken_for_a_bare_one() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        async with g.http.post(f"{door}/interrupt", data=b"{", headers=g.bearer()) as got:
            assert got.status == 400
    assert upstream.calls == 0


async def test_the_webuis_current_job_is_stopped_by_its_owner_only() -> None:
    started, release = asyncio.Event(), asyncio.Event()

    async def answer(request: web.Request) -> web.Response:
        if request.path.endswith("txt2img"):
            started.set()
            await asyncio.wait_for(release.wait(), BOUND)
        return web.json_response({"active": True})

    async with service(answer) as upstream, gateway() as g:
        g.lab.is_ready("forge-turbo", upstream.url)
        door = await g.doors.open("forge-turbo")
        mine, theirs = g.bearer(person="ada"), g.bearer(person="bob")

        async def post(name: str, headers: dict[str, str], body: Any) -> int:
            async with g.http.post(f"{door}/sdapi/v1/{name}", json=body, headers=headers) as got:
                return got.status

        job = asyncio.ensure_future(post("txt2img", mine, {}))
        await asyncio.wait_for(started.wait(), BOUND)
        assert await post("interrupt", theirs, {}) == 403
        assert await post("interrupt", mine, {}) == 200
        release.set()
        assert await job == 200
        assert await post("options", mine, {"samples_save": True}) == 403


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "evil"}],
)
async def test_a_socket_needs_a_token_and_a_caller_of_this_machine(
    headers: dict[str, str],
) -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        token = f"?token={g.token()}" if headers else ""
        with pytest.raises(WSServerHandshakeError) as refused:
            await g.http.ws_connect(f"{door}/ws{token}", headers=headers)
        assert refused.value.status == (403 if headers else 401)
    assert upstream.calls == 0


async def test_an_upgrade_of_another_address_is_refused() -> None:
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        door = await g.doors.open("comfyui")
        with pytest.raises(WSServerHandshakeError) as refused:
            await g.http.ws_connect(f"{door}/models", headers=g.bearer())
        assert refused.value.status == 403
        async with g.http.get(f"{door}/ws", headers=g.bearer()) as got:
            assert got.status == 403
    assert upstream.calls == 0
