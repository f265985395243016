"""Bodies that stop in the middle."""

from __future__ import annotations

import asyncio

from aiohttp import web
from door_harness import BOUND

from coursia_genai_lab.errors import InvalidRequest
from coursia_genai_lab.gateway.bodies import read_body

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nhalf"


async def test_a_body_that_stops_in_the_middle_is_given_up() -> None:
    outcome: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        try:
            await read_body(request, 100, silence_seconds=0.1)
        except InvalidRequest as error:
            outcome.set_result(error.error_code)
        return web.Response()

    runner = web.ServerRunner(web.Server(handle))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    _, writer = await asyncio.open_connection(*runner.addresses[0][:2])
    writer.write(HEAD)
    try:
        assert await asyncio.wait_for(outcome, BOUND) == "body_cut_short"
    finally:
        writer.close()
        await runner.cleanup()
