"""Pictures by one call, for code that waits."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from ..client import Door, Timeouts, find_access
from ..client.events import Event
from ..client.images import Asked
from ..errors import GenAIError
from ..wire.images import ModelInfo
from .asking import Size, edit_for, request_for
from .made import interruption
from .making import Making
from .pictures import Images
from .progress import find_display

if TYPE_CHECKING:
    from .asking import Source

Hear = Callable[[Event], None]


def generate(
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
    """Make pictures of `prompt` and return them.

    `model` None takes the best that may be used for free; `models()` lists them. `size` is (width,
    height) in pixels, or None for the model's own. `seed` None takes another one each time. `n` is
    1 to 10. `steps`, `guidance` and `negative_prompt` None are the model's own; not every model
    knows them. `on_progress` hears each event (`Waiting`, `Step`, `Preview`, `Picture` of
    `coursia_genai_lab.client`); `timeout` is in seconds, with the wait in line, None: no limit.
    Interrupting the kernel cancels the work.

    Raises:
        TokenMissing: GenAI is not enabled for this kernel.
        GenerationTimedOut: it was not ready in time.
        GenAIError: what was wrong, and what to do about it.
    """
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
    return made(request, show_progress=show_progress, on_progress=on_progress, timeout=timeout)


def edit(
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
    """Change `image` as `prompt` says and return the result.

    `image` is a path, the bytes of a file, a PIL image, a picture made by `generate`, or a list of
    them. White in `mask` marks what may change (transparency, where the mask has some); None: all.
    `size` None keeps the model's own choice. The rest is as in `generate`.

    Raises:
        TokenMissing: GenAI is not enabled for this kernel.
        GenerationTimedOut: it was not ready in time.
        GenAIError: what was wrong, and what to do about it.
    """
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
    asked = edit_for(request, image, mask)
    return made(asked, show_progress=show_progress, on_progress=on_progress, timeout=timeout)


def models() -> list[ModelInfo]:
    """Return the models, each with whether it is available here, and why not.

    Raises:
        TokenMissing: GenAI is not enabled for this kernel.
        GenAIError: the Lab does not answer, or refuses.
    """
    with Door(find_access(os.environ)) as door:
        return door.models()


def made(
    asked: Asked,
    *,
    show_progress: bool = True,
    on_progress: Hear | None = None,
    timeout: float | None = None,
) -> Images:
    """Make the pictures of a call whose values are checked; the errors are those of `generate`."""
    access = find_access(os.environ)
    making = Making(asked, find_display(show_progress))
    try:
        with (
            Door(access, timeouts=Timeouts(whole=timeout)) as door,
            closing(door.stream(asked)) as events,
        ):
            for event in events:
                making.hear(event)
                if on_progress is not None:
                    on_progress(event)
    except GenAIError as error:
        making.failed(error)
        raise
    except KeyboardInterrupt:
        making.cancelled()
        raise interruption("The generation was cancelled.", making.rescued()) from None
    except BaseException:
        # What `on_progress` raises ends the call, too: no bar may go on for it.
        making.cancelled()
        raise
    return making.done()
