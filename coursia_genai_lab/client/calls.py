"""The REST API of the Lab as values: each call says where it goes and what it brings back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ValidationError

from ..errors import LabUnreachable
from ..wire.audit import AuditView
from ..wire.consents import ConsentList, ConsentNeeded, ConsentRequest
from ..wire.generations import GenerationView
from ..wire.gpu import GPUsView
from ..wire.health import HealthView
from ..wire.jobs import JobList
from ..wire.launches import EnabledKernel
from ..wire.notebooks import FolderIndex, Profile
from ..wire.plan import PlanView
from ..wire.policy import Mode, ModeChange, ModeView, PolicyView
from ..wire.services import Accepted, LogLines, PinRequest, ServiceList, ServiceView, StatusView
from ..wire.timeline import TimelineView
from ..wire.tokens import TokenGiven, TokenLifetime, TokenRenewed, TokenRequest
from ..wire.usage import (
    ChargeResolution,
    ChargeView,
    LedgerView,
    UsageErased,
    UsageExport,
    UsageView,
)
from ..wire.weights import FetchRequest, WeightsList, WeightsView
from .access import Access
from .failures import decoded, failure
from .lean_httpx import httpx

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True)
class RestCall(Generic[Answer]):
    """One request under `api/v1/`, and the shape of its answer."""

    method: str
    path: str
    answer: type[Answer]
    params: Mapping[str, str | int | float] = field(default_factory=dict)
    body: Any = None

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of `httpx.Client.request`."""
        body = {} if self.body is None else {"json": self.body}
        return {"method": self.method, "url": self.path, "params": dict(self.params), **body}

    def read(self, response: httpx.Response, access: Access) -> Answer:
        """Return the answer.

        Raises:
            GenAIError: the error that the server meant, or that its answer has another shape.
        """
        if not response.is_success:
            raise failure(response, access).error
        try:
            return self.answer.model_validate(decoded(response))
        except ValidationError:
            raise LabUnreachable(
                f"The Lab's answer to {self.method} {self.path} has another shape than expected.",
                "Use the same version of coursia-genai-lab on both sides.",
            ) from None


def status(since: int | None, wait: float) -> RestCall[StatusView]:
    """The snapshot; with `since`, held back up to `wait` seconds until there is a newer one."""
    params = {} if since is None else {"since": since, "wait": wait}
    return RestCall("GET", "/status", StatusView, params)


def services() -> RestCall[ServiceList]:
    """Every service."""
    return RestCall("GET", "/services", ServiceList)


def service(name: str) -> RestCall[ServiceView]:
    """One service."""
    return RestCall("GET", f"/services/{_part(name)}", ServiceView)


def command(name: str, verb: str, *, force: bool = False) -> RestCall[Accepted]:
    """Start, stop or restart a service."""
    body = {"force": True} if force else {}
    return RestCall("POST", f"/services/{_part(name)}/{verb}", Accepted, body=body)


def pin(name: str, minutes: float | None) -> RestCall[Accepted]:
    """Keep a service."""
    body = PinRequest(minutes=minutes).model_dump()
    return RestCall("POST", f"/services/{_part(name)}/pin", Accepted, body=body)


def build(name: str, base: str, *, no_cache: bool) -> RestCall[Accepted]:
    """Begin to make the image of a service."""
    body = {"base": base, "no_cache": no_cache}
    return RestCall("POST", f"/services/{_part(name)}/build", Accepted, body=body)


def cancel_build(name: str) -> RestCall[Accepted]:
    """End the making of a service's image."""
    return RestCall("DELETE", f"/services/{_part(name)}/build", Accepted)


def logs(name: str, tail: int) -> RestCall[LogLines]:
    """The last lines of a service's output."""
    return RestCall("GET", f"/services/{_part(name)}/logs", LogLines, {"tail": tail})


def timeline(service: str | None, before: int | None, limit: int) -> RestCall[TimelineView]:
    """What the Lab did and why, newest first."""
    params: dict[str, str | int] = {"limit": limit}
    if service is not None:
        params["service"] = service
    if before is not None:
        params["before"] = before
    return RestCall("GET", "/timeline", TimelineView, params)


def generation(generation_id: str) -> RestCall[GenerationView]:
    """What the record knows of one generation."""
    return RestCall("GET", f"/generations/{_part(generation_id)}", GenerationView)


def models() -> RestCall[WeightsList]:
    """Every model of the catalogue that has files."""
    return RestCall("GET", "/models", WeightsList)


def fetch_model(model_id: str, *, accept_licence: bool) -> RestCall[WeightsView]:
    """Begin to bring what is missing of a model."""
    body = FetchRequest(accept_licence=accept_licence).model_dump()
    return RestCall("POST", f"/models/{_part(model_id)}/fetch", WeightsView, body=body)


def cancel_fetch(model_id: str) -> RestCall[WeightsView]:
    """End what is done for a model; what came is kept."""
    return RestCall("DELETE", f"/models/{_part(model_id)}/fetch", WeightsView)


def verify_model(model_id: str) -> RestCall[WeightsView]:
    """Begin to compare the hashes of a model's files."""
    return RestCall("POST", f"/models/{_part(model_id)}/verify", WeightsView, body={})


def gpus() -> RestCall[GPUsView]:
    """The cached reading of the GPUs."""
    return RestCall("GET", "/gpus", GPUsView)


def health() -> RestCall[HealthView]:
    """How the whole is."""
    return RestCall("GET", "/health", HealthView)


