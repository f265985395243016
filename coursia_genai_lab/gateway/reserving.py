"""Reserves for jobs whose callers may leave while that is being written down."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from ..errors import QuotaExceeded, StoreError
from ..lab.charge import Charge, Charges, Spending


class Reserving:
    """Set aside what jobs will use."""

    def __init__(self, charges: Charges) -> None:
        self._charges = charges
        self._given_up: set[asyncio.Task[list[Charge]]] = set()

    async def reserve(self, spending: Spending) -> Charge:
        """Set aside what one job will use at the worst; raises as `reserve_all`."""
        (charge,) = await self.reserve_all([spending])
        return charge

    async def reserve_all(self, spending: Sequence[Spending]) -> list[Charge]:
        """Set aside what the jobs of one person's call will use at the worst, or nothing.

        A caller that goes away meanwhile gets back what was set aside.

        Raises:
            QuotaExceeded: too little is left; `left` tells what.
            StoreError: as `Charges.reserve`.
        """
        reserving = asyncio.ensure_future(self._charges.reserve(spending))
        try:
            await asyncio.wait([reserving])
        except asyncio.CancelledError:
            # Perhaps it is being written at this moment: then it is to be had back.
            self._given_up.add(reserving)
            reserving.add_done_callback(self._give_back)
            raise
        try:
            return reserving.result()
        except QuotaExceeded as error:
            with suppress(StoreError):
                left = await self._charges.left(spending[0].person)
                error.left = [one.model_dump() for one in left]
            raise

    def _give_back(self, reserving: asyncio.Task[list[Charge]]) -> None:
        self._given_up.discard(reserving)
        if not reserving.cancelled() and reserving.exception() is None:
            for charge in reserving.result():
                charge.refund()
