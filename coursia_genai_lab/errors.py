"""The error tree: every failure that a person or a caller can meet, with its remedy.

GenAIError                      anything of ours; code, sentence, remedy, HTTP status
├── InvalidRequest              400  the caller's input is wrong
│   └── RequestTooLarge         413  the caller sends more than a door takes
├── TooManyRequests             429  the caller has as much open as it may
│   └── QuotaExceeded           429  what was granted for this day, week or course is used up
├── NotAllowed                  403  role, mode or policy says no
│   └── PriceUnknown            403  nobody knows what it would cost, so it is not bought
├── NotFound                    404  no such service, notebook, launch, job
├── Conflict                    409  the thing is in another state, or has another owner
├── ConfigurationError          500  an operator's setting cannot work
│   └── SpecError               500  a catalogue file is wrong
├── StoreError                  503  what the Lab remembers cannot be read or written now
├── ServiceError                503  a service cannot do what was asked
│   ├── RuntimeUnavailable      503  no Docker, no permission, engine away
│   ├── ImageMissing            503  the container image is not on this machine
│   ├── PortTaken               503  somebody else listens where we must
│   ├── GPUTaken                503  another Lab took the GPU memory a moment earlier
│   ├── ServiceDied             503  the service ended while it was starting or serving
│   ├── StartTimedOut           503  the service did not answer in time
│   ├── ServiceNotReady         503  it is starting; ask again later
│   ├── ConsentMissing          503  only the notebook's metadata asks for it; a person decides
│   ├── ModelFilesError         503  model files cannot be fetched, or are not what they should be
│   └── NothingInstalled        503  nothing on this machine can run it
└── GenerationError             502  an engine refused or failed
    ├── TokenMissing            401  this kernel has no GenAI token
    ├── TokenRefused            401  the token is unknown, expired or of a dead kernel
    ├── ModelUnknown            404  no engine knows the model
    ├── ModerationBlocked       400  whoever runs the model does not want this picture made
    ├── GenerationCancelled     499  the person cancelled
    ├── GenerationTimedOut      504  the caller did not want to wait any longer
    └── LabUnreachable          502  the Lab's address does not answer

Codes are stable words for programs; sentences and remedies are for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

_PACKAGE = __file__.rpartition("errors")[0]


class GenAIError(Exception):
    """Carry a code for programs, a sentence and a remedy for people, and an HTTP status.

    `message` and `remedy` must be free of secrets and of prompts: they are logged, sent to
    browsers and written into notebooks.
    """

    code: ClassVar[str] = "genai_error"
    status: ClassVar[int] = 500
    default_remedy: ClassVar[str] = "Run `coursia-genai doctor` to see what is wrong."
    may_have_billed: bool = False
    """Whether a provider may charge for what failed: its request was sent, its end is unknown."""

    def __init__(
        self,
        message: str,
        remedy: str | None = None,
        *,
        code: str | None = None,
        command: str | None = None,
        param: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = self.default_remedy if remedy is None else remedy
        self.error_code = code or type(self).code
        self.command = command
        """One command line that mends it, where there is one."""
        self.param = param
        """The field of the request that is wrong, where it is one."""

    def to_dict(self) -> dict[str, str]:
        """Return the public form: code, message, remedy, and the command where there is one."""
        shown = {"code": self.error_code, "message": self.message, "remedy": self.remedy}
        return shown if self.command is None else {**shown, "command": self.command}

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def _render_traceback_(self) -> list[str]:
        # IPython shows this in place of a traceback: it says nothing that helps the reader of
        # the notebook, while sentence and remedy do.
        told = [f"{type(self).__name__}: {self.message}", self.remedy]
        return told if (where := self._where()) is None else [*told, where]

    def _where(self) -> str | None:
        # Of the way here the reader wrote one line: the last before it came into this package.
        import traceback

        theirs = None
        for frame in traceback.extract_tb(self.__traceback__):
            if frame.filename.startswith(_PACKAGE):
                break
            theirs = frame
        if theirs is None or not theirs.line:
            return None
        return f"In line {theirs.lineno}: {theirs.line[:100]}"


class InvalidRequest(GenAIError):
    """The caller's input is wrong."""

    code = "invalid_request"
    status = 400
    default_remedy = "Correct the request and send it again."


class RequestTooLarge(InvalidRequest):
    """The caller sends more than a door takes."""

    code = "request_too_large"
    status = 413
    default_remedy = "Send less: a smaller picture, a shorter text."


class TooManyRequests(GenAIError):
    """The caller has as much open as it may."""

    code = "too_many_requests"
    status = 429
    default_remedy = "Wait until some calls have ended."
    retry_after: float = 1.0
    """Seconds after which asking again makes sense."""


class QuotaExceeded(TooManyRequests):
    """What was granted for a day, a week or a course is used up, or reserved by what runs."""

    code = "quota_exceeded"
    default_remedy = "Wait until the quota begins anew, or ask your teacher for more."
    left: Sequence[Mapping[str, object]] = ()
    """What the caller's quotas still give: each as `wire.usage.Allowance` is sent."""


