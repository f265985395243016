"""Whether callers still may what they were admitted for, looked at while their calls go on.

A token ends with its lease, its own time, or the mode `off`; none of these knows who is in the
middle of a call. One timer looks at all of them, and only while there are any.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..errors import GenAIError
from .tokens import Grant

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25
"""How often running calls are looked at; a switch to `off` must have ended them within 2 s."""

Why = Callable[[Grant], GenAIError | None]
"""Returns why a grant does not stand any more; None while it does."""
Ended = Callable[[GenAIError], None]


class Standing:
    """Tell each running call once, when its grant has ended. For one event loop."""

    def __init__(self, why: Why) -> None:
        self._why = why
        self._watched: dict[Grant, set[Ended]] = defaultdict(set)
        self._timer: asyncio.TimerHandle | None = None

    async def until_ended(self, grant: Grant) -> GenAIError:
        """Return why a grant has ended, once it has; cancelling this ends the watch."""
        ended: asyncio.Future[GenAIError] = asyncio.get_running_loop().create_future()

        def end(error: GenAIError) -> None:
            if not ended.done():
                ended.set_result(error)

        with self._watching(grant, end):
            return await ended

    @contextmanager
    def bound_to(self, grant: Grant) -> Iterator[None]:
        """Cancel what the current task does in the block when the grant ends.

        Raises:
            NotAllowed, TokenRefused: the grant has ended, in place of the cancellation.
        """
        task = asyncio.current_task()
        assert task is not None
        why: list[GenAIError] = []

        def end(error: GenAIError) -> None:
            why.append(error)
            task.cancel()

        with self._watching(grant, end):
            try:
                yield
            # The work may have worded its cancellation as it likes; the reason is the same.
            except BaseException as error:
                if not why or _cancelled_by_others(task):
                    raise
                if not isinstance(error, (asyncio.CancelledError, GenAIError)):
                    log.warning("gateway: a call did not end well: %r", error)
                raise why[0] from None

    @contextmanager
    def _watching(self, grant: Grant, ended: Ended) -> Iterator[None]:
        self._watched[grant].add(ended)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)
        try:
            yield
        finally:
            watchers = self._watched.get(grant)
            if watchers is not None:
                watchers.discard(ended)
                if not watchers:
                    del self._watched[grant]

    def _look(self) -> None:
        self._timer = None
        for grant in list(self._watched):
            error = self._why(grant)
            if error is not None:
                for ended in self._watched.pop(grant):
                    ended(error)
        if self._watched:
            self._timer = asyncio.get_running_loop().call_later(LOOK_SECONDS, self._look)


def _cancelled_by_others(task: asyncio.Task[object]) -> bool:
    """Take our cancellation back, and say whether somebody else's stays (Python >= 3.11)."""
    uncancel = getattr(task, "uncancel", None)
    return uncancel is not None and uncancel() > 0
