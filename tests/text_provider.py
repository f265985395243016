"""A provider of text on loopback, doors that ask it, and what it was asked."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import ClientSession, web
from door_harness import BOUND, Gateway, SmallLab, service
from exact_charges import ExactCharges

from coursia_genai_lab.catalog.load import Catalog, load_catalog
from coursia_genai_lab.catalog.spec import TextModelSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.engines import cloud_engine_of
from coursia_genai_lab.gateway.doors import Doors
from coursia_genai_lab.gateway.headers import credential
from coursia_genai_lab.gateway.tokens import Tokens
from coursia_genai_lab.lab.cloud_questions import CloudQuestions, terms_digest
from coursia_genai_lab.lab.clouds import Clouds
from coursia_genai_lab.lab.consents import Consents
from coursia_genai_lab.lab.people import People
from coursia_genai_lab.lab.policy import Policy
from coursia_genai_lab.lab.rules import Rules, TextRules
from coursia_genai_lab.secret_files.secret import Secret

KEY = "the-key-that-nobody-may-see"
USAGE = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
MODELS = ("gpt-4o*", "openrouter/*", "text-embedding-3-*")
Answer = Callable[[web.Request, dict[str, Any]], Awaitable["web.StreamResponse | None"]]


def chat_answer(**more: Any) -> dict[str, Any]:
    """Return a good answer of a chat."""
    message = {"role": "assistant", "content": "a red fox"}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini"}
    return {**head, "choices": [choice], "usage": USAGE, **more}


def chunk(text: str | None, **more: Any) -> dict[str, Any]:
    """Return a piece of a streamed chat."""
    delta = {} if text is None else {"role": "assistant", "content": text}
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    return {**head, "choices": [choice], **more}


def response_answer() -> dict[str, Any]:
    """Return a good answer of `responses`."""
    text = {"type": "output_text", "text": "a red fox", "annotations": []}
    said = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
    usage = {"input_tokens": 100, "output_tokens": 10, "total_tokens": 110}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": "completed",
        "model": "gpt-4o-mini",
        "output": [{**said, "content": [text]}],
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": {
            **usage,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        },
    }


async def events(
    request: web.Request, told: Sequence[object], end: Literal["done", "whole", "cut"] = "done"
) -> web.StreamResponse:
    """Answer with a stream of these events, then its sign of the end, its end alone, or a cut."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for one in told:
        name = one.get("type") if isinstance(one, dict) else None
        head = f"event: {name}\n" if name else ""
        await response.write(f"{head}data: {json.dumps(one)}\n\n".encode())
    if end == "cut" and request.transport is not None:
        request.transport.abort()
        return response
    if end == "done":
        await response.write(b"data: [DONE]\n\n")
    await response.write_eof()
    return response


