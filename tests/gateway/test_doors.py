from __future__ import annotations

import asyncio
import logging
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from aiohttp import ClientConnectionError
from door_harness import SmallLab, echo, gateway, service, soon

from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.errors import NotFound
from coursia_genai_lab.gateway.doors import Doors
from coursia_genai_lab.gateway.tokens import Tokens


def test_making_doors_loads_no_http_library() -> None:
    code = (
        "import sys, coursia_genai_lab.gateway.doors, coursia_genai_lab.gateway.tokens;"
        "print([name for name in ('aiohttp', 'tornado', 'docker') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_child_process_keeps_no_door_open() -> None:
    async with gateway() as g:
        door = await g.doors.open("comfyui")
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", "input()"), stdin=subprocess.PIPE, close_fds=False
        )
        try:
            await g.doors.close()
            with pytest.raises(ClientConnectionError):
                await g.http.get(f"{door}/queue", headers=g.bearer())
            assert child.returncode is None
        finally:
            child.kill()
            await child.communicate()


async def test_doors_that_never_opened_close_without_a_word() -> None:
    lab = SmallLab(LabSettings())
    doors = Doors(lab, Tokens(lab.leases))
    await doors.close()
    await doors.close()
    with pytest.raises(NotFound):
        await doors.open("comfyui")


async def test_callers_wait_for_a_door_whose_address_is_known_and_that_still_opens() -> None:
    busy = threading.Event()
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url)
        # What opens a door is loaded in a thread, and the only one has other work.
        only = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(only)
        only.submit(busy.wait)
        opening = asyncio.ensure_future(g.doors.open("comfyui"))
        try:
            await soon(lambda: g.doors.address("comfyui") is not None)
            url = f"{g.doors.address('comfyui')}/models"
            call = asyncio.ensure_future(g.http.get(url, headers=g.bearer()))
            assert not opening.done()
        finally:
            busy.set()
        async with await call as answer:
            assert answer.status == 200
        assert url == f"{await opening}/models"


async def test_doors_close_while_one_opens() -> None:
    lab = SmallLab(LabSettings())
    doors = Doors(lab, Tokens(lab.leases))
    opening = asyncio.ensure_future(doors.open("comfyui"))
    await asyncio.sleep(0)
    await doors.close()
    with pytest.raises((asyncio.CancelledError, NotFound)):
        await opening
    assert doors.address("comfyui") is None


async def test_no_log_line_holds_a_token_or_a_credential(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with service(echo) as upstream, gateway() as g:
        g.lab.is_ready("comfyui", upstream.url, credential="credential-in-no-log")
        door = await g.doors.open("comfyui")
        token = g.token()
        headers = {"Authorization": f"Bearer {token}"}
        async with g.http.get(f"{door}/models?token={token}", headers=headers) as got:
            assert got.status == 200
        async with g.http.get(f"{door}/userdata?token={token}", headers=headers) as got:
            assert token not in await got.text()
        async with g.http.ws_connect(f"{door}/ws?token={token}") as socket:
            await socket.receive_json()
    # Our own tiny service logs its requests; what it saw must be clean as well.
    assert token not in caplog.text
    assert "credential-in-no-log" not in caplog.text
