"""The providers of text: how each is asked, and what its models cost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiohttp import ClientSession

from ..engines.cloud_asking import Asking
from ..engines.cloud_breaker import Breaker
from ..engines.cloud_errors import Provider
from ..engines.openai_cloud import provider_of
from ..engines.openrouter import APP
from ..engines.openrouter import OPENROUTER as OPENROUTER_TOLD
from ..engines.text_prices import TextPrice, listed_price, openai_price
from ..errors import ModelUnknown, NotAllowed
from ..lab.endpoint import Endpoint
from .headers import credential
from .needs import LabView
from .text_order import OPENROUTER, Asked, Kind

FRESH_SECONDS = 300.0
"""How long a price list is believed."""
Listed = dict[str, "TextPrice | None"]


class TextProviders:
    """Ask providers for text with the Lab's keys; each has one breaker for text and pictures."""

    def __init__(
        self,
        lab: LabView,
        session: ClientSession,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`clock` is monotonic seconds."""
        self._lab, self._session, self._clock = lab, session, clock
        self._askings: dict[str, tuple[Endpoint, Asking]] = {}
        self._lists: dict[tuple[Asking, str], tuple[float, Listed]] = {}

    async def asking(self, service: str) -> Asking:
        """Return how a provider is asked: the same one until its key changes.

        Raises:
            NotAllowed: no such provider is in the catalogue.
            ServiceError: there is no key for it.
        """
        if service not in self._lab.catalog:
            raise NotAllowed(
                f"There is no provider {service} in the catalogue of this Lab.",
                "Use a model of another one.",
                code="text_model_not_allowed",
                param="model",
            )
        endpoint = await self._lab.clouds.endpoint(service)
        known = self._askings.get(service)
        if known is None or known[0] != endpoint:
            breaker = (await self._lab.clouds.engine(service)).breaker
            known = self._askings[service] = endpoint, self._made(endpoint, breaker)
            self._lists.clear()
        return known[1]

    def _made(self, endpoint: Endpoint, breaker: Breaker | None) -> Asking:
        headers, url = credential(endpoint), endpoint.url
        if endpoint.service == OPENROUTER:
            told: Provider = OPENROUTER_TOLD
            headers = {**APP, "X-OpenRouter-Categories": "education", **headers}
        else:
            told = provider_of(self._lab.catalog[endpoint.service], url)
        return Asking(url, headers, self._session, told, breaker=breaker)

    async def price(self, asking: Asking, asked: Asked, kind: Kind) -> TextPrice | None:
        """Return what a model costs; None: nobody knows.

        Raises:
            ModelUnknown: the provider does not offer it.
            ServiceError, GenerationError: its price list cannot be had.
        """
        own = self._own_price(asked)
        if own is not None:
            return own
        if asked.service != OPENROUTER:
            return await asyncio.to_thread(openai_price, asked.model)
        path = "/v1/embeddings/models" if kind == "embeddings" else "/v1/models"
        listed = await self._listed(asking, path)
        if asked.model not in listed:
            raise ModelUnknown(
                f"OpenRouter offers no text model '{asked.model[:100]}'.", param="model"
            )
        return listed[asked.model]

    def _own_price(self, asked: Asked) -> TextPrice | None:
        """Return the price that the service's file sets for a model; None where it sets none."""
        cloud = self._lab.catalog[asked.service].cloud
        rows = [] if cloud is None else [one for one in cloud.text if one.model == asked.model]
        return TextPrice(rows[0].input_usd, rows[0].output_usd) if rows else None

    async def _listed(self, asking: Asking, path: str) -> Listed:
        known = self._lists.get((asking, path))
        if known is not None and self._clock() - known[0] < FRESH_SECONDS:
            return known[1]
        rows = (await asking.get(path)).get("data")
        listed = {
            row["id"]: listed_price(row)
            for row in (rows if isinstance(rows, list) else [])
            if isinstance(row, dict) and isinstance(row.get("id"), str)
        }
        self._lists[asking, path] = self._clock(), listed
        return listed
