"""What keeps a provider from being asked, in words that name the way out."""

from __future__ import annotations

from ..catalog.spec import ServiceSpec
from ..errors import GenAIError, ServiceError
from ..wire.problems import Problem

ACCOUNT_CODES = frozenset({"cloud_key_refused", "cloud_no_credit", "cloud_forbids"})
"""What a provider says of our account: the next call would hear the same."""


def no_key(spec: ServiceSpec) -> Problem:
    """Return the problem of a provider for which this Lab has no key."""
    name = spec.credential.secret
    if name is None:
        return Problem(
            code="no_key",
            message=f"This Lab has no key for {spec.title}.",
            remedy="Its service file names no secret: whoever administers this server adds "
            "`secret = …` to its [credential].",
        )
    return Problem(
        code="no_key",
        message=f"This Lab has no key for {spec.title}.",
        remedy=f"Whoever administers this server can run `coursia-genai secrets set {name}`; "
        "until then use a local model or the demo engine.",
        command=f"coursia-genai secrets set {name}",
    )


def no_address(spec: ServiceSpec) -> Problem:
    """Return the problem of a provider whose address nobody has written down."""
    return Problem(
        code="no_cloud_address",
        message=f"Where {spec.title} is asked is not known here.",
        remedy="Its service file needs a [cloud] table with the provider's url.",
    )


def unreadable_key(spec: ServiceSpec, error: GenAIError) -> Problem:
    """Return the problem of a provider whose key lies in a file that is not to be trusted."""
    return Problem(
        code="key_exposed",
        message=f"The key for {spec.title} is not used: {error.message}",
        remedy=error.remedy,
        command=error.command,
    )


def secrets_silent(spec: ServiceSpec) -> Problem:
    """Return the problem of a provider whose key could not be looked up in time."""
    return Problem(
        code="secrets_silent",
        message=f"Whether there is a key for {spec.title} is not known: its folder is silent.",
        remedy="Look at the disk that GenAILab.secrets_path lies on.",
    )


def as_error(problem: Problem) -> ServiceError:
    """Return a problem as it is raised."""
    return ServiceError(problem.message, problem.remedy, code=problem.code, command=problem.command)
