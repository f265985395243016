"""What the last call made, for whoever interrupted it or met an error on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .pictures import GeneratedImage, Images

Found = Callable[[], Iterable[GeneratedImage]]

_last: list[Found] = []


def last_made() -> Images:
    """Return the pictures of the last `generate`, `edit` or `batch` of this kernel, in order; also
    those that were ready before it was interrupted or failed."""
    return Images(_last[0]()) if _last else Images(())


def hold(found: Found) -> None:
    """Let `last_made` return what `found` returns, from now on."""
    _last[:] = [found]


def rescued(count: int) -> str:
    """Return how to come by `count` pictures that were ready before the end; empty: none were."""
    if not count:
        return ""
    were, them = ("1 picture was", "it") if count == 1 else (f"{count} pictures were", "them")
    return f"{were} ready before: last_made() returns {them}."


def interruption(*parts: str) -> KeyboardInterrupt:
    """Return what ends a cell that a person interrupted; IPython shows its words alone, for the
    way through our code and the HTTP library is of no use to anybody."""
    message = " ".join(part for part in parts if part)
    error = KeyboardInterrupt(message)
    error._render_traceback_ = lambda: [f"KeyboardInterrupt: {message}"]  # type: ignore[attr-defined]
    return error
