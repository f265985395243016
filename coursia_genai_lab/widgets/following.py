"""A call that is followed as it goes on: event by event, or from beside other work."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any

from ..client import Door, Generation, Timeouts, find_access
from ..client.events import Event, Picture, Preview, Step, Waiting
from ..client.images import Asked
from .asking import Size, request_for
from .making import keep
from .pictures import GeneratedImage, Images

Seen = Waiting | Step | Preview | GeneratedImage
"""What a stream yields: `Waiting` has position and seconds, `Step` step and steps."""


def stream(
    prompt: str,
    model: str | None = None,
    size: Size = (1024, 1024),
    *,
    timeout: float | None = None,
    **options: Any,
) -> Generator[Seen, None, None]:
    """Yield what happens on the way to a picture, and then the picture.

    The arguments are those of `generate`. Leaving the loop, or closing the generator, cancels.

    Raises:
        GenAIError: as `generate`.
    """
    asked = request_for(prompt, size=size, model=model, **options)
    with (
        Door(find_access(os.environ), timeouts=Timeouts(whole=timeout)) as door,
        closing(door.stream(asked)) as events,
    ):
        for event in events:
            yield seen(event, asked)


def start(
    prompt: str,
    model: str | None = None,
    size: Size = (1024, 1024),
    *,
    timeout: float | None = None,
    **options: Any,
) -> Job:
    """Begin to make a picture and return at once; the arguments are those of `generate`.

    Raises:
        TokenMissing: GenAI is not enabled for this kernel.
        InvalidRequest: an argument is wrong.
    """
    asked = request_for(prompt, size=size, model=model, **options)
    access = find_access(os.environ)
    return Job(Generation(access, asked, timeouts=Timeouts(whole=timeout)), asked)


class Job:
    """A picture in the making: iterate over it to follow, ask for its `result`, `cancel` it."""

    def __init__(self, generation: Generation, asked: Asked) -> None:
        self._generation = generation
        self._asked = asked

    def __repr__(self) -> str:
        return f"Job(running={self.running})"

    def __iter__(self) -> Iterator[Seen]:
        return (seen(event, self._asked) for event in self._generation)

    @property
    def running(self) -> bool:
        """Whether it is still being made."""
        return self._generation.running

    def cancel(self) -> None:
        """Stop making it; does nothing when it is over."""
        self._generation.cancel()

    def result(self, timeout: float | None = None) -> Images:
        """Return the pictures once they are made; waits at most `timeout` seconds.

        Raises:
            GenAIError: what went wrong, or GenerationCancelled.
            TimeoutError: it is not ready yet, and goes on.
        """
        return Images(keep(one, self._asked) for one in self._generation.result(timeout))


def seen(event: Event, asked: Asked) -> Seen:
    """Return an event as a notebook sees it: a picture knows its origin."""
    return keep(event, asked) if isinstance(event, Picture) else event
