"""Pictures by one call, for code that awaits: the same names, cancelled by cancelling the task."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from ..client import AsyncDoor, Timeouts, find_access, outcomes
from ..client.batches import AT_ONCE, Told
from ..client.images import Asked
from ..errors import GenAIError
from ..wire.images import ModelInfo
from .asking import Size, edit_for, request_for
from .following import Seen, seen
from .generation import Hear
from .making import Making
from .many import Batch, Result, Wish, result_of, wishes
from .pictures import Images
from .progress import find_display

if TYPE_CHECKING:
    from ..wire.jobs import JobView
    from ..wire.usage import UsageView
    from .asking import Source

__all__ = [
    "batch",
    "batch_stream",
    "cancel",
    "edit",
    "generate",
    "models",
    "queue",
    "stream",
    "usage",
]


async def generate(
    prompt: str,
    model: str | None = None,
    size: Size = (1024, 1024),
    seed: int | None = None,
    n: int = 1,
    steps: int | None = None,
    guidance: float | None = None,
    negative_prompt: str | None = None,
    show_progress: bool = True,
    *,
    on_progress: Hear | None = None,
    timeout: float | None = None,
) -> Images:
    """As `coursia_genai_lab.generate`."""
    request = request_for(
        prompt,
        size=size,
        model=model,
        seed=seed,
        n=n,
        steps=steps,
        guidance=guidance,
        negative_prompt=negative_prompt,
    )
    return await _make(request, show_progress, on_progress, timeout)


async def edit(
    image: Source | Sequence[Source],
    prompt: str,
    mask: Source | None = None,
    model: str | None = None,
    size: Size = None,
    seed: int | None = None,
    n: int = 1,
    steps: int | None = None,
    guidance: float | None = None,
    negative_prompt: str | None = None,
    show_progress: bool = True,
    *,
    on_progress: Hear | None = None,
    timeout: float | None = None,
) -> Images:
    """As `coursia_genai_lab.edit`."""
    request = request_for(
        prompt,
        size=size,
        model=model,
        seed=seed,
        n=n,
        steps=steps,
        guidance=guidance,
        negative_prompt=negative_prompt,
    )
    # Reading and re-encoding a large picture takes longer than an event loop may stand still.
    asked = await asyncio.to_thread(edit_for, request, image, mask)
    return await _make(asked, show_progress, on_progress, timeout)


async def models() -> list[ModelInfo]:
    """As `coursia_genai_lab.models`."""
    async with AsyncDoor(find_access(os.environ)) as door:
        return await door.models()


async def stream(
    prompt: str,
    model: str | None = None,
    size: Size = (1024, 1024),
    *,
    timeout: float | None = None,
    **options: Any,
) -> AsyncGenerator[Seen, None]:
    """As `coursia_genai_lab.stream`; use it in `contextlib.aclosing`, so that leaving cancels."""
    asked = request_for(prompt, size=size, model=model, **options)
    access = find_access(os.environ)
    async with (
        AsyncDoor(access, timeouts=Timeouts(whole=timeout)) as door,
        aclosing(door.stream(asked)) as events,
    ):
        async for event in events:
            yield seen(event, asked)


async def batch_stream(
    prompts: Iterable[Wish],
    model: str | None = None,
    size: Size = (1024, 1024),
    *,
    at_once: int = AT_ONCE,
    on_progress: Told | None = None,
    timeout: float | None = None,
    **options: Any,
) -> AsyncGenerator[Result, None]:
    """As `coursia_genai_lab.batch_stream`; use it in `contextlib.aclosing`."""
    asked = wishes(prompts, model, size, options)
    access = find_access(os.environ)
    async with (
        AsyncDoor(access, timeouts=Timeouts(whole=timeout)) as door,
        aclosing(outcomes(door, asked, at_once=at_once, told=on_progress)) as found,
    ):
        async for outcome in found:
            yield result_of(outcome)


async def batch(
    prompts: Iterable[Wish],
    model: str | None = None,
    size: Size = (1024, 1024),
    *,
    at_once: int = AT_ONCE,
    on_progress: Told | None = None,
    timeout: float | None = None,
    **options: Any,
) -> Batch:
    """As `coursia_genai_lab.batch`, without a display and without a folder."""
    found = batch_stream(
        prompts, model, size, at_once=at_once, on_progress=on_progress, timeout=timeout, **options
    )
    async with aclosing(found):
        return Batch([result async for result in found])


async def queue() -> list[JobView]:
    """As `coursia_genai_lab.queue`."""
    async with AsyncDoor(find_access(os.environ)) as door:
        return await door.queue()


async def cancel(job: str | JobView) -> list[JobView]:
    """As `coursia_genai_lab.cancel`."""
    async with AsyncDoor(find_access(os.environ)) as door:
        return await door.cancel(job if isinstance(job, str) else job.id)


async def usage() -> UsageView:
    """As `coursia_genai_lab.usage`."""
    async with AsyncDoor(find_access(os.environ)) as door:
        return await door.usage()


async def _make(
    asked: Asked, show_progress: bool, on_progress: Hear | None, timeout: float | None
) -> Images:
    access = find_access(os.environ)
    making = Making(asked, find_display(show_progress))
    try:
        async with (
            AsyncDoor(access, timeouts=Timeouts(whole=timeout)) as door,
            aclosing(door.stream(asked)) as events,
        ):
            async for event in events:
                making.hear(event)
                if on_progress is not None:
                    on_progress(event)
    except GenAIError as error:
        making.failed(error)
        raise
    except BaseException:
        # Also for what `on_progress` raises: no bar may go on for it.
        making.cancelled()
        raise
    return making.done()
