"""The routes of the REST API; one file a resource."""

from __future__ import annotations

from typing import Any

from .builds import BuildHandler
from .consents import ConsentsHandler
from .gpus import GPUsHandler
from .health import HealthHandler
from .jobs import JobHandler, JobsHandler
from .kernels import EnableKernelHandler, LaunchesHandler, SkipWaitHandler
from .ledger import AuditHandler, LedgerHandler, ResolveHandler
from .mode import ModeHandler
from .notebooks import FolderHandler, ProfileHandler
from .openai import OpenAIHandler
from .overview import OverviewHandler
from .pins import PinHandler, UnpinHandler
from .plan import PlanHandler
from .policy import PolicyHandler
from .services import (
    ServiceCommandHandler,
    ServiceHandler,
    ServiceLogsHandler,
    ServicesHandler,
)
from .status import StatusHandler
from .thumbnails import ThumbnailHandler, ThumbnailsHandler
from .timeline import TimelineHandler
from .tokens import TokenHandler, TokenRenewalHandler, TokensHandler
from .usage import GenerationHandler, UsageExportHandler, UsageHandler
from .weights import FetchModelHandler, VerifyModelHandler, WeightsListHandler

NAME = r"(?P<name>[a-z][a-z0-9-]{0,39})"
MODEL = r"(?P<model>[^/]{1,300})"
JOB = r"(?P<job_id>[\w-]{1,64})"
KERNEL = r"(?P<kernel_id>[\w-]{1,64})"
JOB_OR_CHARGE = r"(?P<charge_id>[\w-]{1,64})"
GENERATION = r"(?P<generation_id>[\w-]{1,64})"
TOKEN = r"(?P<token_id>[\w-]{1,64})"

ROUTES: list[tuple[str, Any]] = [
    (r"/coursia-genai/health", HealthHandler),
    (r"/coursia-genai/api/v1/status", StatusHandler),
    (r"/coursia-genai/api/v1/health", OverviewHandler),
    (r"/coursia-genai/api/v1/services", ServicesHandler),
    (rf"/coursia-genai/api/v1/services/{NAME}", ServiceHandler),
    (rf"/coursia-genai/api/v1/services/{NAME}/logs", ServiceLogsHandler),
    (
        rf"/coursia-genai/api/v1/services/{NAME}/(?P<command>start|stop|restart)",
        ServiceCommandHandler,
    ),
    (rf"/coursia-genai/api/v1/services/{NAME}/build", BuildHandler),
    (rf"/coursia-genai/api/v1/services/{NAME}/pin", PinHandler),
    (rf"/coursia-genai/api/v1/services/{NAME}/unpin", UnpinHandler),
    (r"/coursia-genai/api/v1/mode", ModeHandler),
    (r"/coursia-genai/api/v1/policy", PolicyHandler),
    (r"/coursia-genai/api/v1/notebooks", FolderHandler),
    (r"/coursia-genai/api/v1/notebooks/profile", ProfileHandler),
    (r"/coursia-genai/api/v1/consents", ConsentsHandler),
    (r"/coursia-genai/api/v1/timeline", TimelineHandler),
    (r"/coursia-genai/api/v1/jobs", JobsHandler),
    (rf"/coursia-genai/api/v1/jobs/{JOB}", JobHandler),
    (r"/coursia-genai/api/v1/usage", UsageHandler),
    (r"/coursia-genai/api/v1/usage/export", UsageExportHandler),
    (r"/coursia-genai/api/v1/usage/thumbnails", ThumbnailsHandler),
    (rf"/coursia-genai/api/v1/usage/thumbnails/{GENERATION}", ThumbnailHandler),
    (r"/coursia-genai/api/v1/ledger", LedgerHandler),
    (rf"/coursia-genai/api/v1/ledger/{JOB_OR_CHARGE}/resolve", ResolveHandler),
    (r"/coursia-genai/api/v1/audit", AuditHandler),
    (rf"/coursia-genai/api/v1/generations/{GENERATION}", GenerationHandler),
    (r"/coursia-genai/api/v1/gpus", GPUsHandler),
    (r"/coursia-genai/api/v1/plan", PlanHandler),
    (r"/coursia-genai/api/v1/models", WeightsListHandler),
    (rf"/coursia-genai/api/v1/models/{MODEL}/fetch", FetchModelHandler),
    (rf"/coursia-genai/api/v1/models/{MODEL}/verify", VerifyModelHandler),
    (r"/coursia-genai/api/v1/launches", LaunchesHandler),
    (rf"/coursia-genai/api/v1/kernels/{KERNEL}/enable", EnableKernelHandler),
    (rf"/coursia-genai/api/v1/kernels/{KERNEL}/skip-wait", SkipWaitHandler),
    (r"/coursia-genai/api/v1/tokens", TokensHandler),
    (rf"/coursia-genai/api/v1/tokens/{TOKEN}", TokenHandler),
    (rf"/coursia-genai/api/v1/tokens/{TOKEN}/renew", TokenRenewalHandler),
    (r"/coursia-genai/openai/v1/(?P<path>.*)", OpenAIHandler),
]
"""Pattern below the server's base_url, and handler."""