class NotAllowed(GenAIError):
    """Role, mode or policy says no."""

    code = "not_allowed"
    status = 403
    default_remedy = "Ask the person who administers this server."


class PriceUnknown(NotAllowed):
    """Nobody knows what it would cost, so it is not bought."""

    code = "price_unknown"
    default_remedy = "Use another model, or ask whoever administers this server to set its price."


class NotFound(GenAIError):
    """No such service, notebook, launch or job."""

    code = "not_found"
    status = 404
    default_remedy = "Run `coursia-genai status` to see what exists."


class Conflict(GenAIError):
    """The thing is in another state, or belongs to somebody else."""

    code = "conflict"
    status = 409
    default_remedy = "Look at its present state first, then try again."


class ConfigurationError(GenAIError):
    """An operator's setting cannot work."""

    code = "configuration_error"
    default_remedy = "Correct the setting and restart the server."


class SpecError(ConfigurationError):
    """A catalogue file is wrong."""

    code = "bad_spec"
    default_remedy = "Correct the file, or remove it from the services folder."


class StoreError(GenAIError):
    """What the Lab remembers cannot be read or written now; services go on."""

    code = "store_error"
    status = 503
    default_remedy = "Look at GenAILab.store_url and at the disk; services go on meanwhile."


class ServiceError(GenAIError):
    """A service cannot do what was asked."""

    code = "service_error"
    status = 503


class RuntimeUnavailable(ServiceError):
    """The thing that runs services (Docker, say) is absent, away or closed to us."""

    code = "runtime_unavailable"


class ImageMissing(ServiceError):
    """The container image is not on this machine."""

    code = "image_missing"


class PortTaken(ServiceError):
    """Somebody else listens where we must."""

    code = "port_taken"


class GPUTaken(ServiceError):
    """Another Lab took the GPU memory a moment earlier."""

    code = "gpu_taken"
    default_remedy = "Start the service again; it waits until the memory is free."


class ServiceDied(ServiceError):
    """The service ended while it was starting or serving."""

    code = "service_died"
    default_remedy = "Ask again, which starts it anew; if it ends again, read its log."
    output: Sequence[str] = ()
    """The last lines that it wrote, where they are gone with it; for its log alone."""


class StartTimedOut(ServiceError):
    """The service did not answer in time."""

    code = "start_timed_out"
    default_remedy = "Read its log; a larger start_timeout_seconds in its spec may help."


class ServiceNotReady(ServiceError):
    """The service is still starting."""

    code = "service_not_ready"
    default_remedy = "Wait a moment and try again."
    retry_after: float = 5.0
    """Seconds after which asking again makes sense."""


class ConsentMissing(ServiceError):
    """Only the notebook's metadata asks for the service, and nobody has confirmed that yet."""

    code = "consent_needed"
    default_remedy = (
        'Open the GenAI side panel and press "Start it" below its question, then run the cell '
        "again."
    )


class ModelFilesError(ServiceError):
    """Model files cannot be fetched, or are not what they should be."""

    code = "model_files"
    default_remedy = "Run `coursia-genai models list` to see what is here and what is missing."


class NothingInstalled(ServiceError):
    """Nothing on this machine can run the service."""

    code = "nothing_installed"


class GenerationError(GenAIError):
    """An engine refused or failed."""

    code = "generation_failed"
    status = 502
    default_remedy = "Change the request, or try another model."


class TokenMissing(GenerationError):
    """This kernel has no GenAI token."""

    code = "token_missing"
    status = 401
    default_remedy = (
        'Open the GenAI side panel and press "Enable GenAI for this kernel", '
        "or run the command of that name from the command palette."
    )


class TokenRefused(GenerationError):
    """The token is unknown, expired, or its kernel is gone."""

    code = "token_refused"
    status = 401
    default_remedy = "Restart the kernel to get a new token."


class ModelUnknown(GenerationError):
    """No engine knows the model."""

    code = "model_not_found"
    status = 404
    default_remedy = "List the models with `coursia_genai_lab.models()`."


class ModerationBlocked(GenerationError):
    """Whoever runs the model does not want this picture made; asking again changes nothing."""

    code = "moderation_blocked"
    status = 400
    default_remedy = "Change the wording or the pictures: the same request is refused every time."


class GenerationCancelled(GenerationError):
    """The person cancelled the generation."""

    code = "cancelled"
    status = 499
    default_remedy = "Run it again when you want the picture."


class GenerationTimedOut(GenerationError):
    """The time that the caller gave is used up."""

    code = "timed_out"
    status = 504
    default_remedy = "Ask again with more time; a service that has started by then answers sooner."


class LabUnreachable(GenerationError):
    """The Lab's address does not answer."""

    code = "lab_unreachable"
    default_remedy = "Check that the Jupyter server still runs, then restart the kernel."
