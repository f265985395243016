"""One job at the end of a start, so that `ready` means that the model answers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..catalog.spec import ServiceSpec, WarmUpSpec
from ..errors import ServiceError, StartTimedOut

if TYPE_CHECKING:
    from aiohttp import ClientSession

LOOK_SECONDS = 0.5
ANSWER_SECONDS = 10.0
"""For a question beside the job; an engine that loads a model may be slow to answer."""
MOST_BYTES = 32 * 2**20
"""Of an answer: a picture may come with it."""
LONGEST_REASON = 300
LOST_LOOKS = 3
"""Looks in turn at an empty queue and no result, after which the job was lost."""
_COMFY_PATHS = ("/prompt", "/api/prompt")


async def warm_up(
    spec: ServiceSpec,
    url: str,
    headers: Mapping[str, str],
    session: ClientSession,
    *,
    look_seconds: float = LOOK_SECONDS,
) -> None:
    """Send the spec's `warm_up` and return once it is done; at once where there is none.

    `url` has no path; `headers` prove the caller. ComfyUI answers before it works: its job is
    followed to the end, then removed from the history.

    Raises:
        ServiceError: the engine refused it or failed, with its reason; code `models_missing`
            where it lacks a file, else `warm_up_failed`.
        StartTimedOut: it was not done in its `timeout_seconds`.
    """
    if spec.warm_up is not None:
        await _Job(spec, spec.warm_up, url, headers, session, look_seconds).run()


class _Job:
    def __init__(
        self,
        spec: ServiceSpec,
        job: WarmUpSpec,
        url: str,
        headers: Mapping[str, str],
        session: ClientSession,
        look_seconds: float,
    ) -> None:
        self._spec = spec
        self._job = job
        self._url = url.rstrip("/")
        self._headers = headers
        self._session = session
        self._look_seconds = look_seconds
        self._clock = asyncio.get_running_loop().time
        self._deadline = self._clock() + job.timeout_seconds

    async def run(self) -> None:
        status, body = await self._posted()
        refusals = body.get("node_errors")
        if status >= 300 or (isinstance(refusals, dict) and refusals):
            raise self._refused(status, body)
        prompt_id = body.get("prompt_id")
        followed = self._spec.dialect == "comfyui" and self._job.path in _COMFY_PATHS
        if followed and isinstance(prompt_id, str):
            await self._until_done(prompt_id)
            # Nobody's picture should stand among those of people; that it stays does no harm.
            await self._asked("POST", "/history", {"delete": [prompt_id]})

    async def _posted(self) -> tuple[int, dict[str, Any]]:
        from aiohttp import ClientError

        try:
            return await self._call("POST", self._job.path, self._job.body, self._left())
        except asyncio.TimeoutError:
            raise self._late() from None
        except (ClientError, OSError) as error:
            raise self._failed(f"the connection broke ({type(error).__name__})") from error

    async def _until_done(self, prompt_id: str) -> None:
        lost = 0
        while True:
            history = await self._asked("GET", f"/history/{quote(prompt_id, safe='')}")
            entry = history.get(prompt_id) if history is not None else None
            if isinstance(entry, dict):
                self._judge(entry)
                return
            queue = None if history is None else await self._asked("GET", "/prompt")
            lost = lost + 1 if _nothing_waits(queue) else 0
            if lost >= LOST_LOOKS:
                raise self._failed("it has no such job any more")
            if self._left() <= 0:
                raise self._late()
            await asyncio.sleep(min(self._look_seconds, max(0.0, self._left())))

    def _judge(self, entry: Mapping[str, Any]) -> None:
        status = entry.get("status")
        if not isinstance(status, dict) or status.get("completed"):
            return
        reason = "it ended without a picture"
        for message in status.get("messages") or []:
            if isinstance(message, list) and len(message) > 1 and isinstance(message[1], dict):
                reason = _texts(message[1], "exception_type", "exception_message") or reason
        raise self._failed(reason)

    async def _asked(self, method: str, path: str, body: object = None) -> dict[str, Any] | None:
        """Return what a question beside the job brought; None: nothing this time."""
        from aiohttp import ClientError

        try:
            status, answer = await self._call(method, path, body, ANSWER_SECONDS)
        except (ClientError, asyncio.TimeoutError, OSError):
            return None
        return answer if status < 300 else None

    async def _call(
        self, method: str, path: str, body: object, seconds: float
    ) -> tuple[int, dict[str, Any]]:
        from aiohttp import ClientTimeout

        async with self._session.request(
            method,
            self._url + path,
            json=body,
            headers=self._headers,
            allow_redirects=False,
            timeout=ClientTimeout(total=max(0.1, min(seconds, self._left()))),
        ) as answer:
            data = bytearray()
            async for chunk in answer.content.iter_chunked(2**16):
                data += chunk
                if len(data) > MOST_BYTES:
                    return answer.status, {}
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            value = None
        return answer.status, value if isinstance(value, dict) else {}

    def _left(self) -> float:
        return self._deadline - self._clock()

    def _late(self) -> StartTimedOut:
        return StartTimedOut(
            f"{self._spec.title} answers, but its model was not warm after "
            f"{self._job.timeout_seconds:g} seconds.",
            "Read its log; a larger timeout_seconds under [warm_up] in its service file may help.",
        )

    def _refused(self, status: int, body: Mapping[str, Any]) -> ServiceError:
        errors = list(_errors_of_nodes(body))
        for name, value in _absent_choices(errors):
            owner = next((m for m in self._spec.models for f in m.files if f.name == value), None)
            if owner is not None:
                return ServiceError(
                    f"{self._spec.title} does not find {value}, a file of {owner.title}.",
                    "Fetch the model, then start the service again.",
                    code="models_missing",
                    command=f"coursia-genai models fetch {owner.id}",
                )
            return self._failed(f"{name} = {value!r} is not among what it knows")
        first = _texts(errors[0], "message", "details") if errors else ""
        reason = first or _reason(body) or f"it answered with status {status}"
        return self._failed(reason)

    def _failed(self, reason: str) -> ServiceError:
        for value in self._headers.values():
            secret = value.partition(" ")[2] or value
            reason = reason.replace(secret, "…")
        reason = " ".join(reason.split())[:LONGEST_REASON].rstrip(".")
        return ServiceError(
            f"{self._spec.title} answers, but its warm-up failed: {reason}.",
            self._spec.troubleshooting
            or "Read its log; then correct the model, or [warm_up] in its service file.",
            code="warm_up_failed",
        )


def _errors_of_nodes(body: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give what ComfyUI says is wrong with the nodes of a graph."""
    nodes = body.get("node_errors")
    for node in nodes.values() if isinstance(nodes, dict) else ():
        errors = node.get("errors") if isinstance(node, dict) else None
        yield from (one for one in errors or () if isinstance(one, dict))


def _absent_choices(errors: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Give inputs whose value the engine does not have: name and value."""
    for error in errors:
        extra = error.get("extra_info")
        if error.get("type") == "value_not_in_list" and isinstance(extra, dict):
            value = str(extra.get("received_value"))[:LONGEST_REASON]
            yield str(extra.get("input_name")), value


def _reason(body: Mapping[str, Any]) -> str:
    """Return the engine's own words: those of ComfyUI, of OpenAI's API or of the WebUI."""
    error = body.get("error")
    if isinstance(error, dict):
        return _texts(error, "message", "details")
    return _texts(body, "error", "errors", "detail", "message")


def _texts(table: Mapping[str, Any], *names: str) -> str:
    found = (table.get(name) for name in names)
    return ": ".join(text for text in found if isinstance(text, str) and text)


def _nothing_waits(queue: Mapping[str, Any] | None) -> bool:
    info = queue.get("exec_info") if queue is not None else None
    return isinstance(info, dict) and info.get("queue_remaining") == 0
