"""When a refused call may be sent again, and for how long altogether."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..errors import GenAIError, ServiceNotReady, TooManyRequests
from .events import Waiting
from .failures import Failure

# comfyui-qwen may take 15 minutes to its first answer (its start_timeout_seconds in the catalogue).
WAIT_SECONDS = 900.0
SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 15.0
# Our own doors' words for "not now"; a provider's limit may count what it has refused, too.
FULL = frozenset({TooManyRequests.code, "queue_full"})


class Patience:
    """Allows another try while a service starts or a door is full, within `seconds` altogether.

    A door answers 503 `service_not_ready` and 429 `too_many_requests` with Retry-After before it
    hands the work to anybody, so those answers alone can be repeated without paying twice. Every
    other failure is final.
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends = clock() + seconds

    def after(self, failure: Failure) -> Waiting:
        """Return how long to wait before the next try, and why.

        Raises:
            GenAIError: the failure's own, when it is final or the time is used up.
        """
        error = failure.error
        if failure.retry_after is None or not _passes(error, failure.status):
            raise error
        left = self._ends - self._clock()
        if left <= 0:
            raise error
        pause = min(max(failure.retry_after, SHORTEST_PAUSE), LONGEST_PAUSE, left)
        return Waiting(reason=error.message, seconds=pause)


def _passes(error: GenAIError, status: int) -> bool:
    if status == 429:
        return isinstance(error, TooManyRequests) and error.error_code in FULL
    return status == 503 and isinstance(error, ServiceNotReady)
