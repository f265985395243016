"""What a provider is about to be asked for, and what one picture of it costs at most."""

from __future__ import annotations

from dataclasses import dataclass

from ..engines.orders import Picture
from ..lab.charge import MICROUSD_A_CENT, Amount
from ..lab.fallback import Cause
from ..lab.stand_ins import CloudName


@dataclass(frozen=True)
class Detour:
    """A provider's model that may draw, and why it is asked; None: it was called by its name."""

    cloud: CloudName
    cause: Cause | None = None


@dataclass(frozen=True)
class Bill:
    """A detour whose price is known and to which its person has agreed."""

    detour: Detour
    microusd: int
    """Of one picture, at the worst."""
    title: str
    """Of the provider, for people."""
    host: str
    """Where it is asked."""
    others: tuple[Detour, ...] = ()
    """Who may stand in when this provider cannot, either."""

    @property
    def worst(self) -> Amount:
        """What is set aside for one picture."""
        return Amount(pictures=1, microusd=self.microusd)

    def spent(self, picture: Picture) -> Amount:
        """Return what one picture came to; where the provider does not say, the worst."""
        told = None if picture.spent is None else picture.spent.microusd
        return Amount(pictures=1, microusd=self.microusd if told is None else told)

    def sentence(self, cents: float) -> str:
        """Return what a caller must know of pictures that it did not ask a provider for."""
        cause, name = self.detour.cause, self.detour.cloud.name
        price = f"{cents:.3g} cents" if cents else "nothing"
        if cause is None:
            return ""
        said = cause.sentence[:1].upper() + cause.sentence[1:]
        return (
            f"{said}; {name} of {self.title} took its place, for {price}: "
            "the prompt went to that provider."
        )


def cents(microusd: int) -> float:
    """Return US cents."""
    return round(microusd / MICROUSD_A_CENT, 4)
