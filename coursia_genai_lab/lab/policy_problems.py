"""Why a class's policy cannot be read, and what helps."""

from __future__ import annotations

from ..wire.problems import Problem


class Unread(Exception):
    """A policy cannot be read now; `problem` says why."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def gone(path: str, reason: str) -> Problem:
    """There is no such file, or it cannot be opened."""
    return Problem(
        code="policy_gone",
        message=f"The class's policy {path} cannot be read: {reason}.",
        remedy="Put it back, or correct GenAILab.policy_source and restart the server.",
    )


def exposed(path: str, reason: str, remedy: str) -> Problem:
    """Whom it is to bind could change it."""
    return Problem(
        code="policy_exposed",
        message=f"The class's policy {path} {reason}; it was not read.",
        remedy=remedy,
    )


def broken(mistakes: str) -> Problem:
    """It is no policy."""
    return Problem(
        code="policy_broken",
        message=f"The class's policy has mistakes: {mistakes}",
        remedy="Correct them; `coursia-genai policy check` tells them all.",
    )


def unreachable(source: str, reason: str) -> Problem:
    """The URL does not answer, or not with a policy."""
    return Problem(
        code="policy_unreachable",
        message=f"The class's policy at {source} cannot be read: {reason}.",
        remedy="Look whether the address answers from this machine; it is asked again soon.",
    )


def refused(source: str, status: int) -> Problem:
    """The URL wants a token, or another one."""
    return Problem(
        code="policy_refused",
        message=f"{source} does not show the class's policy to this server: HTTP {status}.",
        remedy="Set its token: coursia-genai secrets set GENAI_POLICY_TOKEN",
    )


def bad_address(source: str, reason: str) -> Problem:
    """The URL is none that a policy is read from."""
    return Problem(
        code="policy_address",
        message=f"The class's policy is not read from {source}: {reason}.",
        remedy="Name a file, an https address, or an http address of this machine in "
        "GenAILab.policy_source; a token for it belongs in the secrets file.",
    )
