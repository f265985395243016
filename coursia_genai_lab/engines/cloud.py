"""What clouds are asked beyond pictures: what one would cost, and which models there are."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

from .base import Engine
from .cloud_breaker import Breaker
from .orders import Order


@dataclass(frozen=True)
class Quote:
    """What one picture of an order costs at most."""

    microusd: int | None
    """Millionths of a US dollar, the worst case of everything that is left to the model (`auto`);
    None: nobody knows, and it is not to be bought."""
    basis: str = ""
    """Where the number comes from, for people: "0.04 USD a picture (OpenRouter, 2026-11-20)"."""


@dataclass(frozen=True)
class CloudModel:
    """A picture model that a provider offers now."""

    id: str
    """The name by which the provider knows it."""
    title: str
    edits: bool | None = None
    """Whether it takes pictures to change; None: it does not say."""
    microusd: int | None = None
    """What one picture of usual size costs at most; None: unknown."""


class CloudEngine(Engine):
    """An engine of somebody else's, paid by use.

    `generate` may be called once its price is reserved. Its errors say by `may_have_billed`
    whether the provider may charge for what failed; a call that is cancelled after it was sent
    may be billed as well. Nothing is sent twice that could be billed twice.
    """

    breaker: Breaker | None = None
    """What keeps calls from a provider that fails; None: nothing does."""

    @abstractmethod
    async def quote(self, order: Order) -> Quote:
        """Return what one picture of an order costs at most; asks the provider where it must.

        Raises:
            InvalidRequest: the model cannot do what is asked for, as far as it is known before.
            ModelUnknown: the provider has no such model, or no more.
            ServiceError, GenerationError: the provider does not answer, or refuses the key.
        """

    @abstractmethod
    async def models(self) -> list[CloudModel]:
        """Return the picture models of the provider, from a short-lived memory where it has one.

        Raises:
            ServiceError, GenerationError: as `quote`.
        """

    async def busy(self) -> bool:
        """Say no: how busy a provider is concerns nobody here."""
        return False

    async def free(self) -> None:
        """Do nothing: a provider's memory is its own."""