@dataclass
class TextProvider:
    """What it was asked, with which headers; `deed` answers in place of it."""

    bodies: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    deed: Answer | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    """Of its price list, beside the usual ones."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer as OpenAI and OpenRouter do."""
        if request.method == "GET":
            price = {"prompt": "0.000002", "completion": "0.000008"}
            rows = [
                {"id": "acme/talker", "name": "Talker", "pricing": price},
                {"id": "acme/free:free", "name": "Free", "pricing": dict.fromkeys(price, "0")},
                {"id": "acme/whatever", "name": "Auto", "pricing": dict.fromkeys(price, "-1")},
                *self.rows,
            ]
            return web.json_response({"data": rows})
        kind = request.headers.get("Content-Type", "")
        body = await request.json() if "json" in kind else {}
        self.bodies.append(body)
        self.headers.append({name.lower(): text for name, text in request.headers.items()})
        self.paths.append(request.path)
        self.asked.set()
        if self.deed is not None and (own := await self.deed(request, body)) is not None:
            return own
        return await self._well(request, body)

    async def _well(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        what = request.path.rpartition("/")[2]
        if what == "embeddings":
            row = {"object": "embedding", "index": 0, "embedding": [0.25, -0.5]}
            usage = {"prompt_tokens": 100, "total_tokens": 100}
            told = {"object": "list", "data": [row], "model": body["model"], "usage": usage}
            return web.json_response(told)
        if what == "responses":
            if not body.get("stream"):
                return web.json_response(response_answer())
            begun = {**response_answer(), "status": "in_progress", "output": [], "usage": None}
            made = [
                {"type": "response.created", "sequence_number": 0, "response": begun},
                _delta("a red "),
                _delta("fox"),
                {
                    "type": "response.completed",
                    "sequence_number": 3,
                    "response": response_answer(),
                },
            ]
            return await events(request, made, "whole")
        if not body.get("stream"):
            return web.json_response(chat_answer())
        last = {**chunk(None), "choices": [], "usage": USAGE}
        return await events(request, [chunk("a red "), chunk("fox"), last])


def _delta(text: str) -> dict[str, Any]:
    return {
        "type": "response.output_text.delta",
        "sequence_number": 1,
        "item_id": "msg_1",
        "output_index": 0,
        "content_index": 0,
        "delta": text,
        "logprobs": [],
    }


@dataclass
class TextLab:
    """Doors before a provider."""

    provider: TextProvider
    gateway: Gateway
    charges: ExactCharges
    questions: CloudQuestions
    door: str
    """Address of the OpenAI door, with `/v1`."""
    keys: list[str | None]
    """The first is the providers' key now."""

    def agrees(self, person: str = "ada", provider: str = "openai", kind: Any = "cloud") -> None:
        """Let a person agree to a provider's terms."""
        spec = self.gateway.lab.catalog[provider]
        self.questions.give(person, kind, provider, terms_digest(spec))

    async def post(
        self, path: str, body: dict[str, Any], **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Send a call; return status and answer."""
        sent = {**self.gateway.bearer(), **headers}
        async with self.gateway.http.post(f"{self.door}{path}", json=body, headers=sent) as got:
            return got.status, await got.json()

    async def chat(self, **more: Any) -> tuple[int, dict[str, Any]]:
        """Send a small chat."""
        body = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hello"}]}
        return await self.post("/chat/completions", {**body, **more})


@asynccontextmanager
async def text_lab(
    charges: ExactCharges | None = None,
    *,
    models: tuple[str, ...] = MODELS,
    fallback: Any = "auto",
    key: str | None = KEY,
    text: Sequence[TextModelSpec] = (),
    alone: bool = True,
    own: bool = False,
    **settings: Any,
) -> AsyncIterator[TextLab]:
    """Run a provider, doors before it and a client in front; with `fallback` auto nobody is asked.

    `text` are prices of the service files, `settings` are the Lab's; `alone` on one's own machine,
    `own` with a key of the server's environment.
    """
    provider = TextProvider()
    account = charges or ExactCharges()
    keys = [key]
    async with service(provider) as upstream, ClientSession(auto_decompress=False) as session:
        catalog = _catalog(upstream.url, text)
        clouds = Clouds(
            catalog,
            lambda name: None if keys[0] is None else Secret(keys[0]),
            lambda spec, end: cloud_engine_of(spec, end.url, credential(end), session),
            own=lambda name: own,
        )
        lab = SmallLab(LabSettings(**{"hold_seconds": BOUND, **settings}), catalog, clouds)
        rules = TextRules(models, max_input_characters=2000, max_output_tokens=100)
        mode = lab.settings.mode
        lab.policy = Policy(
            Rules(mode=mode, fallback=fallback, text=rules), people=People(alone=alone)
        )
        questions = CloudQuestions(catalog, Consents())
        tokens = Tokens(lab.leases)
        doors = Doors(lab, tokens, charges=account, questions=questions, salt=lambda: "salt")
        lease = lab.leases.take("kernel", tuple(catalog), label="first.ipynb", person="ada")
        try:
            async with ClientSession() as http:
                g = Gateway(lab, tokens, doors, http, lease.id, tuple(catalog))
                yield TextLab(provider, g, account, questions, await doors.open_openai(), keys)
        finally:
            await doors.close()
            await clouds.close()


def _catalog(url: str, text: Sequence[TextModelSpec]) -> Catalog:
    known = load_catalog(packages=False)
    specs = dict(known.specs)
    for name in ("openai", "openrouter"):
        cloud = specs[name].cloud
        assert cloud is not None
        specs[name] = specs[name].model_copy(
            update={"cloud": cloud.model_copy(update={"url": url, "text": [*text]})}
        )
    return Catalog(specs)
