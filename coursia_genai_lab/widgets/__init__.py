"""The notebook helper: pictures by one call, and a form for people who would rather click.

Nothing is loaded before it is asked for, so that importing a name costs no kernel anything.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .following import Job, start, stream
    from .generation import edit, generate, models
    from .grids import Compared, Grid, compare, grid
    from .made import last_made
    from .many import Batch, Result, batch, batch_stream
    from .mine import cancel, queue, usage
    from .panel import GenerationPanel
    from .pictures import GeneratedImage, Images
    from .replaying import Replay

__all__ = [
    "Batch",
    "Compared",
    "GeneratedImage",
    "GenerationPanel",
    "Grid",
    "Images",
    "Job",
    "Replay",
    "Result",
    "batch",
    "batch_stream",
    "cancel",
    "compare",
    "edit",
    "generate",
    "grid",
    "last_made",
    "models",
    "queue",
    "start",
    "stream",
    "usage",
]

_HOMES = {
    "Batch": ".many",
    "Compared": ".grids",
    "GeneratedImage": ".pictures",
    "GenerationPanel": ".panel",
    "Grid": ".grids",
    "Images": ".pictures",
    "Job": ".following",
    "Replay": ".replaying",
    "Result": ".many",
    "batch": ".many",
    "batch_stream": ".many",
    "cancel": ".mine",
    "compare": ".grids",
    "edit": ".generation",
    "generate": ".generation",
    "grid": ".grids",
    "last_made": ".made",
    "models": ".generation",
    "queue": ".mine",
    "start": ".following",
    "stream": ".following",
    "usage": ".mine",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
