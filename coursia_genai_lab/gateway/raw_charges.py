"""What a job of a raw door uses of its person's quotas: set aside before the line, then counted."""

from __future__ import annotations

import uuid

from ..errors import GenerationCancelled, NotAllowed, TokenRefused
from ..lab.charge import Amount, Charge, Charges, Spending
from .needs import LabView
from .openai_models import DEMO
from .queue import FairQueue
from .reserving import Reserving

UNKNOWN_SECONDS = 60.0
"""What a job of an engine that has not made any yet is thought to take at the most."""


class RawCharge:
    """What is set aside for one job; the first of `settle` and `refund` ends it."""

    def __init__(self, job_id: str, charge: Charge, *, own_gpu: bool) -> None:
        self.job_id = job_id
        """UUID, for the job's place in line and its record, too."""
        self._charge = charge
        self._own_gpu = own_gpu
        self._over = False

    def end(self, error: BaseException | None, *, pictures: int, seconds: float | None) -> None:
        """Count what a job made and how long an engine worked on it; None: it never did.

        What failed, was refused, or never had its turn, and gave no picture, counts as nothing.
        The time of what its person's side gave up counts: nobody else could have the engine.
        """
        if seconds is None or (error is not None and not pictures and _engine_failed(error)):
            self.refund()
        elif not self._over:
            self._over = True
            self._charge.settle(
                Amount(pictures=pictures, gpu_seconds=seconds if self._own_gpu else 0.0)
            )

    def refund(self) -> None:
        """Count nothing; where it has ended already, change nothing."""
        if not self._over:
            self._over = True
            self._charge.refund()


class RawCharges:
    """Set aside what the jobs of one raw door will use."""

    def __init__(self, charges: Charges, lab: LabView, queue: FairQueue) -> None:
        self._reserving = Reserving(charges)
        self._lab = lab
        self._queue = queue

    async def reserve(self, person: str, backend: str, model: str, pictures: int) -> RawCharge:
        """Set aside the pictures of a job and the time that it usually takes; raises as
        `Reserving.reserve`.
        """
        own_gpu = self._lab.catalog[backend].kind == "local" and backend != DEMO
        seconds = (self._queue.usual_seconds(backend) or UNKNOWN_SECONDS) if own_gpu else 0.0
        spending = Spending(
            id=str(uuid.uuid4()),
            person=person,
            service=backend,
            model=model,
            worst=Amount(pictures=pictures, gpu_seconds=seconds),
        )
        charge = await self._reserving.reserve(spending)
        return RawCharge(spending.id, charge, own_gpu=own_gpu)


def _engine_failed(error: BaseException) -> bool:
    """Say whether a job came to nothing by no wish of its person's side."""
    if isinstance(error, (GenerationCancelled, TokenRefused, NotAllowed)):
        return False
    return isinstance(error, Exception)
