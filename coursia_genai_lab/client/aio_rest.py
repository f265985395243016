"""The Lab's REST API for programs outside the server, those with an event loop."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, TypeVar

from pydantic import BaseModel

from ..wire.audit import AuditView
from ..wire.consents import ConsentList, ConsentNeeded
from ..wire.generations import GenerationView
from ..wire.gpu import GPUsView
from ..wire.health import HealthView
from ..wire.jobs import JobList
from ..wire.launches import EnabledKernel
from ..wire.notebooks import FolderIndex, Profile
from ..wire.plan import PlanView
from ..wire.policy import Mode, ModeView, PolicyView
from ..wire.services import Accepted, LogLines, ServiceList, ServiceView, StatusView
from ..wire.timeline import TimelineView
from ..wire.tokens import TokenGiven, TokenRenewed, TokenRequest
from ..wire.usage import ChargeView, LedgerView, UsageErased, UsageExport, UsageView
from ..wire.weights import WeightsList, WeightsView
from . import calls
from .calls import RestCall
from .failures import unreachable
from .lean_httpx import httpx
from .rest import LONG_POLL_SECONDS, rest_settings

Answer = TypeVar("Answer", bound=BaseModel)


class AsyncLabClient:
    """As `LabClient`, for programs with an event loop."""

    def __init__(
        self, base_url: str, token: str = "", *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._access, settings = rest_settings(base_url, token)
        self._http = httpx.AsyncClient(**settings, transport=transport)

    async def __aenter__(self) -> AsyncLabClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"AsyncLabClient({self._access.url!r})"

    async def close(self) -> None:
        """Hang up; a second call changes nothing."""
        await self._http.aclose()

    async def _ask(self, call: RestCall[Answer]) -> Answer:
        try:
            response = await self._http.request(**call.arguments())
        except httpx.HTTPError as error:
            raise unreachable(error, self._access) from None
        return call.read(response, self._access)

    async def status(self, since: int | None = None, wait: float = LONG_POLL_SECONDS) -> StatusView:
        """As `LabClient.status`."""
        return await self._ask(calls.status(since, wait))

    async def services(self) -> ServiceList:
        """As `LabClient.services`."""
        return await self._ask(calls.services())

    async def service(self, name: str) -> ServiceView:
        """As `LabClient.service`."""
        return await self._ask(calls.service(name))

    async def start(self, name: str) -> Accepted:
        """As `LabClient.start`."""
        return await self._ask(calls.command(name, "start"))

    async def stop(self, name: str, *, force: bool = False) -> Accepted:
        """As `LabClient.stop`."""
        return await self._ask(calls.command(name, "stop", force=force))

    async def restart(self, name: str, *, force: bool = False) -> Accepted:
        """As `LabClient.restart`."""
        return await self._ask(calls.command(name, "restart", force=force))

    async def pin(self, name: str, minutes: float | None = 60) -> Accepted:
        """As `LabClient.pin`."""
        return await self._ask(calls.pin(name, minutes))

    async def unpin(self, name: str) -> Accepted:
        """As `LabClient.unpin`."""
        return await self._ask(calls.command(name, "unpin"))

    async def build(self, name: str, *, base: str = "", no_cache: bool = False) -> Accepted:
        """As `LabClient.build`."""
        return await self._ask(calls.build(name, base, no_cache=no_cache))

    async def cancel_build(self, name: str) -> Accepted:
        """As `LabClient.cancel_build`."""
        return await self._ask(calls.cancel_build(name))

    async def logs(self, name: str, tail: int = 100) -> LogLines:
        """As `LabClient.logs`."""
        return await self._ask(calls.logs(name, tail))

    async def timeline(
        self, service: str | None = None, *, before: int | None = None, limit: int = 100
    ) -> TimelineView:
        """As `LabClient.timeline`."""
        return await self._ask(calls.timeline(service, before, limit))

    async def generation(self, generation_id: str) -> GenerationView:
        """As `LabClient.generation`."""
        return await self._ask(calls.generation(generation_id))

    async def models(self) -> WeightsList:
        """As `LabClient.models`."""
        return await self._ask(calls.models())

    async def fetch_model(self, model_id: str, *, accept_licence: bool = False) -> WeightsView:
        """As `LabClient.fetch_model`."""
        return await self._ask(calls.fetch_model(model_id, accept_licence=accept_licence))

    async def cancel_fetch(self, model_id: str) -> WeightsView:
        """As `LabClient.cancel_fetch`."""
        return await self._ask(calls.cancel_fetch(model_id))

    async def verify_model(self, model_id: str) -> WeightsView:
        """As `LabClient.verify_model`."""
        return await self._ask(calls.verify_model(model_id))

    async def gpus(self) -> GPUsView:
        """As `LabClient.gpus`."""
        return await self._ask(calls.gpus())

    async def health(self) -> HealthView:
        """As `LabClient.health`."""
        return await self._ask(calls.health())

    async def plan(self, people: int | None = None) -> PlanView:
        """As `LabClient.plan`."""
        return await self._ask(calls.plan(people))

    async def mode(self) -> ModeView:
        """As `LabClient.mode`."""
        return await self._ask(calls.mode())

    async def set_mode(self, value: Mode | None, layer: str = "person") -> ModeView:
        """As `LabClient.set_mode`."""
        return await self._ask(calls.change_mode(calls.new_mode(value, layer)))

    async def policy(self) -> PolicyView:
        """As `LabClient.policy`."""
        return await self._ask(calls.policy())

    async def profile(self, path: str) -> Profile:
        """As `LabClient.profile`."""
        return await self._ask(calls.profile(path))

    async def profile_notebook(self, notebook: Mapping[str, Any]) -> Profile:
        """As `LabClient.profile_notebook`."""
        return await self._ask(calls.profile_of(notebook))

    async def notebooks(self, folder: str = "", wait: float | None = None) -> FolderIndex:
        """As `LabClient.notebooks`."""
        return await self._ask(calls.notebooks(folder, wait))

    async def consents(self, path: str = "") -> ConsentList:
        """As `LabClient.consents`."""
        return await self._ask(calls.consents(path))

    async def consent(self, path: str, digest: str) -> ConsentNeeded:
        """As `LabClient.consent`."""
        return await self._ask(calls.consent(path, digest))

    async def withdraw_consent(self, path: str) -> ConsentList:
        """As `LabClient.withdraw_consent`."""
        return await self._ask(calls.withdraw_consent(path))

    async def enable(self, kernel_id: str, profile: Profile | None = None) -> EnabledKernel:
        """As `LabClient.enable`."""
        return await self._ask(calls.enable(kernel_id, profile))

    async def jobs(self) -> JobList:
        """As `LabClient.jobs`."""
        return await self._ask(calls.jobs())

    async def cancel_job(self, job_id: str) -> Accepted:
        """As `LabClient.cancel_job`."""
        return await self._ask(calls.cancel_job(job_id))

    async def usage(self, person: str = "", since: float | None = None) -> UsageView:
        """As `LabClient.usage`."""
        return await self._ask(calls.usage(person, since))

    async def export_usage(self, person: str = "", since: float | None = None) -> UsageExport:
        """As `LabClient.export_usage`."""
        return await self._ask(calls.export_usage(person, since))

    async def erase_usage(self, person: str = "") -> UsageErased:
        """As `LabClient.erase_usage`."""
        return await self._ask(calls.erase_usage(person))

    async def ledger(self, state: str = "", *, limit: int = 100) -> LedgerView:
        """As `LabClient.ledger`."""
        return await self._ask(calls.ledger(state, limit))

    async def resolve_charge(self, charge_id: str, cents: float | None) -> ChargeView:
        """As `LabClient.resolve_charge`."""
        return await self._ask(calls.resolve_charge(charge_id, cents))

    async def audit(self, *, deed: str = "", person: str = "", limit: int = 100) -> AuditView:
        """As `LabClient.audit`."""
        return await self._ask(calls.audit(deed, person, limit))

    async def give_token(self, request: TokenRequest) -> TokenGiven:
        """As `LabClient.give_token`."""
        return await self._ask(calls.give_token(request))

    async def renew_token(self, token_id: str, lifetime_seconds: float) -> TokenRenewed:
        """As `LabClient.renew_token`."""
        return await self._ask(calls.renew_token(token_id, lifetime_seconds))

    async def end_token(self, token_id: str) -> Accepted:
        """As `LabClient.end_token`."""
        return await self._ask(calls.end_token(token_id))
