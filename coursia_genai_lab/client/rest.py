"""The Lab's REST API for programs outside the server, those that wait."""

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
from .access import Access
from .calls import RestCall
from .failures import unreachable
from .lean_httpx import httpx

Answer = TypeVar("Answer", bound=BaseModel)

API_PATH = "/coursia-genai/api/v1"
# A long poll is held 30 s at most, and a look at a silent Docker engine takes a few more.
ANSWER_SECONDS = 60.0
LONG_POLL_SECONDS = 20.0


def rest_settings(base_url: str, token: str) -> tuple[Access, dict[str, Any]]:
    """Return the address of the API of a Jupyter server, and the HTTP settings that suit it."""
    access = Access(base_url.rstrip("/") + API_PATH, token, scheme="token")
    settings = access.settings()
    settings["timeout"] = httpx.Timeout(ANSWER_SECONDS, connect=5.0)
    return access, settings


class LabClient:
    """Ask the Lab of one Jupyter server; a context manager that holds one connection.

    `base_url` is the server's address with its base URL, `http://127.0.0.1:8888/`; `token` is the
    Jupyter server's. Every method raises GenAIError: what the server answered, or LabUnreachable.
    """

    def __init__(
        self, base_url: str, token: str = "", *, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._access, settings = rest_settings(base_url, token)
        self._http = httpx.Client(**settings, transport=transport)

    def __enter__(self) -> LabClient:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"LabClient({self._access.url!r})"

    def close(self) -> None:
        """Hang up; a second call changes nothing."""
        self._http.close()

    def _ask(self, call: RestCall[Answer]) -> Answer:
        try:
            response = self._http.request(**call.arguments())
        except httpx.HTTPError as error:
            raise unreachable(error, self._access) from None
        return call.read(response, self._access)

    def status(self, since: int | None = None, wait: float = LONG_POLL_SECONDS) -> StatusView:
        """Return the snapshot; after `since` (a revision), or as it is after `wait` seconds."""
        return self._ask(calls.status(since, wait))

    def services(self) -> ServiceList:
        """Return every service."""
        return self._ask(calls.services())

    def service(self, name: str) -> ServiceView:
        """Return one service."""
        return self._ask(calls.service(name))

    def start(self, name: str) -> Accepted:
        """Ask for a start; the answer names the revision to wait for."""
        return self._ask(calls.command(name, "start"))

    def stop(self, name: str, *, force: bool = False) -> Accepted:
        """Ask for a stop; `force` also when somebody uses it."""
        return self._ask(calls.command(name, "stop", force=force))

    def restart(self, name: str, *, force: bool = False) -> Accepted:
        """Ask for a restart; `force` also when somebody uses it."""
        return self._ask(calls.command(name, "restart", force=force))

    def pin(self, name: str, minutes: float | None = 60) -> Accepted:
        """Start a service if need be and keep it for some minutes; None until it is unpinned."""
        return self._ask(calls.pin(name, minutes))

    def unpin(self, name: str) -> Accepted:
        """End the pin of a service, if it has one."""
        return self._ask(calls.command(name, "unpin"))

    def build(self, name: str, *, base: str = "", no_cache: bool = False) -> Accepted:
        """Begin to make the image of a service, from another `base` image where one is given."""
        return self._ask(calls.build(name, base, no_cache=no_cache))

    def cancel_build(self, name: str) -> Accepted:
        """End the making of a service's image, if it is being made."""
        return self._ask(calls.cancel_build(name))

    def logs(self, name: str, tail: int = 100) -> LogLines:
        """Return the last `tail` lines of a service's output, oldest first."""
        return self._ask(calls.logs(name, tail))

    def timeline(
        self, service: str | None = None, *, before: int | None = None, limit: int = 100
    ) -> TimelineView:
        """Return what the Lab did and why, newest first; `before` an id for the page behind it."""
        return self._ask(calls.timeline(service, before, limit))

    def generation(self, generation_id: str) -> GenerationView:
        """Return what the record knows of one generation; NotFound: nothing."""
        return self._ask(calls.generation(generation_id))

    def models(self) -> WeightsList:
        """Return every model of the catalogue that has files, and what is here of it."""
        return self._ask(calls.models())

    def fetch_model(self, model_id: str, *, accept_licence: bool = False) -> WeightsView:
        """Begin to bring what is missing of a model; `models` tells how it goes."""
        return self._ask(calls.fetch_model(model_id, accept_licence=accept_licence))

    def cancel_fetch(self, model_id: str) -> WeightsView:
        """End what is done for a model; what came is kept, and a later fetch goes on."""
        return self._ask(calls.cancel_fetch(model_id))

    def verify_model(self, model_id: str) -> WeightsView:
        """Begin to compare the hashes of a model's files; `models` tells the outcome."""
        return self._ask(calls.verify_model(model_id))

    def gpus(self) -> GPUsView:
        """Return the cached reading of the GPUs, who holds what, and a short history."""
        return self._ask(calls.gpus())

    def health(self) -> HealthView:
        """Return how the whole is: services lately, kernel starts, pictures, what is wrong."""
        return self._ask(calls.health())

    def plan(self, people: int | None = None) -> PlanView:
        """Return what fits on the Lab's host, and what a class of so many would wait."""
        return self._ask(calls.plan(people))

    def mode(self) -> ModeView:
        """Return the mode in force and its layers."""
        return self._ask(calls.mode())

    def set_mode(self, value: Mode | None, layer: str = "person") -> ModeView:
        """Set one layer of the mode; None clears it."""
        return self._ask(calls.change_mode(calls.new_mode(value, layer)))

    def policy(self) -> PolicyView:
        """Return what holds for the caller besides the mode, and where it comes from."""
        return self._ask(calls.policy())

    def profile(self, path: str) -> Profile:
        """Return what the notebook at `path` under the server's root needs."""
        return self._ask(calls.profile(path))

    def profile_notebook(self, notebook: Mapping[str, Any]) -> Profile:
        """Return what the notebook in this JSON needs."""
        return self._ask(calls.profile_of(notebook))

    def notebooks(self, folder: str = "", wait: float | None = None) -> FolderIndex:
        """Return what a folder's notebooks need, and what of it cannot run.

        The server answers after `wait` seconds at the latest (None: its own bound, 30); while the
        answer is not `complete`, ask again.
        """
        return self._ask(calls.notebooks(folder, wait))

    def consents(self, path: str = "") -> ConsentList:
        """Return what this person has confirmed; with `path`, also what that notebook asks for."""
        return self._ask(calls.consents(path))

    def consent(self, path: str, digest: str) -> ConsentNeeded:
        """Confirm what a notebook's metadata asks for, as `ConsentNeeded` showed it.

        Raises:
            Conflict: the metadata has changed since.
        """
        return self._ask(calls.consent(path, digest))

    def withdraw_consent(self, path: str) -> ConsentList:
        """Withdraw what this person has confirmed for a notebook; return what is left."""
        return self._ask(calls.withdraw_consent(path))

    def enable(self, kernel_id: str, profile: Profile | None = None) -> EnabledKernel:
        """Give a kernel that started without GenAI what it needs; the answer holds a token.

        `profile` is what its notebook needs now; None: what its file says.
        """
        return self._ask(calls.enable(kernel_id, profile))

    def jobs(self) -> JobList:
        """Return this person's jobs that wait or are worked on, each with its place in line."""
        return self._ask(calls.jobs())

    def cancel_job(self, job_id: str) -> Accepted:
        """End a job of one's own, whether it waits or is worked on."""
        return self._ask(calls.cancel_job(job_id))

    def usage(self, person: str = "", since: float | None = None) -> UsageView:
        """Return what this person, or another, has had made lately, or since a Unix time; what it
        cost, and what is left.
        """
        return self._ask(calls.usage(person, since))

    def export_usage(self, person: str = "", since: float | None = None) -> UsageExport:
        """Return every job of this person, of another, or for `*` of everybody, lately or since a
        Unix time; at most 20,000, and `cut` where there are more.
        """
        return self._ask(calls.export_usage(person, since))

    def erase_usage(self, person: str = "") -> UsageErased:
        """Take this person's name and prompts from record and ledger; an admin also another's."""
        return self._ask(calls.erase_usage(person))

    def ledger(self, state: str = "", *, limit: int = 100) -> LedgerView:
        """Return the newest charges, or those in a state; other people's with the role."""
        return self._ask(calls.ledger(state, limit))

    def resolve_charge(self, charge_id: str, cents: float | None) -> ChargeView:
        """Say what a charge came to whose end nobody heard; None: nothing. For admins.

        Raises:
            Conflict: its end is known.
        """
        return self._ask(calls.resolve_charge(charge_id, cents))

    def audit(self, *, deed: str = "", person: str = "", limit: int = 100) -> AuditView:
        """Return the newest deeds that changed what others may do; for teachers and admins."""
        return self._ask(calls.audit(deed, person, limit))

    def give_token(self, request: TokenRequest) -> TokenGiven:
        """Claim services for a program outside a kernel; the answer holds a token."""
        return self._ask(calls.give_token(request))

    def renew_token(self, token_id: str, lifetime_seconds: float) -> TokenRenewed:
        """Let a token end so many seconds from now, and not before."""
        return self._ask(calls.renew_token(token_id, lifetime_seconds))

    def end_token(self, token_id: str) -> Accepted:
        """End a token and what it claims."""
        return self._ask(calls.end_token(token_id))
