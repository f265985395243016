"""Sockets of a ComfyUI door: everybody hears of their own jobs, in ComfyUI's own words."""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import pytest
from aiohttp import ClientWSTimeout, WSMsgType
from comfyui_caller import Caller, graph
from door_harness import BOUND, demo_engine, gateway, service, soon
from odd_comfyui import OddComfyUI

from coursia_genai_lab.errors import ServiceDied
from coursia_genai_lab.gateway.comfyui_audience import (
    MOST_UNREAD_BYTES,
    PASSED_OVER,
    Audience,
    Listener,
)
from coursia_genai_lab.gateway.own_jobs import RawJob

KINDS = {
    *("execution_start", "execution_cached", "progress_state", "executing", "progress"),
    *("executed", "execution_success"),
}


async def test_two_people_with_one_client_id_hear_of_their_own_jobs_only() -> None:
    async with demo_engine(preview_method="auto") as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada, ben = await Caller.make(g, "ada"), await Caller.make(g, "ben")
        async with ada.listen("same", metadata=True) as hers, ben.listen("same") as his:
            _, first = await ada.post(graph(3, 1), client_id="same")
            _, second = await ben.post(graph(3, 2), client_id="same")
            await hers.until_over(first["prompt_id"])
            await his.until_over(second["prompt_id"])
            assert hers.jobs() == {first["prompt_id"]}
            assert his.jobs() == {second["prompt_id"]}
            for ear in (hers, his):
                assert {one["type"] for one in ear.messages} >= KINDS
            assert {struct.unpack(">I", one[:4])[0] for one in hers.frames} == {4}
            assert {struct.unpack(">II", one[:8]) for one in his.frames} == {(1, 1)}
            assert all(one[8:11] == b"\xff\xd8\xff" for one in his.frames)


async def test_pictures_that_come_by_the_socket_alone_reach_only_their_owner() -> None:
    async with demo_engine(preview_method="auto") as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada, ben = await Caller.make(g, "ada"), await Caller.make(g, "ben")
        async with ada.listen("a") as hers, ben.listen("b") as his:
            sent = graph(2, batch=2, saves="SaveImageWebsocket")
            _, job = await ada.post(sent, client_id="a")
            await hers.until_over(job["prompt_id"])
            pictures = [one[8:] for one in hers.frames if one[:8] == struct.pack(">II", 1, 2)]
            assert len(pictures) == 2
            assert all(one.startswith(b"\x89PNG") for one in pictures)
            _, other = await ben.post(graph(1), client_id="b")
            await his.until_over(other["prompt_id"])
            assert his.jobs() == {other["prompt_id"]}
            assert not any(one[8:].startswith(b"\x89PNG") for one in his.frames)


async def test_the_order_of_messages_is_that_of_comfyui() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            assert ear.messages[0]["data"]["sid"] == "a"
            _, job = await ada.post(graph(1), client_id="a")
            await ear.until_over(job["prompt_id"])
            kinds = [one["type"] for one in ear.messages]
            assert kinds[:3] == ["status", "status", "execution_start"]
            assert kinds[-3:] == ["execution_success", "status", "executing"]
            assert ear.remaining() == [0, 1, 0]
            shown = await ada.history(job["prompt_id"])
            assert shown is not None
            assert shown["status"]["completed"]


async def test_counts_are_of_everybody_and_change_with_the_line() -> None:
    async with demo_engine(seconds_per_step=0.05) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada, ben = await Caller.make(g, "ada"), await Caller.make(g, "ben")
        async with ben.listen("b") as his:
            for seed in range(3):
                await ada.post(graph(2, seed), client_id="a")
            await his.until(lambda ear: ear.remaining()[-1:] == [0] and len(ear.messages) > 6)
            assert his.remaining() == [0, 1, 2, 3, 2, 1, 0]
            assert his.jobs() == set()


async def test_of_a_job_without_client_id_its_owner_alone_hears_what_comfyui_tells_all() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada, ben = await Caller.make(g, "ada"), await Caller.make(g, "ben")
        async with ada.listen("one") as hers, ada.listen("two") as also, ben.listen("b") as his:
            _, job = await ada.post(graph(1))
            await ada.ended(job["prompt_id"])
            for ear in (hers, also, his):
                await ear.until(lambda ear: ear.remaining()[-2:] == [1, 0])
            for ear in (hers, also):
                assert {one["type"] for one in ear.messages} == {"status", "progress_state"}
                assert ear.jobs() == {job["prompt_id"]}
            assert {one["type"] for one in his.messages} == {"status"}


