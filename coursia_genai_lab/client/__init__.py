"""Typed clients of the Lab, sync and async: its REST API, and the door that makes pictures.

The kernel-side subset: httpx, pydantic, the standard library, our wire shapes and errors. Names are
looked up when they are asked for: a kernel that makes a picture needs nothing of the REST API.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .access import Access, Timeouts, find_access
    from .aio_door import AsyncDoor
    from .aio_rest import AsyncLabClient
    from .background import Generation, batch
    from .batches import Outcome, outcomes
    from .comparison import Comparison, compare
    from .door import Door
    from .events import Event, Picture, Preview, Step, Waiting
    from .images import EditRequest, ImageFile
    from .replay import request_again
    from .rest import LabClient

__all__ = [
    "Access",
    "AsyncDoor",
    "AsyncLabClient",
    "Comparison",
    "Door",
    "EditRequest",
    "Event",
    "Generation",
    "ImageFile",
    "LabClient",
    "Outcome",
    "Picture",
    "Preview",
    "Step",
    "Timeouts",
    "Waiting",
    "batch",
    "compare",
    "find_access",
    "outcomes",
    "request_again",
]

_HOMES = {
    "Access": ".access",
    "AsyncDoor": ".aio_door",
    "AsyncLabClient": ".aio_rest",
    "Comparison": ".comparison",
    "Door": ".door",
    "EditRequest": ".images",
    "Event": ".events",
    "Generation": ".background",
    "ImageFile": ".images",
    "LabClient": ".rest",
    "Outcome": ".batches",
    "Picture": ".events",
    "Preview": ".events",
    "Step": ".events",
    "Timeouts": ".access",
    "Waiting": ".events",
    "batch": ".background",
    "compare": ".comparison",
    "find_access": ".access",
    "outcomes": ".batches",
    "request_again": ".replay",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
