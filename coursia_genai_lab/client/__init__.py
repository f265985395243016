"""Typed clients of the Lab, sync and async: its REST API, and the door that makes pictures.

The kernel-side subset: httpx, pydantic, the standard library, our wire shapes and errors.
"""

from __future__ import annotations

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
