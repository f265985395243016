"""What every REST handler shares: who asks, what it asks of, and one error mapping."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from jupyter_server.base.handlers import APIHandler
from pydantic import BaseModel, ValidationError

from ..detection.cache import ProfileCache
from ..detection.contents import ContentsProfiles
from ..detection.profile import Detector
from ..errors import GenAIError, InvalidRequest
from ..gateway.doors import Doors
from ..gateway.jupyter_road import JupyterRoad
from ..gpu.view import Claims, GPUAnswers
from ..lab.audit import Audit
from ..lab.builds import Builds
from ..lab.cloud_questions import CloudQuestions
from ..lab.consents import Consents
from ..lab.kept_modes import KeptModes
from ..lab.lab import Lab
from ..lab.ledger import Ledger
from ..lab.memory import Memory
from ..lab.usage import Usage
from ..launch.desk import LocalLaunchDesk
from ..launch.job_tokens import JobTokens
from ..launch.launcher import Launcher
from ..launch.person import person_of
from ..notebooks.course import CourseIndex
from ..wire.audience import for_students, told_to_students
from ..wire.services import Role
from ..wire.shape import Shape

if TYPE_CHECKING:
    from ..weights.fetches import Fetches
    from ..wire.plan import PlanView

AUTH_RESOURCE = "coursia_genai_lab"
SETTINGS_KEY = "coursia_genai_lab_parts"
ShapeT = TypeVar("ShapeT", bound=BaseModel)


@dataclass(frozen=True)
class Parts:
    """What the application built and the handlers ask of."""

    lab: Lab
    memory: Memory
    ledger: Ledger
    usage: Usage
    audit: Audit
    doors: Doors
    desk: LocalLaunchDesk
    builds: Builds
    launcher: Launcher
    consents: Consents
    cloud_questions: CloudQuestions
    course: CourseIndex
    gpus: GPUAnswers
    make_fetches: Callable[[], Fetches]
    openai: JupyterRoad
    job_tokens: JobTokens
    detector: Detector
    profiles: ProfileCache
    root: Path
    version: str
    plan: Callable[..., Awaitable[PlanView]]
    """Takes `people` and `names`, as `plan_of_lab` does."""
    modes: KeptModes
    person_of: Callable[[Any], str] = person_of
    """Who sends the request of a handler."""
    contents: ContentsProfiles | None = None
    """Set where the server's notebooks lie on no disk."""
    gpu_claims: Callable[[], Claims] = dict
    """What services hold or are about to take of each device, by its UUID."""
    began: float = field(default_factory=time.time)
    """Unix time at which this server began."""

    @cached_property
    def fetches(self) -> Fetches:
        """What brings models; made when the first person asks for one."""
        return self.make_fetches()


class LabHandler(APIHandler):
    """Answer in JSON; turn our errors into their status, code, sentence and remedy."""

    auth_resource: ClassVar[str] = AUTH_RESOURCE

    @property
    def parts(self) -> Parts:
        """Return what the application built."""
        parts: Parts = self.settings[SETTINGS_KEY]
        return parts

    @property
    def person(self) -> str:
        """Return who asks, resolved once a request."""
        return self.parts.person_of(self)

    @property
    def role(self) -> Role:
        """Return the caller's role."""
        return self.parts.lab.policy.people.role(self.person)

    @property
    def only(self) -> str | None:
        """Return whose things the caller sees: a student their own; None: everybody's."""
        return self.person if self.role == "student" else None

    def answer(self, shape: BaseModel, status: int = 200) -> None:
        """Send a wire shape; students are told of problems what they can do about them."""
        if isinstance(shape, Shape) and self.role == "student":
            shape = for_students(shape)
        self.answer_json(shape.model_dump_json(), status)

    def answer_json(self, text: str, status: int = 200) -> None:
        """Send a wire shape that is JSON already."""
        self.set_status(status)
        self.set_header("Cache-Control", "no-store")
        self.set_header("Content-Type", "application/json")
        self.finish(text)

    def body_as(self, shape: type[ShapeT]) -> ShapeT:
        """Return the request's JSON as a wire shape.

        Raises:
            InvalidRequest: it is no JSON, or not of this shape.
        """
        try:
            return shape.model_validate_json(self.request.body or b"{}")
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"]) or "the body"
            raise InvalidRequest(f"{place}: {first['msg']}.") from None

    def number_argument(self, name: str, default: float, low: float, high: float) -> float:
        """Return a number of the query, kept within bounds."""
        text = self.get_query_argument(name, "")
        try:
            return min(high, max(low, float(text))) if text else default
        except ValueError:
            raise InvalidRequest(f"{name} must be a number.") from None

    def send_error(self, status_code: int = 500, **kwargs: Any) -> None:
        """Answer one of our errors with its own status."""
        error = _our_error(kwargs)
        super().send_error(status_code if error is None else error.status, **kwargs)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write `{"error": {code, message, remedy}}` for every failure."""
        error = _our_error(kwargs)
        if error is None:
            reason = self._reason or "the server failed"
            body = {"code": f"http_{status_code}", "message": reason, "remedy": ""}
        else:
            body = self._told(error)
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps({"error": body}))

    def _told(self, error: GenAIError) -> dict[str, str]:
        if not self.current_user or self.role != "student":
            return error.to_dict()
        message, remedy = told_to_students(
            error.error_code, error.message, error.remedy, error.command
        )
        return {"code": error.error_code, "message": message, "remedy": remedy}

    def log_exception(
        self,
        typ: type[BaseException] | None,
        value: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        """Log one of our errors as a line: it is an answer, not a defect."""
        if isinstance(value, GenAIError):
            self.log.info("%s %s: %s", self.request.method, self.request.path, value.message)
        else:
            super().log_exception(typ, value, tb)


def _our_error(kwargs: dict[str, Any]) -> GenAIError | None:
    error = kwargs.get("exc_info", (None, None, None))[1]
    return error if isinstance(error, GenAIError) else None
