"""What is set aside for the pictures of a call, and what of it is counted in the end."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from ..errors import GenAIError
from ..lab.charge import Amount, Charge, Charges, Spending
from ..wire.usage import Allowance
from .line import Ticket
from .reserving import Reserving

log = logging.getLogger(__name__)


class Held:
    """A charge that is ended once: what is told after the first word changes nothing."""

    def __init__(self, charge: Charge) -> None:
        self._charge = charge
        self._ended = False
        self.was_sent = False
        """Whether a provider may have been asked: from then on it may cost."""

    async def sent(self) -> None:
        """Write down that a provider is about to be asked; raises as `Charge.sent`."""
        await self._charge.sent()
        self.was_sent = True

    def settle(self, spent: Amount) -> None:
        """Count what was used."""
        if not self._ended:
            self._ended = True
            self._charge.settle(spent)

    def refund(self) -> None:
        """Count nothing."""
        if not self._ended:
            self._ended = True
            self._charge.refund()

    def close(self) -> None:
        """End what nobody has ended: refunded, or the worst where a provider was asked."""
        if self._ended:
            return
        self._ended = True
        if self.was_sent:
            self._charge.unknown()
        else:
            self._charge.refund()


class Account:
    """Set aside what the pictures of a call cost at the worst."""

    def __init__(self, charges: Charges) -> None:
        self._charges = charges
        self._reserving = Reserving(charges)

    async def reserve(self, spending: Sequence[Spending]) -> list[Held]:
        """Return a charge for each picture, or for none.

        A caller that leaves meanwhile leaves nothing set aside.

        Raises:
            QuotaExceeded, StoreError: as `Charges.reserve`.
        """
        return [Held(charge) for charge in await self._reserving.reserve_all(spending)]

    async def left(self, person: str) -> list[Allowance]:
        """Return what a person's quotas still give; nothing where nobody can say now."""
        try:
            return await self._charges.left(person)
        except GenAIError as error:
            log.info("What is left to a person is not known: %s", error.message)
            return []


def settle_here(charge: Held, ticket: Ticket, *, made: bool, gpu: bool, gone: bool) -> None:
    """End the charge of a picture that is drawn on this machine.

    What was `made` counts with its time. A job that its caller left counts the time that it had
    taken from others by then; one that the engine failed counts nothing. `gpu` says whether
    there is one in it.
    """
    seconds = (ticket.worked_seconds or 0.0) if gpu else 0.0
    if made:
        charge.settle(Amount(pictures=1, gpu_seconds=seconds))
    elif gone and seconds:
        charge.settle(Amount(gpu_seconds=seconds))
    else:
        charge.refund()
