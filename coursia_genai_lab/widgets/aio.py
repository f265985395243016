"""Pictures by one call, for code that awaits: the same names, cancelled by cancelling the task."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from ..client import AsyncDoor, EditRequest, find_access
from ..errors import GenAIError
from ..wire.images import GenerationRequest, ModelInfo
from .asking import Size, edit_for, request_for
from .making import Making
from .pictures import Images
from .progress import find_display

if TYPE_CHECKING:
    from .asking import Source

__all__ = ["edit", "generate", "models"]


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
    return await _make(request, request, show_progress)


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
    return await _make(asked, request, show_progress)


async def models() -> list[ModelInfo]:
    """As `coursia_genai_lab.models`."""
    async with AsyncDoor(find_access(os.environ)) as door:
        return await door.models()


async def _make(
    asked: GenerationRequest | EditRequest, request: GenerationRequest, show_progress: bool
) -> Images:
    access = find_access(os.environ)
    making = Making(request, find_display(show_progress))
    try:
        async with AsyncDoor(access) as door, aclosing(door.stream(asked)) as events:
            async for event in events:
                making.hear(event)
    except GenAIError as error:
        making.failed(error)
        raise
    except asyncio.CancelledError:
        making.cancelled()
        raise
    return making.done()
