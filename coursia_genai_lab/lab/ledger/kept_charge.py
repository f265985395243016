"""What was reserved for one job, as whoever does the job holds it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ...wire.usage import ChargeState
from ..charge import Amount
from .row import ChargeRow, Counted, counted

End = Callable[[ChargeRow], None]
Send = Callable[[ChargeRow], Awaitable[None]]


class KeptCharge:
    """Move one charge through its states; the first end counts, later ones change nothing."""

    def __init__(self, row: ChargeRow, *, send: Send, end: End) -> None:
        self._row = row
        self._send = send
        self._end = end
        self._ended = False

    def __repr__(self) -> str:
        return f"KeptCharge({self._row.job}, {self._row.state})"

    async def sent(self) -> None:
        """Write down that a provider is about to be asked; committed when this returns.

        Nothing is written where nobody is paid.

        Raises:
            StoreError: it could not be written, so the provider must not be asked.
            QuotaExceeded: another Lab took this one for dead, and what was set aside is gone.
        """
        if self._row.provider and not self._ended:
            await self._send(self._row)
            self._row = self._row.become("sent", self._row.counted)

    def settle(self, spent: Amount) -> None:
        """Count what was really used; more than was reserved is counted as well."""
        self._become("settled", counted(spent))

    def refund(self) -> None:
        """Count nothing: it did not come, and nobody charges for it."""
        self._become("refunded", Counted())

    def unknown(self) -> None:
        """Keep counting the worst: nobody heard the end of what was sent."""
        # What no provider can bill needs nobody to look it up.
        self._become("unknown" if self._row.provider else "settled", self._row.counted)

    def _become(self, state: ChargeState, amount: Counted) -> None:
        if not self._ended:
            self._ended = True
            self._end(self._row.become(state, amount))
