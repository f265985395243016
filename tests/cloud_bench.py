"""The OpenAI door before a provider on loopback, with a real ledger and people who are asked."""

from __future__ import annotations

import asyncio
import base64
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import ClientSession, web
from door_harness import BOUND, Gateway, SmallLab
from ledger_harness import of, opened_store
from PIL import Image

from coursia_genai_lab.catalog.load import Catalog, load_catalog
from coursia_genai_lab.catalog.spec import CloudSpec, ServiceSpec
from coursia_genai_lab.config import LabSettings
from coursia_genai_lab.engines import cloud_engine_of
from coursia_genai_lab.errors import GenAIError
from coursia_genai_lab.gateway.doors import Doors
from coursia_genai_lab.gateway.headers import credential
from coursia_genai_lab.gateway.record import Record
from coursia_genai_lab.gateway.tokens import Tokens
from coursia_genai_lab.lab.charge import Limit
from coursia_genai_lab.lab.cloud_questions import CLOUD, UPLOAD, CloudQuestions, terms_digest
from coursia_genai_lab.lab.clouds import Clouds
from coursia_genai_lab.lab.consents import Consents
from coursia_genai_lab.lab.generation import Generation
from coursia_genai_lab.lab.ledger import Ledger
from coursia_genai_lab.lab.policy import Policy
from coursia_genai_lab.lab.rules import Rules
from coursia_genai_lab.lab.store.place import file_place
from coursia_genai_lab.secret_files.secret import Secret
from coursia_genai_lab.wire.usage import ChargeView

KEY = "key-of-the-class-4711"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


def picture(side: int = 64) -> bytes:
    """Return a small PNG."""
    out = io.BytesIO()
    Image.new("RGB", (side, side), "teal").save(out, "PNG")
    return out.getvalue()


async def good(request: web.Request) -> web.Response:
    """Answer as OpenAI does with a picture and the tokens that it took."""
    usage = {
        "input_tokens": 10,
        "input_tokens_details": {"text_tokens": 10, "image_tokens": 0},
        "output_tokens": 1000,
        "total_tokens": 1010,
    }
    text = base64.b64encode(picture()).decode()
    return web.json_response({"created": 1, "data": [{"b64_json": text}], "usage": usage})


def fails(status: int, code: str = "", message: str = "It did not work.") -> Answer:
    """Return what answers with an error in OpenAI's form."""

    async def answer(request: web.Request) -> web.Response:
        error = {"message": message, "type": "error", "code": code or None, "param": None}
        return web.json_response({"error": error}, status=status)

    return answer


@dataclass
class Provider:
    """A provider of pictures: what it was sent, and how it answers next."""

    url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    """Taken from the front; when there are none, a good picture."""
    always: Answer | None = None

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call."""
        self.keys.append(request.headers.get("Authorization", ""))
        if request.path == "/v1/models":
            names = ("gpt-image-2", "gpt-image-2.5-sunburst", "gpt-image-1-mini")
            listed = [{"id": name, "object": "model"} for name in names]
            return web.json_response({"object": "list", "data": listed})
        if request.method != "POST":
            return web.json_response({"error": {"message": "No such page."}}, status=404)
        body = await request.read()
        self.bodies.append(body)
        self.asked.append(await request.json() if request.content_type.endswith("json") else {})
        return await (self.answers.pop(0) if self.answers else self.always or good)(request)


@dataclass
class Bench:
    """The door, the provider behind it, and the books."""

    g: Gateway
    door: str
    provider: Provider
    clouds: Clouds
    questions: CloudQuestions
    consents: Consents
    ledger: Ledger
    policy: Policy
    notes: list[Generation]
    keys: dict[str, str]

    async def ask(self, **order: Any) -> dict[str, Any]:
        """Ask for a picture; return status and body."""
        headers = order.pop("headers", None) or self.g.bearer(**order.pop("token", {}))
        wish = {"model": "gpt-image-2", "prompt": "a fox", "size": "1024x1024", **order}
        url = f"{self.door}/images/generations"
        async with self.g.http.post(url, json=wish, headers=headers) as got:
            return {"status": got.status, **await got.json()}

    def agree(self, kind: Any = CLOUD, person: str = "ada", provider: str = "openai") -> None:
        """Let a person agree to a provider's terms."""
        digest = terms_digest(self.g.lab.catalog[provider])
        self.questions.give(person, kind, provider, digest)

    def agree_to_all(self) -> None:
        """Let ada agree to prompts and pictures."""
        self.agree(CLOUD)
        self.agree(UPLOAD)

    async def charges(self) -> list[ChargeView]:
        """Return every charge, the newest first."""
        found: list[ChargeView] = []
        for state in ("reserved", "sent", "settled", "refunded", "unknown"):
            found += await self.ledger.charges(None, state=state)
        return sorted(found, key=lambda one: -one.at)

    async def states(self) -> list[str]:
        """Return the states of all charges, sorted."""
        return sorted(one.state for one in await self.charges())


