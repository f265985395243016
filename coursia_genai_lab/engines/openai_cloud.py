"""OpenAI's own picture models, paid by the token."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime, timezone
from functools import partial
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import urlsplit

from ..wire.services import Dialect
from .cloud import CloudEngine, CloudModel, Quote
from .cloud_asking import PICTURE_SECONDS, Asking, Wait
from .cloud_breaker import Breaker
from .cloud_errors import Provider
from .cloud_pictures import PictureReading
from .limits import refuse_texts
from .openai_cloud_call import Fitted, call_of, fitted
from .openai_images_call import refuse_impossible
from .orders import Notice, Order, Picture, Report, unheard
from .prices import Prices, dollars

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from ..catalog.spec import ServiceSpec

OPENAI = Provider("OpenAI", "OPENAI_API_KEY", "platform.openai.com/settings")
FAMILIES = ("gpt-image-", "chatgpt-image-")
FRESH_SECONDS = 300.0


class OpenAICloud(CloudEngine):
    """Ask `/v1/images/generations` and `/v1/images/edits` of OpenAI, or of who sells the same.

    Seed, steps and guidance are never sent. Prices are those of the dated table: an answer tells
    tokens only.
    """

    dialect: ClassVar[Dialect] = "openai_images"

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        session: ClientSession,
        *,
        provider: Provider = OPENAI,
        prices: Prices | None = None,
        breaker: Breaker | None = None,
        wait: Wait = asyncio.sleep,
        picture_seconds: float = PICTURE_SECONDS,
    ) -> None:
        super().__init__(url, headers, session)
        self._asking = Asking(
            url,
            headers,
            session,
            provider,
            breaker=breaker,
            wait=wait,
            picture_seconds=picture_seconds,
        )
        self.breaker = self._asking.breaker
        self._prices = prices or Prices()
        self._kept: tuple[float, list[str]] | None = None

    @classmethod
    def check(cls, order: Order) -> None:
        """Look at texts, mask and number of pictures; sizes are fitted to the model."""
        refuse_texts(order)
        refuse_impossible(order)

    async def generate(self, order: Order, report: Report = unheard) -> list[Picture]:
        """Make the pictures, one call a picture; each tells what it cost.

        Raises:
            InvalidRequest: nothing was bought.
            ServiceError, GenerationError: as `CloudEngine` says of `may_have_billed`.
        """
        name = own_name(order.model)
        ready = await self._fitted(order, name)
        for sentence in ready.notices:
            report(Notice(sentence))
        pictures: list[Picture] = []
        for index in range(order.count):
            pictures.append(await self._made(ready.order, name, index, report))
            report(pictures[-1])
        return pictures

    async def quote(self, order: Order) -> Quote:
        """Return what the table says for this size, and the dearest quality where it is open."""
        name = own_name(order.model)
        ready = await self._fitted(order, name)
        worst = self._prices.worst(name, ready.order)
        if worst is None:
            return Quote(None, f"nobody has written down what a picture of {name} costs at most")
        price = self._prices.of(name)
        if self._prices.own(name) is not None or price is None:
            return Quote(worst, f"at most {dollars(worst)} a picture, as set on this server")
        title = self._asking.provider.title
        leaves = f"; {title} retires the model on {price.retires}" if price.retires else ""
        return Quote(
            worst,
            f"at most {dollars(worst)} a picture, by {title}'s prices of {price.dated}{leaves}",
        )

    async def models(self) -> list[CloudModel]:
        """Return the picture models that the key may use; kept for five minutes.

        A list does not say which of its models draw: those of OpenAI are known by their names,
        those of others by the price that the service's file sets.
        """
        return [
            CloudModel(
                name, _title(name), True, self._prices.worst(name, (await self._usual(name)).order)
            )
            for name in await self._names()
        ]

    async def _usual(self, name: str) -> Fitted:
        return await self._fitted(Order(name, "a picture", 0), name)

    async def _names(self) -> list[str]:
        if self._kept is not None and time.monotonic() - self._kept[0] < FRESH_SECONDS:
            return self._kept[1]
        rows = (await self._asking.get("/v1/models")).get("data")
        rows = rows if isinstance(rows, list) else []
        today = datetime.now(timezone.utc).date().isoformat()
        found = [
            row.get("id")
            for row in rows
            if isinstance(row, dict) and str(row.get("shutdown_date") or "9999") > today
        ]
        names = sorted(
            one
            for one in found
            if isinstance(one, str)
            and (one.startswith(FAMILIES) or self._prices.own(one) is not None)
        )
        self._kept = time.monotonic(), names
        return names

    async def _fitted(self, order: Order, name: str) -> Fitted:
        self.check(order)
        price = await asyncio.to_thread(self._prices.of, name)
        return fitted(order, price)

    async def _made(self, order: Order, name: str, index: int, report: Report) -> Picture:
        spent_of = partial(self._prices.spent, name)
        reading = PictureReading(self._asking, order, index, order.seed_of(index), report, spent_of)
        path, body, kind = await asyncio.to_thread(call_of, order, name)
        return await self._asking.send(
            "POST",
            path,
            body,
            kind,
            reading.read,
            seconds=self._asking.picture_seconds,
            hidden=(order.prompt, order.negative),
        )


def provider_of(spec: ServiceSpec, url: str) -> Provider:
    """Return who is asked at an address: OpenAI, or somebody who sells by the same API."""
    if spec.name == "openai":
        return OPENAI
    host = urlsplit(url).hostname or "its site"
    return Provider(spec.title, spec.credential.secret or "its key", host)


def own_name(model: str) -> str:
    """Return OpenAI's own name of a model: without the author that routers put before it."""
    return model.removeprefix("openai/")


def _title(name: str) -> str:
    return " ".join(
        {"gpt": "GPT", "chatgpt": "ChatGPT"}.get(one, one.capitalize()) for one in name.split("-")
    )
