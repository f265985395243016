"""Decide by HTTP whether a service answers, and whether it speaks its dialect."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Literal

import aiohttp

from ..catalog.spec import ReadinessSpec
from ..errors import StartTimedOut
from ..wire.services import Dialect

Answer = Literal["speaks", "locked", "other", "silent"]
DOORS = "coursia-genai-lab"
"""The Server header of every door, of this Lab and of others: a door is no server to use."""
_LAST_LOOK_SECONDS = 0.5
_LARGEST_BODY = 4 * 1024 * 1024
_DIALECT_PATHS: Mapping[Dialect, str] = {
    "comfyui": "/system_stats",
    "a1111": "/sdapi/v1/sd-models",
    "openai_images": "/v1/models",
    "openrouter": "/v1/models",
}
_API_PATHS = frozenset(_DIALECT_PATHS.values())


async def until_ready(
    url: str,
    readiness: ReadinessSpec,
    *,
    timeout_seconds: float,
    session: aiohttp.ClientSession,
    headers: Mapping[str, str] | None = None,
    title: str = "The service",
) -> None:
    """Return as soon as the service answers with one of the statuses that count as up.

    Redirects are never followed, so that headers cannot leave the service. The service's own
    proof of identity is rarely needed here: 401 counts as up where the spec says so.

    Raises:
        StartTimedOut: after `timeout_seconds`, saying what was seen last.
    """
    clock = asyncio.get_running_loop().time
    deadline = clock() + timeout_seconds
    while True:
        # The last look gets a little more than is left, else it would always see silence.
        patience = min(readiness.timeout_seconds, max(deadline - clock(), _LAST_LOOK_SECONDS))
        seen = await _look(url, readiness, patience, session, headers)
        if seen is None:
            return
        remaining = deadline - clock()
        if remaining <= 0:
            raise StartTimedOut(
                f"{title} did not answer within {timeout_seconds:g} seconds: at "
                f"{readiness.path} {seen}."
            )
        await asyncio.sleep(min(readiness.interval_seconds, remaining))


async def answers(
    url: str,
    readiness: ReadinessSpec,
    *,
    session: aiohttp.ClientSession,
    headers: Mapping[str, str] | None = None,
) -> bool:
    """Ask once whether the service is up."""
    return await _look(url, readiness, readiness.timeout_seconds, session, headers) is None


async def speaks(
    url: str,
    dialect: Dialect,
    *,
    session: aiohttp.ClientSession,
    headers: Mapping[str, str] | None = None,
    timeout_seconds: float = 2.5,
) -> Answer:
    """Ask once which kind of server stands at `url`.

    `speaks`: the dialect, openly. `locked`: it wants a credential, as a server of the dialect
    may. `other`: something else. `silent`: nothing answers.
    """
    try:
        async with session.get(
            url.removesuffix("/").removesuffix("/v1") + _DIALECT_PATHS[dialect],
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=timeout_seconds),
        ) as response:
            if response.headers.get("Server") == DOORS:
                return "other"
            if response.status == 401:
                return "locked"
            if response.status != 200:
                return "other"
            body = await _body(response)
    except (aiohttp.ClientError, asyncio.TimeoutError, OSError):
        return "silent"
    return "speaks" if _has_the_shape(body, dialect) else "other"


async def _look(
    url: str,
    readiness: ReadinessSpec,
    timeout_seconds: float,
    session: aiohttp.ClientSession,
    headers: Mapping[str, str] | None,
) -> str | None:
    """Return None when it is up, else what was seen instead."""
    try:
        async with session.get(
            url.removesuffix("/") + readiness.path,
            headers=headers,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=timeout_seconds),
        ) as response:
            if response.status in readiness.statuses:
                # On a path of the API itself a page means that something else stands there.
                wrong = readiness.path in _API_PATHS and response.content_type == "text/html"
                return "it answered with a web page" if wrong else None
            return f"it answered with status {response.status}"
    except asyncio.TimeoutError:
        return "it kept silent"
    except (aiohttp.ClientConnectorError, ConnectionError):
        return "nobody listened"
    except (aiohttp.ClientError, OSError) as error:
        return f"the connection broke ({type(error).__name__})"


async def _body(response: aiohttp.ClientResponse) -> object:
    data = bytearray()
    async for chunk in response.content.iter_chunked(65_536):
        data += chunk
        if len(data) > _LARGEST_BODY:
            return None
    try:
        return json.loads(data)
    except ValueError:
        return None


def _has_the_shape(body: object, dialect: Dialect) -> bool:
    if dialect == "comfyui":
        return isinstance(body, dict) and "system" in body and "devices" in body
    if dialect == "a1111":
        return isinstance(body, list)
    return isinstance(body, dict) and isinstance(body.get("data"), list)