def catalog_with(url: str, services: dict[str, dict[str, Any]], *, second: bool = False) -> Catalog:
    """Return the catalogue with OpenAI at an address, and services changed by name."""
    catalog = dict(load_catalog(packages=False))
    cloud = CloudSpec(url=url, data="Prompts go to the provider.", policy_url="https://x.example/p")
    openai = {"cloud": cloud, "concurrency": 4, **services.get("openai", {})}
    for name, changed in {**services, "openai": openai}.items():
        catalog[name] = catalog[name].model_copy(update=changed)
    if second:
        first, sold = catalog["openai"], [{"id": "gpt-image-1-mini", "title": "Mini"}]
        told = first.model_dump() | {"name": "second", "title": "Second", "models": sold}
        catalog["second"] = ServiceSpec.model_validate(told)
    return Catalog(catalog)


@asynccontextmanager
async def bench(
    folder: Path,
    *limits: Limit,
    rules: Rules | None = None,
    services: dict[str, dict[str, Any]] | None = None,
    usual: float | None = None,
    second: bool = False,
    own: bool = False,
    **settings: Any,
) -> AsyncIterator[Bench]:
    """Run the door; `limits` hold for everybody, `rules` are the operator's.

    `usual` is how many seconds a job takes by the past; `second` adds another provider, `second`,
    at the same address, that sells `gpt-image-1-mini`; `own` says that its key comes from the
    server's environment.
    """
    provider = Provider()
    app = web.Application(client_max_size=2**28)
    app.router.add_route("*", "/{path:.*}", provider.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    keys = {"OPENAI_API_KEY": KEY}
    notes: list[Generation] = []
    catalog = catalog_with(provider.url, services or {}, second=second)
    async with ClientSession() as session, opened_store(file_place(folder / "s.sqlite3")) as store:
        clouds = Clouds(
            catalog,
            lambda name: Secret(keys[name]) if name in keys else None,
            lambda spec, at: cloud_engine_of(spec, at.url, credential(at), session),
            own=lambda name: own,
        )
        lab = SmallLab(LabSettings(**{"hold_seconds": BOUND, **settings}), catalog, clouds)
        if rules is not None:
            lab.policy = Policy(rules)
        consents = Consents()
        questions = CloudQuestions(catalog, consents)
        ledger = Ledger(store, limits=of(*limits), groups=lambda person: ())
        tokens = Tokens(lab.leases)
        doors = Doors(
            lab,
            tokens,
            usual=lambda service: usual,
            charges=ledger,
            questions=questions,
            salt=lambda: store.uuid,
            record=Record(notes.append),
        )
        lease = lab.leases.take("kernel", tuple(catalog), label="first.ipynb", person="ada")
        g = Gateway(lab, tokens, doors, session, lease.id, tuple(catalog))
        try:
            await clouds.refresh()
            door = await doors.open_openai()
            yield Bench(
                g, door, provider, clouds, questions, consents, ledger, lab.policy, notes, keys
            )
        finally:
            await doors.close()
            await clouds.close()
            await ledger.close()
            await runner.cleanup()


async def silence(request: web.Request) -> web.Response:
    """Never answer."""
    await asyncio.Event().wait()
    raise GenAIError("never")
