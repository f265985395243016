"""A builder for tests of what stands on builders: steps and lines, and no image."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from ..catalog.spec import ServiceSpec
from ..errors import ServiceError
from .base import Progress, Report
from .building import Builder, BuildOrder, Log

STEPS = ("FROM pretended", "RUN pretend", "COPY pretence")


class FakeBuilder(Builder):
    """Pretend to build.

    Args:
        steps: instructions that are told one after the other.
        step_seconds: how long each takes.
        failure: raised at the last step when it returns an error for the spec.
    """

    def __init__(
        self,
        *,
        steps: Sequence[str] = STEPS,
        step_seconds: float = 0.0,
        failure: Callable[[ServiceSpec], ServiceError | None] | None = None,
    ) -> None:
        self.built: list[BuildOrder] = []
        """The orders that were fulfilled, in their order."""
        self.gate = asyncio.Event()
        """Set at first; cleared, builds stop before their last step."""
        self.gate.set()
        self.at_work = 0
        self.most_at_work = 0
        self._steps = tuple(steps)
        self._step_seconds = step_seconds
        self._failure = failure

    async def build(self, order: BuildOrder, report: Report, log: Log) -> None:
        """Tell each step.

        Raises:
            ServiceError: as the test ordered.
        """
        self.at_work += 1
        self.most_at_work = max(self.most_at_work, self.at_work)
        try:
            for number, step in enumerate(self._steps, 1):
                percent = 100 * (number - 1) / len(self._steps)
                log(f"Step {number}/{len(self._steps)} : {step}")
                report(
                    Progress(f"step {number} of {len(self._steps)}: {step}", percent, "building")
                )
                await asyncio.sleep(self._step_seconds)
                if number == len(self._steps):
                    await self.gate.wait()
            if self._failure and (error := self._failure(order.spec)) is not None:
                raise error
            self.built.append(order)
        finally:
            self.at_work -= 1

    async def close(self) -> None:
        """Nothing is held."""
