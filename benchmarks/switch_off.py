"""How long after a switch to `off` what is open through a door has ended.

python -m benchmarks.switch_off
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from aiohttp import ClientSession, WSMsgType, web

from coursia_genai_lab.gateway.doors import Doors
from coursia_genai_lab.gateway.tokens import Tokens
from coursia_genai_lab.wire.policy import ModeChange

from .door_overhead import ReadyLab
from .measure import Figures, show

N = 12
CALLS = 40
"""Calls that wait at the same time, besides the one that is timed."""


async def measure() -> None:
    """Print the delay of a waiting call among many, and of a socket."""
    reached = asyncio.Semaphore(0)

    async def hang(request: web.BaseRequest) -> web.StreamResponse:
        reached.release()
        await asyncio.Event().wait()
        return web.Response()

    runner = web.ServerRunner(web.Server(hang, handler_cancellation=True), shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    lab = ReadyLab(runner.addresses[0][1])
    tokens = Tokens(lab.leases)
    lease = lab.leases.take("kernel", tuple(lab.catalog), label="bench", person="bench")
    token = tokens.mint(lease.id, person="bench", services=tuple(lab.catalog), kernel_id=None)
    doors = Doors(lab, tokens)
    door = await doors.open("comfyui")
    headers = {"Authorization": f"Bearer {token.reveal()}"}

    async def begin_calls(http: ClientSession) -> Callable[[], Awaitable[None]]:
        async def call() -> None:
            async with http.get(f"{door}/features", headers=headers) as answer:
                if answer.status != 403:
                    raise SystemExit(f"a call that was ended answered {answer.status}")

        calls = [asyncio.ensure_future(call()) for _ in range(CALLS)]
        for _ in calls:
            await reached.acquire()

        async def ended() -> None:
            await asyncio.gather(*calls)

        return ended

    async def begin_socket(http: ClientSession) -> Callable[[], Awaitable[None]]:
        listening = await http.ws_connect(f"{door}/ws?clientId=a", headers=headers)

        async def ended() -> None:
            while (await listening.receive()).type is not WSMsgType.CLOSE:
                pass

        return ended

    for what, begin in ((f"{CALLS} waiting calls", begin_calls), ("a socket", begin_socket)):
        delays = []
        async with ClientSession() as http:
            for _ in range(N):
                ended = await begin(http)
                lab.policy.change(ModeChange(value="off"), by="bench")
                start = time.perf_counter()
                await ended()
                delays.append(1000 * (time.perf_counter() - start))
                lab.policy.change(ModeChange(value=None), by="bench")
        show(Figures(f"{what} ended after a switch to off", delays), goal="<= 2000 ms")
    await doors.close()
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(measure())
