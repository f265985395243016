"""OpenRouter: many providers' picture models behind one address and one key."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from ..errors import GenAIError
from ..wire.services import Dialect
from .cloud import CloudEngine, CloudModel, Quote
from .cloud_asking import PICTURE_SECONDS, Asking, Wait
from .cloud_breaker import Breaker
from .cloud_errors import Provider
from .cloud_pictures import PictureReading
from .openrouter_chat import ChatRoad
from .openrouter_models import Offered, OpenRouterModels
from .openrouter_plan import Plan, body_of, plan_of, refuse_impossible, seed_sent
from .openrouter_price import quote_of, spent_of
from .orders import Notice, Order, Picture, Report, unheard
from .prices import Prices, dollars

if TYPE_CHECKING:
    from aiohttp import ClientSession

OPENROUTER = Provider(
    "OpenRouter", "OPENROUTER_API_KEY", "openrouter.ai/settings", free_failures=True
)
APP = {
    "HTTP-Referer": "https://coursia-genai-lab.invalid/",
    "X-OpenRouter-Title": "CoursIA GenAI Lab",
    "X-OpenRouter-Categories": "image-gen",
}
"""How OpenRouter's statistics name us; the address is that of nobody."""
PREFIX = "openrouter/"
AT_ONCE = 6
"""Price lists that are read at the same time."""
LISTED_SECONDS = 3600.0


class OpenRouter(CloudEngine):
    """Ask `POST /v1/images`, or the chat road for models that only it reaches.

    What a model takes and costs is read from OpenRouter's lists before anything is bought.
    """

    dialect: ClassVar[Dialect] = "openrouter"

    def __init__(
        self,
        url: str,
        headers: Mapping[str, str],
        session: ClientSession,
        *,
        prices: Prices | None = None,
        breaker: Breaker | None = None,
        wait: Wait = asyncio.sleep,
        picture_seconds: float = PICTURE_SECONDS,
    ) -> None:
        super().__init__(url, headers, session)
        self._asking = Asking(
            url,
            {**APP, **headers},
            session,
            OPENROUTER,
            breaker=breaker,
            wait=wait,
            picture_seconds=picture_seconds,
        )
        self.breaker = self._asking.breaker
        self._models = OpenRouterModels(self._asking)
        self._chat = ChatRoad(self._asking)
        self._prices = prices or Prices()
        self._prices_listed: dict[str, tuple[float, int | None]] = {}

    @classmethod
    def check(cls, order: Order) -> None:
        """Look at texts, mask and number of pictures; what a model takes its list tells later."""
        refuse_impossible(order)

    async def generate(self, order: Order, report: Report = unheard) -> list[Picture]:
        """Make the pictures, one call a picture; each tells what it cost.

        Raises:
            InvalidRequest, ModelUnknown: nothing was bought.
            ServiceError, GenerationError: as `CloudEngine` says of `may_have_billed`.
        """
        self.check(order)
        name = own_name(order.model)
        model = await self._models.find(name)
        plan = None if model.by == "chat" else plan_of(order, await self._models.offers(name))
        notices = plan.notices if plan is not None else self._chat.notices(order, model)
        for sentence in notices:
            report(Notice(sentence))
        pictures: list[Picture] = []
        for index in range(order.count):
            if plan is None:
                pictures.append(await self._chat.made(order, model, index))
            else:
                pictures.append(await self._made(order, name, plan, index, report))
            report(pictures[-1])
        return pictures

    async def quote(self, order: Order) -> Quote:
        """Return the price of the dearest provider that may run it, from OpenRouter's list."""
        self.check(order)
        name = own_name(order.model)
        model = await self._models.find(name)
        return await self._quote(order, model)

    async def models(self) -> list[CloudModel]:
        """Return the picture models; the list is kept for five minutes, its prices for an hour.

        There is a price list for each, read the first time; one that cannot be has no price.
        """
        found = await self._models.all()
        turns = asyncio.Semaphore(AT_ONCE)

        async def priced(one: Offered) -> CloudModel:
            async with turns:
                return CloudModel(one.id, one.title, one.edits, await self._listed(one))

        return list(await asyncio.gather(*map(priced, found)))

    async def _listed(self, model: Offered) -> int | None:
        known = self._prices_listed.get(model.id)
        if known is not None and time.monotonic() - known[0] < LISTED_SECONDS:
            return known[1]
        try:
            microusd = (await self._quote(Order(model.id, "a picture", 0), model)).microusd
        except GenAIError:
            return None
        self._prices_listed[model.id] = time.monotonic(), microusd
        return microusd

    async def _quote(self, order: Order, model: Offered) -> Quote:
        if model.by == "chat":
            self._chat.refuse(order, model)
            quote = self._chat.quote(order, model)
        else:
            plan = plan_of(order, await self._models.offers(model.id))
            quote = await asyncio.to_thread(quote_of, order, model.id, plan, self._prices)
        own = self._prices.own(model.id)
        if own is not None:
            return Quote(own, f"at most {dollars(own)} a picture, as set on this server")
        return quote

    async def _made(
        self, order: Order, model: str, plan: Plan, index: int, report: Report
    ) -> Picture:
        seed = seed_sent(order, index)
        reading = PictureReading(self._asking, order, index, seed, report, spent_of)
        body = await asyncio.to_thread(body_of, order, model, plan, seed)
        return await self._asking.send(
            "POST",
            "/v1/images",
            body,
            "application/json",
            reading.read,
            seconds=self._asking.picture_seconds,
            hidden=(order.prompt, order.negative),
        )


def own_name(model: str) -> str:
    """Return the provider's own name of a model that the door calls `openrouter/<author>/…`."""
    author, _, rest = model.partition("/")
    # OpenRouter has models of its own, `openrouter/auto`, and those keep their name.
    return rest if author + "/" == PREFIX and "/" in rest else model
