"""The shapes that cross a boundary: REST, events, doors, command line."""

from __future__ import annotations

from .images import GenerationRequest, ModelInfo, ModelList
from .launches import EnabledKernel, LaunchView
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