def plan(people: int | None) -> RestCall[PlanView]:
    """What fits on the host, and what a class would wait."""
    params = {} if people is None else {"people": people}
    return RestCall("GET", "/plan", PlanView, params)


def mode() -> RestCall[ModeView]:
    """The mode in force and its layers."""
    return RestCall("GET", "/mode", ModeView)


def change_mode(change: ModeChange) -> RestCall[ModeView]:
    """Set or clear one layer of the mode."""
    return RestCall("PUT", "/mode", ModeView, body=change.model_dump())


def policy() -> RestCall[PolicyView]:
    """What holds for the caller besides the mode."""
    return RestCall("GET", "/policy", PolicyView)


def profile(path: str) -> RestCall[Profile]:
    """What a notebook under the server's root needs."""
    return RestCall("GET", "/notebooks/profile", Profile, {"path": path})


def profile_of(notebook: Mapping[str, Any]) -> RestCall[Profile]:
    """What the notebook in this JSON needs."""
    return RestCall("POST", "/notebooks/profile", Profile, body=dict(notebook))


def notebooks(folder: str, wait: float | None) -> RestCall[FolderIndex]:
    """The index of a folder; with `wait`, what is known of it after so many seconds."""
    params: dict[str, str | float] = {"folder": folder}
    if wait is not None:
        params["wait"] = wait
    return RestCall("GET", "/notebooks", FolderIndex, params)


def consents(path: str) -> RestCall[ConsentList]:
    """What the caller has confirmed; with `path`, also what that notebook asks for."""
    return RestCall("GET", "/consents", ConsentList, {"path": path} if path else {})


def consent(path: str, digest: str) -> RestCall[ConsentNeeded]:
    """A confirmation of a notebook's metadata, as it was shown."""
    body = ConsentRequest(path=path, digest=digest).model_dump(mode="json")
    return RestCall("POST", "/consents", ConsentNeeded, body=body)


def withdraw_consent(path: str) -> RestCall[ConsentList]:
    """The end of every confirmation of the caller for a notebook."""
    return RestCall("DELETE", "/consents", ConsentList, {"path": path})


def enable(kernel_id: str, profile: Profile | None) -> RestCall[EnabledKernel]:
    """GenAI for a kernel that started without."""
    body = {} if profile is None else {"profile": profile.model_dump(mode="json")}
    return RestCall("POST", f"/kernels/{_part(kernel_id)}/enable", EnabledKernel, body=body)


def jobs() -> RestCall[JobList]:
    """The jobs that wait or are worked on."""
    return RestCall("GET", "/jobs", JobList)


def cancel_job(job_id: str) -> RestCall[Accepted]:
    """The end of a job."""
    return RestCall("DELETE", f"/jobs/{_part(job_id)}", Accepted)


def usage(person: str, since: float | None) -> RestCall[UsageView]:
    """What the caller, or somebody else, has had made lately, or since a Unix time."""
    return RestCall("GET", "/usage", UsageView, _since(person, since))


def export_usage(person: str, since: float | None) -> RestCall[UsageExport]:
    """Every job of the caller, of somebody else, or for `*` of everybody."""
    params = {**_since(person, since), "format": "json"}
    return RestCall("GET", "/usage/export", UsageExport, params)


def erase_usage(person: str) -> RestCall[UsageErased]:
    """The end of a person's name and prompts in record and ledger."""
    return RestCall("DELETE", "/usage", UsageErased, {"person": person} if person else {})


def ledger(state: str, limit: int) -> RestCall[LedgerView]:
    """The newest charges."""
    params: dict[str, str | int] = {"limit": limit}
    return RestCall("GET", "/ledger", LedgerView, {**params, **({"state": state} if state else {})})


def resolve_charge(charge_id: str, cents: float | None) -> RestCall[ChargeView]:
    """What became of a charge whose end nobody heard."""
    body = ChargeResolution(cents=cents).model_dump()
    return RestCall("POST", f"/ledger/{_part(charge_id)}/resolve", ChargeView, body=body)


def audit(deed: str, person: str, limit: int) -> RestCall[AuditView]:
    """The newest deeds."""
    params: dict[str, str | int] = {"limit": limit}
    asked = {name: value for name, value in (("deed", deed), ("person", person)) if value}
    return RestCall("GET", "/audit", AuditView, {**params, **asked})


def give_token(request: TokenRequest) -> RestCall[TokenGiven]:
    """A token for a program outside a kernel."""
    return RestCall("POST", "/tokens", TokenGiven, body=request.model_dump(mode="json"))


def renew_token(token_id: str, lifetime_seconds: float) -> RestCall[TokenRenewed]:
    """More time for a token."""
    body = TokenLifetime(lifetime_seconds=lifetime_seconds).model_dump()
    return RestCall("POST", f"/tokens/{_part(token_id)}/renew", TokenRenewed, body=body)


def end_token(token_id: str) -> RestCall[Accepted]:
    """The end of a token and of what it claims."""
    return RestCall("DELETE", f"/tokens/{_part(token_id)}", Accepted)


def new_mode(value: Mode | None, layer: str) -> ModeChange:
    """Return the body of a change of mode.

    Raises:
        pydantic.ValidationError: there is no such layer or mode.
    """
    return ModeChange.model_validate({"layer": layer, "value": value})


def _since(person: str, since: float | None) -> dict[str, str | float]:
    params: dict[str, str | float] = {"person": person} if person else {}
    return params if since is None else {**params, "since": since}


def _part(text: str) -> str:
    return quote(text, safe="")
