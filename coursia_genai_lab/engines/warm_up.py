"""One job at the end of a start, so that `ready` means that the model answers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..catalog.spec import ServiceSpec, WarmUpSpec
from ..errors import GenAIError, ServiceError, StartTimedOut
from .calls import Answer, Calls
from .comfyui import ComfyUI
from .comfyui_errors import plain
from .comfyui_job import LOOK_SECONDS

if TYPE_CHECKING:
    from aiohttp import ClientSession

END_SECONDS = 5.0
"""How long the end of a job is waited for that nobody wants any more."""
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
    followed to the end, then removed from the history. Cancelling the call ends that job.

    Raises:
        ServiceError: the engine refused it or failed, with its reason; code `models_missing`
            where it lacks a file, else `warm_up_failed`.
        StartTimedOut: it was not done in its `timeout_seconds`.
    """
    job = spec.warm_up
    if job is None:
        return
    clients = ComfyUI(url, headers, session), Calls(url, headers, session)
    work = asyncio.ensure_future(_done(spec, job, *clients, look_seconds))
    try:
        await asyncio.wait([work], timeout=job.timeout_seconds)
    finally:
        if not work.done():
            work.cancel()
            # It takes its job out of the engine, and goes on with that when this call has ended.
            await asyncio.wait([work], timeout=END_SECONDS)
    if work.cancelled() or not work.done():
        raise StartTimedOut(
            f"{spec.title} answers, but its model was not warm after "
            f"{job.timeout_seconds:g} seconds.",
            "Read its log; a larger timeout_seconds under [warm_up] in its service file may help.",
        )
    error = work.exception()
    if isinstance(error, GenAIError):
        raise _failed(spec, error, headers) from error
    work.result()


async def _done(
    spec: ServiceSpec, job: WarmUpSpec, comfyui: ComfyUI, calls: Calls, look_seconds: float
) -> None:
    graph = job.body.get("prompt")
    if spec.dialect != "comfyui" or job.path not in _COMFY_PATHS or not isinstance(graph, dict):
        # Every other engine answers when it is done.
        await _asked(calls, job)
        return
    owners = {file.name: model.id for model in spec.models for file in model.files}
    await comfyui.run(graph, silence_seconds=None, look_seconds=look_seconds, owners=owners)


async def _asked(calls: Calls, job: WarmUpSpec) -> None:
    answer = await calls.ask("POST", job.path, job.body, seconds=None)
    if answer.status >= 300:
        raise ServiceError(_reason(answer) or f"it answered with status {answer.status}")


def _failed(spec: ServiceSpec, error: GenAIError, headers: Mapping[str, str]) -> ServiceError:
    reason = error.message
    for value in headers.values():
        secret = value.partition(" ")[2] or value
        reason = reason.replace(secret, "…")
    lacks = error.error_code == "models_missing"
    return ServiceError(
        f"{spec.title} answers, but its warm-up failed: {plain(reason)}.",
        "Fetch the model, then start the service again."
        if lacks and error.command
        else spec.troubleshooting
        or "Read its log; then correct the model, or [warm_up] in its service file.",
        code=error.error_code if lacks else "warm_up_failed",
        command=error.command,
    )


def _reason(answer: Answer) -> str:
    """Return the engine's own words: those of ComfyUI, of OpenAI's API or of the WebUI."""
    error = answer.table.get("error")
    if isinstance(error, dict):
        return _texts(error, "message", "details")
    return _texts(answer.table, "error", "errors", "detail", "message")


def _texts(table: Mapping[str, Any], *names: str) -> str:
    found = (table.get(name) for name in names)
    return ": ".join(text for text in found if isinstance(text, str) and text)