async def test_a_later_socket_of_the_same_id_takes_over_and_keeps_hearing() -> None:
    async with demo_engine(seconds_per_step=0.1) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as first:
            _, job = await ada.post(graph(20), client_id="a")
            await first.until(lambda ear: bool(ear.told("progress")))
            async with ada.listen("a") as second:
                await second.until(lambda ear: bool(ear.told("executing")))
                # ComfyUI replays nothing but the node that works.
                assert second.told("executing")[0]["node"] == "3"
                assert second.told("execution_start") == []
                await first.socket.close()
                await second.until_over(job["prompt_id"])
                assert second.told("execution_success")


async def test_a_connection_that_breaks_ends_no_job_and_misses_what_was_told() -> None:
    async with demo_engine(seconds_per_step=0.05) as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            _, job = await ada.post(graph(10), client_id="a")
            await ear.until(lambda ear: bool(ear.told("progress")))
        assert (await ada.ended(job["prompt_id"]))["status"]["completed"]


async def test_the_engine_knows_neither_client_ids_nor_sockets_of_callers() -> None:
    async with OddComfyUI.run() as odd, gateway() as g:
        g.lab.is_ready("comfyui", odd.url)
        ada = await Caller.make(g, "ada")
        async with ada.listen("of-ada") as ear:
            _, job = await ada.post({"1": {"class_type": "X"}}, client_id="of-ada")
            await ear.until_over(job["prompt_id"])
    (posted,) = odd.posts
    assert posted["client_id"] not in ("of-ada", None)
    assert odd.clients == [posted["client_id"]]
    assert odd.first_words == [
        {"type": "feature_flags", "data": {"supports_preview_metadata": True}}
    ]


async def test_what_names_no_job_of_the_caller_is_told_to_nobody() -> None:
    async def gossip(odd: OddComfyUI, post: dict[str, Any]) -> None:
        await odd.say("crystools.monitor", {"cpu": 3})
        await odd.say("executed", {"prompt_id": "of-somebody", "output": {"text": "secret"}})
        await odd.show(struct.pack(">II", 1, 1) + b"\xff\xd8\xffof nobody knows whom")
        await odd.work(post)

    async with OddComfyUI.run(gossip) as odd, gateway() as g:
        g.lab.is_ready("comfyui", odd.url)
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            _, job = await ada.post({"1": {"class_type": "X"}}, client_id="a")
            await ear.until_over(job["prompt_id"])
            assert ear.jobs() == {job["prompt_id"]}
            assert "crystools.monitor" not in {one["type"] for one in ear.messages}
            assert ear.frames == []


async def test_a_frame_of_48_megabytes_passes_whole() -> None:
    picture = b"\x89PNG" + bytes(range(256)) * 4096 * 48

    async def send(odd: OddComfyUI, post: dict[str, Any]) -> None:
        await odd.say("execution_start", {"prompt_id": post["prompt_id"]})
        await odd.show(struct.pack(">II", 1, 2) + picture)
        await odd.work(post)

    async with OddComfyUI.run(send) as odd, gateway() as g:
        g.lab.is_ready("comfyui", odd.url)
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            _, job = await ada.post({"1": {"class_type": "X"}}, client_id="a")
            await ear.until_over(job["prompt_id"])
            (frame,) = ear.frames
            assert frame[8:] == picture


