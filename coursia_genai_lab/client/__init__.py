"""Typed clients of the Lab, sync and async: its REST API, and the door that makes pictures.

The kernel-side subset: httpx, pydantic, the standard library, our wire shapes and errors. Names are
looked up when they are asked for: a kernel that makes a picture needs nothing of the REST API.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .access import Access, find_access
    from .aio_door import AsyncDoor
    from .door import Door
    from .events import Event, Picture, Preview, Step, Waiting
    from .images import EditRequest, ImageFile
    from .rest import AsyncLabClient, LabClient

__all__ = [
    "Access",
    "AsyncDoor",
    "AsyncLabClient",
    "Door",
    "EditRequest",
    "Event",
    "ImageFile",
    "LabClient",
    "Picture",
    "Preview",
    "Step",
    "Waiting",
    "find_access",
]

_HOMES = {
    "Access": ".access",
    "AsyncDoor": ".aio_door",
    "AsyncLabClient": ".rest",
    "Door": ".door",
    "EditRequest": ".images",
    "Event": ".events",
    "ImageFile": ".images",
    "LabClient": ".rest",
    "Picture": ".events",
    "Preview": ".events",
    "Step": ".events",
    "Waiting": ".events",
    "find_access": ".access",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
