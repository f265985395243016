"""The calls of the form, each in a thread of its own: pictures, models, what is left."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing

from ...client import Access, AsyncDoor, Timeouts
from ...client.events import Event, Picture
from ...client.images import Asked
from ...client.work import Work
from ...errors import GenAIError, GenerationCancelled, GenerationError
from ...wire.usage import UsageView
from ..history import History
from ..making import keep
from ..pictures import GeneratedImage, Images
from ..words import Words
from . import offers

log = logging.getLogger(__name__)

# The form is of use without these; a door that is silent for longer has something worse to tell.
FIGURES = Timeouts(connect=10.0, silence=30.0)


class Run:
    """Makes the pictures of one call; `images` or `error` say how it ended once `over` is called.

    `make` builds the request, in the thread, for pictures take their time to be encoded; `hear` is
    told each event, `ready` is handed each picture. `unkept` says that the history could not be
    written.
    """

    def __init__(
        self,
        make: Callable[[], Asked],
        access: Access,
        *,
        hear: Callable[[Event], None],
        ready: Callable[[GeneratedImage], None],
        over: Callable[[Run], None],
        history: History | None,
    ) -> None:
        self.images: Images | None = None
        self.error: GenAIError | None = None
        self.unkept = False
        self.access = access
        self._make = make
        self._hear = hear
        self._ready = ready
        self._over = over
        self._history = history
        self._work = Work(self._run(), self._ended)

    def start(self) -> None:
        """Begin."""
        self._work.start()

    def cancel(self) -> None:
        """Stop wherever it is; does nothing when it is over."""
        self._work.cancel()

    def join(self, seconds: float | None) -> bool:
        """Wait until it is over, at most `seconds`; return whether it is."""
        return self._work.join(seconds)

    async def _run(self) -> None:
        pictures: list[GeneratedImage] = []
        try:
            asked = await asyncio.to_thread(self._make)
            async with AsyncDoor(self.access) as door, aclosing(door.stream(asked)) as events:
                async for event in events:
                    if isinstance(event, Picture):
                        pictures.append(keep(event, asked))
                        self._ready(pictures[-1])
                        # At once: a kernel that is killed now has it all the same.
                        await asyncio.to_thread(self._keep, pictures[-1])
                    self._hear(event)
            if not pictures:
                raise GenerationError("No picture came back.")
        except GenAIError as error:
            self.error = error
        # The boundary of the thread: whatever went wrong must reach the person at the form.
        except Exception as error:
            log.exception("the form could not make a picture")
            self.error = GenAIError(f"Something unexpected happened: {type(error).__name__}.")
        finally:
            # Paid for or waited for: what came before a cancellation or a failure stays.
            self.images = Images(pictures) if pictures else None

    def _keep(self, picture: GeneratedImage) -> None:
        if self._history is None:
            return
        try:
            self._history.keep(picture)
        except OSError as error:
            log.warning("the history of the form cannot be written: %s", error.strerror)
            self.unkept = True

    def _ended(self, cancelled: bool) -> None:
        if cancelled:
            self.error = GenerationCancelled("The generation was cancelled.")
        self._over(self)


def ending(run: Run, words: Words) -> list[str]:
    """Return what there is to say of the pictures that came, in sentences; empty: none came."""
    if run.images is None:
        return []
    count = len(run.images)
    ready = "The picture is ready." if count == 1 else "{count} pictures are ready."
    warnings = sorted({words(one.warning) for one in run.images if one.warning})
    lost = words("It could not be kept for the next kernel.") if run.unkept else ""
    return [words(ready, count=count), offers.receipt(run.images, words), *warnings, lost]


def ask_usage(access: Access, told: Callable[[UsageView], None]) -> None:
    """Fetch what the person has used and what is left, in the background.

    A door that does not count tells nothing.
    """

    async def ask() -> None:
        try:
            async with AsyncDoor(access, timeouts=FIGURES) as door:
                told(await door.usage())
        except GenAIError as error:
            log.debug("nothing is known of what is left: %s", error.error_code)

    Work(ask(), lambda _: None).start()


def remember(history: History, found: Callable[[list[GeneratedImage]], None]) -> None:
    """Read the pictures of before in the background."""

    async def read() -> None:
        found(await asyncio.to_thread(history.load))

    Work(read(), lambda _: None).start()
