"""When a refused call may be sent again, and for how long altogether."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..errors import ServiceNotReady
from .events import Waiting
from .failures import Failure

# comfyui-qwen may take 15 minutes to its first answer (its start_timeout_seconds in the catalogue).
WAIT_SECONDS = 900.0
SHORTEST_PAUSE = 0.2
LONGEST_PAUSE = 15.0


class Patience:
    """Allows another try only while a service starts, within `seconds` altogether.

    A door answers 503 `service_not_ready` with Retry-After before it hands the work to anybody, so
    that answer alone can be repeated without paying twice. Every other failure is final.
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
        if (
            failure.status != 503
            or failure.retry_after is None
            or not isinstance(error, ServiceNotReady)
        ):
            raise error
        left = self._ends - self._clock()
        if left <= 0:
            raise error
        pause = min(max(failure.retry_after, SHORTEST_PAUSE), LONGEST_PAUSE, left)
        return Waiting(reason=error.message, seconds=pause)
