"""What open pages cost the server, and how soon they know of a change.

Each page is what the browser's is: a socket of Jupyter's events, a snapshot at every change, and
one every 30 s without; with the panel's sections open it asks for jobs and GPUs as well. The server
is a process of its own; its processor time is counted.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
import time
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager

from aiohttp import ClientSession, TCPConnector

from coursia_genai_lab.wire.services import StatusView

from .measure import Figures, show
from .own_server import HEADERS, Server, jupyter_server

PAGES = 30
POLL_SECONDS = 30.0
SECTIONS = {"jobs": 5.0, "gpus": 2.0}
"""What sections of the panel ask for while they are open, and how often, in seconds."""
SETTLE_SECONDS = 5.0
WATCH_SECONDS = 30.0
CHANGES_A_MINUTE = 2
"""What a class brings about: a service that starts, a mode that is set."""
N = 20
API = "/coursia-genai/api/v1"


class Page:
    """One open page: it follows the events, and asks for the snapshot when one came."""

    def __init__(self, server: Server, http: ClientSession, number: int) -> None:
        self._server, self._http = server, http
        self._late = POLL_SECONDS * number / PAGES
        self.revision = -1
        self.events = 0
        self.loads = 0
        self._news = asyncio.Event()

    async def follow(self, listens: asyncio.Event) -> None:
        """Read the events until the socket closes; set `listens` once it is open."""
        address = f"{self._server.url}/api/events/subscribe"
        async with self._http.ws_connect(address) as socket:
            listens.set()
            async for message in socket:
                told = message.json()
                self.events += 1
                if told["revision"] > self.revision:
                    await self.load()

    async def poll(self) -> None:
        """Ask every 30 s, not all pages at the same time."""
        await asyncio.sleep(self._late)
        while True:
            await self.load()
            await asyncio.sleep(POLL_SECONDS)

    async def watch(self, what: str, seconds: float) -> None:
        """Ask for what a section shows, again and again."""
        await asyncio.sleep(self._late % seconds)
        while True:
            async with self._http.get(f"{self._server.url}{API}/{what}") as answer:
                answer.raise_for_status()
                await answer.read()
            await asyncio.sleep(seconds)

    async def load(self) -> None:
        """Load the snapshot."""
        async with self._http.get(f"{self._server.url}{API}/status") as answer:
            answer.raise_for_status()
            self.revision = StatusView.model_validate_json(await answer.read()).revision
        self.loads += 1
        self._news.set()
        self._news = asyncio.Event()

    async def until(self, revision: int) -> None:
        """Return once a snapshot at least so new is there."""
        while self.revision < revision:
            await self._news.wait()


@asynccontextmanager
async def running(works: Iterable[Coroutine[None, None, None]]) -> AsyncIterator[None]:
    """Let them run until the block ends; raise what broke one."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for error in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(error, Exception):
                raise error


async def change(server: Server, http: ClientSession, value: str | None) -> None:
    """Switch the caller's mode."""
    order = {"layer": "person", "value": value}
    async with http.put(f"{server.url}{API}/mode", json=order) as answer:
        answer.raise_for_status()


async def share(server: Server, http: ClientSession, *, changes: int = 0) -> float:
    """Return how many percent of a core the server uses for a minute with so many changes."""
    await asyncio.sleep(SETTLE_SECONDS)
    begin, used = time.perf_counter(), server.processor_seconds()
    for value in itertools.islice(itertools.cycle(("off", None)), changes):
        await asyncio.sleep(WATCH_SECONDS / (changes + 1))
        await change(server, http, value)
    await asyncio.sleep(max(0.0, WATCH_SECONDS - (time.perf_counter() - begin)))
    return 100 * (server.processor_seconds() - used) / (time.perf_counter() - begin)


async def delays(server: Server, http: ClientSession, page: Page) -> Figures:
    """Time from the order of a change to the snapshot that shows it."""
    taken = []
    for value in itertools.islice(itertools.cycle(("off", None)), N):
        begin, known = time.perf_counter(), page.revision
        ordered = asyncio.create_task(change(server, http, value))
        await asyncio.wait_for(page.until(known + 1), 60)
        taken.append((time.perf_counter() - begin) * 1000)
        await ordered
    return Figures(f"a change reaches one of {PAGES} clients", taken)


async def measure(server: Server) -> None:
    """Print the cost and the delay."""
    async with ClientSession(headers=HEADERS, connector=TCPConnector(limit=0)) as http:
        alone = await share(server, http)
        pages = [Page(server, http, number) for number in range(PAGES)]
        listens = [asyncio.Event() for _ in pages]
        following = (page.follow(open_) for page, open_ in zip(pages, listens, strict=True))
        async with running(following), running(page.poll() for page in pages):
            await asyncio.gather(*(open_.wait() for open_ in listens))
            quiet = await share(server, http)
            before = sum(page.events for page in pages)
            lively = await share(server, http, changes=CHANGES_A_MINUTE)
            if sum(page.events for page in pages) - before < CHANGES_A_MINUTE * PAGES:
                raise SystemExit("not every change was told to every page")
            watched = [page.watch(*section) for page in pages for section in SECTIONS.items()]
            async with running(watched):
                busy = await share(server, http, changes=CHANGES_A_MINUTE)
            quick = await delays(server, http, pages[-1])
    print(f"  processor time of the server over {WATCH_SECONDS:.0f} s, % of a core:")
    print(f"    no client: {alone:.2f}")
    print(f"    {PAGES} clients, each with events and a poll: {quiet:.2f}; goal <= 3")
    print(f"    and {CHANGES_A_MINUTE} changes that every client loads: {lively:.2f}; goal <= 3")
    print(f"    and jobs every 5 s, GPUs every 2 s: {busy:.2f}")
    show(quick, goal="<= 300 ms")


def main() -> None:
    """Run the measurement."""
    if not sys.platform.startswith("linux"):
        print("  skipped: processor time of another process is read from /proc")
        return
    with jupyter_server(traits={"runtime": "fake"}) as server:
        asyncio.run(measure(server))


if __name__ == "__main__":
    main()
