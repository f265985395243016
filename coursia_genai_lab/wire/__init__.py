"""The shapes that cross a boundary: REST, events, doors, command line.

Names are looked up when they are asked for: a kernel that makes a picture needs two of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .audit import AuditEntry, AuditView, Deed
    from .consents import ConsentGiven, ConsentKind, ConsentList, ConsentNeeded, ConsentRequest
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
    from .policy import (
        Fallback,
        LayerName,
        Mode,
        ModeChange,
        ModeLayer,
        ModeView,
        PolicyView,
        Quota,
        Scope,
        TextPolicy,
        Window,
    )
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
    from .usage import Allowance, ChargeState, ChargeView, ServiceUsage, UsageView
    from .weights import FetchRequest, ModelRoot, WeightsFile, WeightsList, WeightsView

__all__ = [
    "Accepted",
    "Allowance",
    "AuditEntry",
    "AuditView",
    "ChargeState",
    "ChargeView",
    "ClassWait",
    "ConsentGiven",
    "ConsentKind",
    "ConsentList",
    "ConsentNeeded",
    "ConsentRequest",
    "Deed",
    "EnableKernel",
    "EnabledKernel",
    "Evidence",
    "Fallback",
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
    "LayerName",
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
    "PolicyView",
    "Problem",
    "Profile",
    "Provenance",
    "Quota",
    "Resources",
    "Scope",
    "Section",
    "ServiceHealth",
    "ServiceList",
    "ServiceState",
    "ServiceUsage",
    "ServiceView",
    "StatusView",
    "TextPolicy",
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
    "Window",
]

_HOMES = {
    "Accepted": ".services",
    "Allowance": ".usage",
    "AuditEntry": ".audit",
    "AuditView": ".audit",
    "ChargeState": ".usage",
    "ChargeView": ".usage",
    "ClassWait": ".plan",
    "ConsentGiven": ".consents",
    "ConsentKind": ".consents",
    "ConsentList": ".consents",
    "ConsentNeeded": ".consents",
    "ConsentRequest": ".consents",
    "Deed": ".audit",
    "EnableKernel": ".launches",
    "EnabledKernel": ".launches",
    "Evidence": ".notebooks",
    "Fallback": ".policy",
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
    "JobKind": ".jobs",
    "JobList": ".jobs",
    "JobState": ".jobs",
    "JobView": ".jobs",
    "LabEvent": ".services",
    "LaunchView": ".launches",
    "LayerName": ".policy",
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
    "PolicyView": ".policy",
    "Problem": ".problems",
    "Profile": ".notebooks",
    "Provenance": ".provenance",
    "Quota": ".policy",
    "Resources": ".notebooks",
    "Scope": ".policy",
    "Section": ".notebooks",
    "ServiceHealth": ".health",
    "ServiceList": ".services",
    "ServiceState": ".services",
    "ServiceUsage": ".usage",
    "ServiceView": ".services",
    "StatusView": ".services",
    "TextPolicy": ".policy",
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
    "Window": ".policy",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
