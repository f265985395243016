"""Calls with a provider's key that its owner brings along: passed on, neither counted nor kept."""

from __future__ import annotations

import asyncio
import io
import json
import re

from aiohttp import (
    ClientConnectorError,
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    hdrs,
    web,
)
from yarl import URL

from ..errors import GenAIError, GenerationError, NotAllowed, NotFound, ServiceError
from ..runtimes.base import Secret
from .admission import MAX_BODY_BYTES
from .answers import begin
from .bodies import read_body
from .headers import response_headers
from .json_bodies import json_object
from .needs import LabView
from .openai_detours import refuse_clouds
from .openai_form import read_form
from .text_order import OPENAI, OPENROUTER, PATHS

CALL_SECONDS = 600.0
CONNECT_SECONDS = 15.0
MOST_REFUSAL_BYTES = 2**20
IMAGES = ("/v1/images/generations", "/v1/images/edits")
_PASSED_ON = (hdrs.ACCEPT, hdrs.CONTENT_TYPE)
_KEY = re.compile(rb"sk-[A-Za-z0-9*._-]{8,}")


class OwnKeys:
    """Pass calls on to the provider that a model's name tells, OpenAI where it tells none."""

    def __init__(self, lab: LabView, session: ClientSession) -> None:
        self._lab = lab
        self._session = session

    async def answer(self, request: web.BaseRequest, path: str, key: Secret) -> web.StreamResponse:
        """Return the provider's answer as it comes.

        Raises:
            NotAllowed: the mode forbids clouds, or the provider is not in the catalogue.
            NotFound: the address is none of a provider's that passes.
            ServiceError: the provider does not answer.
        """
        refuse_clouds(self._lab, None)
        body, service = b"", OPENAI
        if request.method == "POST" and path in (*PATHS, *IMAGES):
            body, service = _addressed(
                await read_body(request, MAX_BODY_BYTES),
                request.headers.get(hdrs.CONTENT_TYPE, ""),
            )
        elif request.method != "GET" or path != "/v1/models":
            raise NotFound(
                "With a key of one's own this address is not open.",
                "Use images, chat/completions, responses or embeddings below /v1.",
                code="unknown_url",
            )
        return await self._passed(request, self._url(service) + path, body, key)

    def _url(self, service: str) -> str:
        spec = self._lab.catalog.get(service)
        if spec is None or spec.cloud is None:
            raise NotAllowed(
                f"There is no provider {service} in the catalogue of this Lab.",
                "Use a model of another one.",
                code="provider_unknown",
            )
        return str(spec.cloud.url).rstrip("/")

    async def _passed(
        self, request: web.BaseRequest, url: str, body: bytes, key: Secret
    ) -> web.StreamResponse:
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        headers[hdrs.AUTHORIZATION] = f"Bearer {key.reveal()}"
        try:
            async with self._session.request(
                request.method,
                URL(url, encoded=True),
                data=io.BytesIO(body) if body else None,
                headers=headers,
                allow_redirects=False,
                timeout=ClientTimeout(total=CALL_SECONDS, sock_connect=CONNECT_SECONDS),
            ) as answer:
                if 300 <= answer.status < 400:
                    raise _no_answer("sends us elsewhere, which is not followed")
                shown = response_headers(answer.headers.items())
                response = web.StreamResponse(status=answer.status, headers=shown)
                if answer.status >= 400:
                    # Providers repeat the key that they refuse, or most of it.
                    said = _KEY.sub("sk-…".encode(), await _whole(answer))
                    return web.Response(body=said, status=answer.status, headers=shown)
                await begin(response, request)
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                await response.write_eof()
                return response
        except ClientConnectorError:
            raise ServiceError(
                "The provider cannot be reached from this server.",
                "Check the network of this machine.",
                code="cloud_unreachable",
            ) from None
        except (ClientError, asyncio.TimeoutError):
            raise _no_answer("gave no whole answer") from None


async def _whole(answer: ClientResponse) -> bytes:
    kept = bytearray()
    async for piece in answer.content.iter_any():
        kept += piece
        if len(kept) > MOST_REFUSAL_BYTES:
            raise _no_answer("does not stop answering")
    return bytes(kept)


def _addressed(body: bytes, content_type: str) -> tuple[bytes, str]:
    """Return a body as its provider is to have it, and which one that is."""
    if content_type.lower().startswith("multipart/form-data"):
        form = read_form(body, content_type)
        service, model = _provider(form.model or "")
        return form.with_model(model), service
    given = json_object(body)
    name = given.get("model")
    if not isinstance(name, str):
        return body, OPENAI
    service, model = _provider(name)
    return (body if model == name else json.dumps({**given, "model": model}).encode()), service


def _provider(name: str) -> tuple[str, str]:
    inner = name.removeprefix(f"{OPENROUTER}/")
    return (OPENROUTER, inner) if "/" in inner else (OPENAI, name)


def _no_answer(what: str) -> GenAIError:
    return GenerationError(
        f"The provider {what}.",
        "Look at your own account there before you send the call again.",
        code="cloud_no_answer",
    )
