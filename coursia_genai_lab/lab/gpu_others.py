"""What other Labs hold of the GPUs: looked at before each decision, and while it is shown."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from ..runtimes.gpu_claims import SeenClaim
from .gpu_book import Book

log = logging.getLogger(__name__)

AGAIN_SECONDS = 15.0
"""Between two looks at claims that were seen, so that those that have gone are not shown for ever.
Where none were seen nobody looks."""


class OtherLabs:
    """Keep what other Labs hold in the book; `ask` asks the runtimes, `clock` is monotonic."""

    def __init__(
        self,
        *,
        ask: Callable[[], Awaitable[Sequence[SeenClaim]]],
        book: Book,
        clock: Callable[[], float],
    ) -> None:
        self._ask = ask
        self._book = book
        self._clock = clock
        self._looked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None

    async def look(self) -> None:
        """Ask the runtimes now; bounded by them."""
        self._book.others = await self._ask()
        self._looked_at = self._clock()

    def beat(self) -> None:
        """Begin a look, in the background, where what is known has grown old."""
        idle = self._looking is None or self._looking.done()
        if idle and self._book.others and self._clock() - self._looked_at >= AGAIN_SECONDS:
            self._looking = asyncio.create_task(self._look_again(), name="genai-other-labs")

    async def close(self) -> None:
        """Look no more."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)

    async def _look_again(self) -> None:
        self._looked_at = self._clock()
        try:
            await self.look()
        except Exception:
            # The next start looks again, and tells what is wrong.
            log.info("The claims of other Labs could not be looked at", exc_info=True)
