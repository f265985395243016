"""The shapes that cross a boundary: REST, events, doors, command line.

Names are looked up when they are asked for: a kernel that makes a picture needs two of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .images import GenerationRequest, ModelInfo, ModelList
    from .launches import EnabledKernel, EnableKernel, LaunchView
    from .notebooks import Evidence, FolderIndex, NotebookType, Profile
    from .policy import Mode, ModeChange, ModeLayer, ModeView
    from .services import (
        Accepted,
        HolderView,
        LabEvent,
        LogLines,
        ModelFileView,
        Problem,
        ServiceList,
        ServiceState,
        ServiceView,
        StatusView,
    )

__all__ = [
    "Accepted",
    "EnableKernel",
    "EnabledKernel",
    "Evidence",
    "FolderIndex",
    "GenerationRequest",
    "HolderView",
    "LabEvent",
    "LaunchView",
    "LogLines",
    "Mode",
    "ModeChange",
    "ModeLayer",
    "ModeView",
    "ModelFileView",
    "ModelInfo",
    "ModelList",
    "NotebookType",
    "Problem",
    "Profile",
    "ServiceList",
    "ServiceState",
    "ServiceView",
    "StatusView",
]

_HOMES = {
    "Accepted": ".services",
    "EnableKernel": ".launches",
    "EnabledKernel": ".launches",
    "Evidence": ".notebooks",
    "FolderIndex": ".notebooks",
    "GenerationRequest": ".images",
    "HolderView": ".services",
    "LabEvent": ".services",
    "LaunchView": ".launches",
    "LogLines": ".services",
    "Mode": ".policy",
    "ModeChange": ".policy",
    "ModeLayer": ".policy",
    "ModeView": ".policy",
    "ModelFileView": ".services",
    "ModelInfo": ".images",
    "ModelList": ".images",
    "NotebookType": ".notebooks",
    "Problem": ".services",
    "Profile": ".notebooks",
    "ServiceList": ".services",
    "ServiceState": ".services",
    "ServiceView": ".services",
    "StatusView": ".services",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
