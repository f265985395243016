"""The shapes that cross a boundary: REST, events, doors, command line.

Names are looked up when they are asked for: a kernel that makes a picture needs two of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .consents import ConsentGiven, ConsentList, ConsentNeeded, ConsentRequest
    from .generations import GenerationView, Outcome
    from .gpu import GPUClaim, GPUPoint, GPUsView, GPUUser, GPUView
    from .health import (
        HealthIntegration,
        HealthMetrics,
        HealthReason,
        HealthView,
        ServiceHealth,
        UpSpan,
    )
    from .images import GenerationRequest, ModelInfo, ModelList
    from .jobs import JobKind, JobList, JobState, JobView
    from .launches import EnabledKernel, EnableKernel, LaunchView
    from .notebooks import (
        Evidence,
        FolderIndex,
        IndexTotals,
        NotebookType,
        Profile,
        Resources,
        Section,
    )
    from .plan import ClassWait, PlannedService, PlanView
    from .policy import Mode, ModeChange, ModeLayer, ModeView
    from .problems import Problem
    from .provenance import Provenance
    from .services import (
        Accepted,
        HolderView,
        LabEvent,
        LogLines,
        ModelFileView,
        PinRequest,
        ServiceList,
        ServiceState,
        ServiceView,
        StatusView,
    )
    from .timeline import TimelineEntry, TimelineView
    from .tokens import TokenGiven, TokenLifetime, TokenRenewed, TokenRequest
    from .usage import ServiceUsage, UsageView
    from .weights import FetchRequest, ModelRoot, WeightsFile, WeightsList, WeightsView

__all__ = [
    "Accepted",
    "ClassWait",
    "ConsentGiven",
    "ConsentList",
    "ConsentNeeded",
    "ConsentRequest",
    "EnableKernel",
    "EnabledKernel",
    "Evidence",
    "FetchRequest",
    "FolderIndex",
    "GPUClaim",
    "GPUPoint",
    "GPUUser",
    "GPUView",
    "GPUsView",
    "GenerationRequest",
    "GenerationView",
    "HealthIntegration",
    "HealthMetrics",
    "HealthReason",
    "HealthView",
    "HolderView",
    "IndexTotals",
    "JobKind",
    "JobList",
    "JobState",
    "JobView",
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
    "ModelRoot",
    "NotebookType",
    "Outcome",
    "PinRequest",
    "PlanView",
    "PlannedService",
    "Problem",
    "Profile",
    "Provenance",
    "Resources",
    "Section",
    "ServiceHealth",
    "ServiceList",
    "ServiceState",
    "ServiceUsage",
    "ServiceView",
    "StatusView",
    "TimelineEntry",
    "TimelineView",
    "TokenGiven",
    "TokenLifetime",
    "TokenRenewed",
    "TokenRequest",
    "UpSpan",
    "UsageView",
    "WeightsFile",
    "WeightsList",
    "WeightsView",
]

_HOMES = {
    "Accepted": ".services",
    "ClassWait": ".plan",
    "ConsentGiven": ".consents",
    "ConsentList": ".consents",
    "ConsentNeeded": ".consents",
    "ConsentRequest": ".consents",
    "EnableKernel": ".launches",
    "EnabledKernel": ".launches",
    "Evidence": ".notebooks",
    "FetchRequest": ".weights",
    "FolderIndex": ".notebooks",
    "GPUClaim": ".gpu",
    "GPUPoint": ".gpu",
    "GPUUser": ".gpu",
    "GPUView": ".gpu",
    "GPUsView": ".gpu",
    "GenerationRequest": ".images",
    "GenerationView": ".generations",
    "HealthIntegration": ".health",
    "HealthMetrics": ".health",
    "HealthReason": ".health",
    "HealthView": ".health",
    "HolderView": ".services",
    "IndexTotals": ".notebooks",
    "LabEvent": ".services",
    "JobKind": ".jobs",
    "JobList": ".jobs",
    "JobState": ".jobs",
    "JobView": ".jobs",
    "LaunchView": ".launches",
    "LogLines": ".services",
    "Mode": ".policy",
    "ModeChange": ".policy",
    "ModeLayer": ".policy",
    "ModeView": ".policy",
    "ModelFileView": ".services",
    "ModelInfo": ".images",
    "ModelList": ".images",
    "ModelRoot": ".weights",
    "NotebookType": ".notebooks",
    "Outcome": ".generations",
    "PinRequest": ".services",
    "PlanView": ".plan",
    "PlannedService": ".plan",
    "Problem": ".problems",
    "Profile": ".notebooks",
    "Provenance": ".provenance",
    "Resources": ".notebooks",
    "Section": ".notebooks",
    "ServiceHealth": ".health",
    "ServiceList": ".services",
    "ServiceState": ".services",
    "ServiceUsage": ".usage",
    "ServiceView": ".services",
    "StatusView": ".services",
    "TimelineEntry": ".timeline",
    "TimelineView": ".timeline",
    "TokenGiven": ".tokens",
    "TokenLifetime": ".tokens",
    "TokenRenewed": ".tokens",
    "TokenRequest": ".tokens",
    "UpSpan": ".health",
    "UsageView": ".usage",
    "WeightsFile": ".weights",
    "WeightsList": ".weights",
    "WeightsView": ".weights",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