async def test_who_does_not_read_is_cut_and_keeps_nobody_waiting() -> None:
    picture = struct.pack(">II", 1, 2) + b"\x89PNG" + bytes(2**22)

    async def flood(odd: OddComfyUI, post: dict[str, Any]) -> None:
        await odd.say("execution_start", {"prompt_id": post["prompt_id"]})
        for _ in range(MOST_UNREAD_BYTES // 2**22 + 2):
            await odd.show(picture)
        await odd.work(post)

    async with OddComfyUI.run(flood) as odd, gateway() as g:
        g.lab.is_ready("comfyui", odd.url)
        ada, ben = await Caller.make(g, "ada"), await Caller.make(g, "ben")
        async with ada.listen("a") as deaf, ben.listen("b") as his:
            _, job = await ada.post({"1": {"class_type": "X"}}, client_id="a")
            await ada.ended(job["prompt_id"])
            _, other = await ben.post({"1": {"class_type": "X"}}, client_id="c")
            await ben.ended(other["prompt_id"])
            await his.until(lambda ear: ear.remaining()[-1:] == [0] and len(ear.messages) > 4)
            code, _ = await deaf.until_closed()
            assert code in (None, 1006)


def listener() -> Listener:
    return Listener("ada", "a", lambda: 0)


async def test_who_is_behind_hears_no_more_steps_but_everything_else() -> None:
    audience, job = Audience(), RawJob("ada", "comfyui", "comfyui", "lease", {}, client_id="a")
    slow = listener()
    audience.join(slow, None, None)
    for _ in range(PASSED_OVER + 500):
        audience.hear(job, "progress", "x")
    audience.hear(job, "executed", "y")
    assert slow.unread_bytes < PASSED_OVER + 100 + len('{"type": "status"}') * 20
    assert not slow.cut.is_set()
    audience.see(
        job, struct.pack(">II", 1, 2) + b"\x89PNG" + bytes(MOST_UNREAD_BYTES), passing=False
    )
    assert slow.cut.is_set()
    assert slow.unread_bytes == 0


async def test_flags_count_as_the_first_word_only() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            await ear.socket.send_str("nonsense")
            await ear.socket.send_json({"type": "feature_flags", "data": {}})
            _, job = await ada.post(graph(1), client_id="a")
            await ear.until_over(job["prompt_id"])
            assert ear.told("feature_flags") == []


async def test_a_token_in_the_address_opens_a_socket() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        door = await g.doors.open("comfyui")
        address = f"{door}/ws?clientId=a&token={g.token()}"
        async with g.http.ws_connect(address) as socket:
            first = await socket.receive_json(timeout=BOUND)
            assert (first["type"], first["data"]["sid"]) == ("status", "a")


async def test_a_socket_without_client_id_is_given_one() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        async with ada.listen() as one, ada.listen() as two:
            ids = [ear.told("status")[0]["sid"] for ear in (one, two)]
            assert all(ids)
            assert ids[0] != ids[1]
            _, job = await ada.post(graph(1), client_id=ids[0])
            await one.until_over(job["prompt_id"])


async def test_a_ping_is_answered() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        door = await g.doors.open("comfyui")
        async with g.http.ws_connect(
            f"{door}/ws?clientId=a", headers=g.bearer(), autoping=False
        ) as socket:
            await socket.receive_json(timeout=BOUND)
            await socket.ping(b"are you there")
            message = await socket.receive(timeout=BOUND)
            assert (message.type, message.data) == (WSMsgType.PONG, b"are you there")


async def test_a_start_that_fails_closes_the_waiting_socket_with_the_reason() -> None:
    async with gateway() as g:
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            g.lab.has_failed(ServiceDied("It ended with status 1."))
            assert await ear.until_closed() == (1011, "It ended with status 1.")


async def test_a_socket_opened_during_a_start_hears_of_the_job_that_was_held() -> None:
    async with demo_engine() as url, gateway() as g:
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            posting = asyncio.ensure_future(ada.post(graph(1), client_id="a"))
            g.lab.is_ready("comfyui", url)
            status, job = await asyncio.wait_for(posting, BOUND)
            assert status == 200
            await ear.until_over(job["prompt_id"])
            assert ear.told("execution_start")


@pytest.mark.parametrize("end", ["off", "lease"])
async def test_an_open_socket_ends_soon_after_its_right_has_ended(end: str) -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            if end == "off":
                g.lab.switch("off")
            else:
                g.lab.leases.drop(ada.lease_id)
            code, reason = await ear.until_closed()
            assert code == 1008
            assert reason


async def test_closing_the_doors_says_goodbye_to_open_sockets() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            leaving = asyncio.ensure_future(ear.until_closed())
            await g.doors.close()
            assert (await leaving)[0] == 1001


async def test_a_caller_that_vanishes_is_forgotten() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.is_ready("comfyui", url)
        door = await g.doors.open("comfyui")
        for _ in range(40):
            # More than one token may have open at a time.
            socket = await g.http.ws_connect(
                f"{door}/ws?clientId=a",
                headers=g.bearer(),
                timeout=ClientWSTimeout(ws_close=BOUND),
            )
            await socket.close()
        ada = await Caller.make(g, "ada")
        async with ada.listen("a") as ear:
            _, job = await ada.post(graph(1), client_id="a")
            await ear.until_over(job["prompt_id"])


async def test_a_refused_start_is_told_as_a_refused_handshake() -> None:
    async def nothing(request: Any) -> Any:
        raise AssertionError("nobody is asked")

    async with service(nothing) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        g.lab.switch("off")
        door = await g.doors.open("comfyui")
        async with g.http.get(
            f"{door}/ws",
            headers={
                **g.bearer(),
                "Connection": "Upgrade",
                "Upgrade": "websocket",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
            },
        ) as got:
            assert got.status == 403
    await soon(lambda: upstream.calls == 0)
