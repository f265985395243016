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
WAIT_SECONDS = 2.0
"""How long a call waits for the disk; then what was known before counts."""
AUTO = "auto"


class RegisteredModels:
    """Know the registered workflows without asking the disk on the event loop."""

    def __init__(self, folder: WorkflowFolder | None = None) -> None:
        self._folder = folder or WorkflowFolder(Path())
        self._looks = folder is not None
        self._looked_at: float | None = None
        self._look: asyncio.Task[object] | None = None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What is wrong with the folder or a file of it."""
        return self._folder.problems

    async def refresh(self) -> None:
        """Look at the folder where the last look is too old; the disk is read in a thread.

        A disk that does not answer keeps nobody waiting for long, and is asked once at a time.
        """
        now = asyncio.get_running_loop().time()
        fresh = self._looked_at is not None and now - self._looked_at < LOOK_SECONDS
        if self._looks and not fresh and self._look is None:
            self._looked_at = now
            self._look = asyncio.create_task(
                asyncio.to_thread(self._folder.refresh), name="genai-workflows"
            )
        if self._look is None:
            return
        await asyncio.wait([self._look], timeout=WAIT_SECONDS)
        if self._look is not None and self._look.done():
            look, self._look = self._look, None
            look.result()

    async def close(self) -> None:
        """Look no more."""
        self._looks = False
        look, self._look = self._look, None
        if look is not None:
            look.cancel()
            await asyncio.gather(look, return_exceptions=True)

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
