"""Providers that sell pictures, on loopback: lists are well, pictures come as a test says."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp
from aiohttp import web
from door_harness import service
from PIL import Image

from coursia_genai_lab.engines.cloud import CloudEngine
from coursia_genai_lab.engines.cloud_breaker import Breaker
from coursia_genai_lab.engines.openai_cloud import OpenAICloud
from coursia_genai_lab.engines.openrouter import OpenRouter
from coursia_genai_lab.engines.orders import Order
from coursia_genai_lab.engines.prices import Prices

Kind = Literal["openrouter", "openai"]
KINDS: tuple[Kind, ...] = ("openrouter", "openai")
KEY = "the-key-that-nobody-may-see"
MODELS: dict[Kind, str] = {
    "openrouter": "openrouter/acme/painter",
    "openai": "gpt-image-2",
}
POSTS = ("/v1/images", "/v1/images/generations", "/v1/images/edits", "/v1/chat/completions")
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
OFFER: dict[str, Any] = {
    "provider_name": "Acme",
    "provider_slug": "acme",
    "provider_tag": "acme",
    "supported_parameters": {
        "resolution": {"type": "enum", "values": ["1K", "2K"]},
        "aspect_ratio": {"type": "enum", "values": ["1:1", "16:9", "9:16"]},
        "seed": {"type": "boolean"},
    },
    "allowed_passthrough_parameters": [],
    "supports_streaming": True,
    "pricing": [{"billable": "output_image", "unit": "image", "cost_usd": 0.04}],
}


def png(size: tuple[int, int] = (16, 16)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, "PNG")
    return out.getvalue()


def picture() -> str:
    return base64.b64encode(png()).decode("ascii")


def drawn(**more: Any) -> dict[str, Any]:
    """Return a good answer, as both providers give it."""
    usage = {
        "cost": 0.04,
        "prompt_tokens": 4,
        "completion_tokens": 1756,
        "input_tokens": 4,
        "output_tokens": 1756,
        "input_tokens_details": {"text_tokens": 4},
    }
    return {"created": 1, "data": [{"b64_json": picture()}], "usage": usage, **more}


async def draws(_: web.Request) -> web.StreamResponse:
    """Answer well."""
    return web.json_response(drawn())


def says(status: int, error: object, headers: dict[str, str] | None = None) -> Answer:
    """Return an answer that fails with an error object."""

    async def answer(_: web.Request) -> web.StreamResponse:
        return web.json_response({"error": error}, status=status, headers=headers)

    return answer


def in_turn(*answers: Answer) -> Answer:
    """Return an answer that is another each time; the last one stays."""
    left = list(answers)

    async def answer(request: web.Request) -> web.StreamResponse:
        return await (left.pop(0) if len(left) > 1 else left[0])(request)

    return answer


@dataclass
class Sold:
    """What a provider was asked for, and what between the tries was waited."""

    url: str = ""
    posts: list[dict[str, Any]] = field(default_factory=list)
    """JSON of each request that costs money; an empty object for a form."""
    heads: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)


@asynccontextmanager
async def before(
    kind: Kind,
    answer: Answer = draws,
    *,
    offers: list[dict[str, Any]] | None = None,
    chat: list[dict[str, Any]] | None = None,
    prices: Prices | None = None,
    breaker: Breaker | None = None,
    picture_seconds: float = 60.0,
) -> AsyncIterator[tuple[CloudEngine, Sold]]:
    """Run a provider whose pictures `answer` makes, and give the engine that asks it."""
    sold = Sold()

    async def wait(seconds: float) -> None:
        sold.waits.append(seconds)

    async def handle(request: web.Request) -> web.StreamResponse:
        if request.path in POSTS and request.method == "POST":
            body = await request.read()
            sold.bodies.append(body)
            sold.heads.append({name.lower(): value for name, value in request.headers.items()})
            is_json = request.content_type == "application/json"
            sold.posts.append(json.loads(body) if is_json else {})
            return await answer(request)
        return web.json_response(_list(kind, request.path, offers or [OFFER], chat or []))

    async with service(handle) as upstream, aiohttp.ClientSession() as session:
        sold.url = upstream.url
        made: type[OpenRouter] | type[OpenAICloud]
        made = OpenRouter if kind == "openrouter" else OpenAICloud
        yield (
            made(
                upstream.url,
                {"Authorization": f"Bearer {KEY}"},
                session,
                prices=prices,
                breaker=breaker,
                wait=wait,
                picture_seconds=picture_seconds,
            ),
            sold,
        )


def order(kind: Kind, **more: Any) -> Order:
    """Return a small order."""
    return Order(**{"model": MODELS[kind], "prompt": "a red fox", "seed": 5, **more})


def _list(
    kind: Kind, path: str, offers: list[dict[str, Any]], chat: list[dict[str, Any]]
) -> dict[str, Any]:
    if kind == "openai":
        gone = {"id": "gpt-image-0", "shutdown_date": "2026-05-12"}
        stays = {"id": MODELS["openai"], "shutdown_date": None}
        return {"object": "list", "data": [stays, gone, {"id": "text-only"}, "odd"]}
    if path == "/v1/images/models":
        return {
            "data": [
                {
                    "id": "acme/painter",
                    "name": "Painter",
                    "architecture": {
                        "input_modalities": ["text", "image"],
                        "output_modalities": ["image"],
                    },
                    "supported_parameters": {},
                    "supports_streaming": True,
                }
            ]
        }
    if path == "/v1/models":
        return {"data": chat}
    return {"id": "acme/painter", "endpoints": offers}
