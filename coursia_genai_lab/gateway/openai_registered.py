"""Registered workflows among the models of the OpenAI door, read anew while the server runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

from ..engines.registered import Registration, WorkflowFolder
from ..errors import InvalidRequest
from ..wire.problems import Problem

LOOK_SECONDS = 2.0
"""How old what is known of the folder may be, so that one registered now can be asked for soon."""
AUTO = "auto"


class RegisteredModels:
    """Know the registered workflows without asking the disk on the event loop."""

    def __init__(self, folder: WorkflowFolder | None = None) -> None:
        self._folder = folder or WorkflowFolder(Path())
        self._looks = folder is not None
        self._looked_at: float | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the folder or a file of it."""
        return self._folder.problems

    async def refresh(self) -> None:
        """Look at the folder where the last look is too old; the disk is read in a thread."""
        now = asyncio.get_running_loop().time()
        fresh = self._looked_at is not None and now - self._looked_at < LOOK_SECONDS
        if self._looks and not fresh:
            # Before the look: calls that come meanwhile use what is known.
            self._looked_at = now
            await asyncio.to_thread(self._folder.refresh)

    def get(self, name: str) -> Registration | None:
        """Return one of them; None where there is none of that name."""
        return self._folder.known.get(name)

    def __iter__(self) -> Iterator[Registration]:
        return iter(self._folder.known.values())


def asked_name(model: object, workflow: object) -> str | None:
    """Return what a call asks for: the workflow that it names, else its model.

    Raises:
        InvalidRequest: one of them is no text, or they name two things.
    """
    for name, value in (("model", model), ("workflow", workflow)):
        if value is not None and not isinstance(value, str):
            raise InvalidRequest(f"'{name}' must be a string.", code="invalid_type", param=name)
    if not workflow:
        return None if model is None else str(model)
    if model not in (None, "", AUTO, workflow):
        raise InvalidRequest(
            "'model' and 'workflow' name two things.",
            "Leave 'model' out: a registered workflow has its own.",
            code="invalid_value",
            param="workflow",
        )
    return str(workflow)
