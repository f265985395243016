"""What of a problem is told to whom: who cannot mend a server is not given its commands.

A student reads what happened, and the code by which whoever teaches or administers knows what to
do; those read everything, and so does who is alone on a machine of their own.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, TypeVar, get_args, get_type_hints

from .shape import Shape

ShapeT = TypeVar("ShapeT", bound=Shape)
PLACES = (
    *("docker_", "podman_", "registry_", "image_", "build_", "driver_", "network_", "name_"),
    *("store_", "secrets_", "services_", "policy_", "workflow_", "models_", "model_", "external_"),
)
"""How codes begin of what only whoever administers the server can reach."""
MARKS = re.compile(
    r"coursia-genai |GenAILab\.|\.env\.genai|\bdocker |\bservice files?\b|whoever administers"
    r"|\ban admin\b|restart the server|server's log|reset the GPU|\bchmod ",
    re.IGNORECASE,
)
"""What the remedy of such a problem speaks of, whatever its code."""
FOR_EVERYBODY = frozenset(
    {
        "model_not_allowed",
        "model_not_found",
        "model_busy",
        "model_licence",
        "too_many_services",
        "no_workflow",
        "gpu_too_small",
        "ledger_away",
        "read_only",
        "raw_calls",
    }
)
"""Codes whose remedy helps students, too, although it names more than they can do."""
_PATH = re.compile(r"(?<![\w:/.])(?:/[\w.@+-]+){2,}/?")


def for_students(shape: ShapeT) -> ShapeT:
    """Return a shape whose problems are worded for who cannot mend the server."""
    if _is_problem(type(shape)):
        return shape.model_copy(update=_told(shape))
    changes: dict[str, Any] = {
        name: new
        for name in _holding(type(shape))
        if (new := _worded(old := getattr(shape, name))) is not old
    }
    return shape.model_copy(update=changes) if changes else shape


def is_for_admins(code: str, remedy: str, command: str | None) -> bool:
    """Say whether only whoever administers the server can do what a remedy says."""
    if code in FOR_EVERYBODY:
        return False
    return command is not None or code.startswith(PLACES) or MARKS.search(remedy) is not None


def told_to_students(code: str, message: str, remedy: str, command: str | None) -> tuple[str, str]:
    """Return message and remedy as students read them: no command, no place on the server."""
    if not is_for_admins(code, remedy, command):
        return message, remedy
    # The panel knows this sentence, and says it in the reader's language.
    return _PATH.sub("…", message), f"Tell your teacher this code: {code}."


def without_commands(text: str) -> str:
    """Return the sentences of a text that whoever cannot mend the server can use."""
    sentences = re.split(r"(?<=[.!?]) +", text)
    return " ".join(one for one in sentences if not MARKS.search(one)) or sentences[0]


def _told(problem: Any) -> dict[str, Any]:
    command = getattr(problem, "command", None)
    message, remedy = told_to_students(problem.code, problem.message, problem.remedy, command)
    told = {"message": message, "remedy": remedy}
    return told if command is None else {**told, "command": None}


def _is_problem(shape: type[Shape]) -> bool:
    return {"code", "message", "remedy"} <= shape.model_fields.keys()


def _worded(value: Any) -> Any:
    if isinstance(value, Shape):
        return for_students(value)
    if isinstance(value, dict):
        return {key: _worded(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_worded(one) for one in value]
    return value


@cache
def _holding(shape: type[Shape]) -> tuple[str, ...]:
    """Return the fields of a shape in which a problem may lie, however deep."""
    return tuple(
        name
        for name, hint in get_type_hints(shape).items()
        if name in shape.model_fields and _may_hold(hint)
    )


def _may_hold(hint: Any) -> bool:
    if isinstance(hint, type) and issubclass(hint, Shape):
        return _is_problem(hint) or bool(_holding(hint))
    return any(map(_may_hold, get_args(hint)))
