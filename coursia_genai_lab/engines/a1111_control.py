"""What a WebUI is asked and told beside a job of its own: its models, and the end of a task."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .calls import Calls

if TYPE_CHECKING:
    from aiohttp import ClientSession

QUESTION_SECONDS = 10.0
LOOK_SECONDS = 0.3
STOP_LOOKS = 60
"""Looks at a task that is to end: a step of a large picture, or a model that is being loaded."""
ABSENT_LOOKS = 10
"""Looks that find nothing of a task, after which its call has not come, nor will."""


class WebUIControl:
    """Ask one WebUI; `headers` prove the caller to it.

    Every question is bounded to 10 seconds and raises ServiceError when it gets no proper answer.
    """

    def __init__(self, url: str, headers: Mapping[str, str], session: ClientSession) -> None:
        self._calls = Calls(url, headers, session)

    async def checkpoint_title(self, name: str) -> str | None:
        """Return the title of the checkpoint that a name means; None: there is none."""
        answer = await self._calls.ask("GET", "/sdapi/v1/sd-models", seconds=QUESTION_SECONDS)
        listed = answer.value if isinstance(answer.value, list) else []
        wanted = name.partition(" [")[0].strip()
        known = [one for one in listed if isinstance(one, dict)]
        for same in (str.__eq__, str.startswith):
            for one in known:
                if wanted and any(same(text, wanted) for text in _names(one)):
                    return str(one.get("title") or name)
        return None

    async def options(self) -> dict[str, Any]:
        """Return the server's settings; paths and all, so they are not for everybody's eyes."""
        answer = await self._calls.ask("GET", "/sdapi/v1/options", seconds=QUESTION_SECONDS)
        return answer.table if answer.status == 200 else {}

    async def stop(self, task_id: str) -> None:
        """End a task that runs, and return when it has ended; bounded to some 20 seconds.

        An interrupt names nobody, so it is sent only while this very task is the running one. A
        WebUI that tells of no tasks is interrupted at once: whoever asks must know that no other
        job runs. A task that was sent a moment ago is waited for.
        """
        absent = 0
        for _ in range(STOP_LOOKS):
            state = await self._task(task_id)
            if state is None or state.get("active"):
                await self._calls.ask("POST", "/sdapi/v1/interrupt", {}, seconds=QUESTION_SECONDS)
            here = state is not None and (state.get("active") or state.get("queued"))
            absent = ABSENT_LOOKS if here else absent + 1
            # Once it was here it is over as soon as it is not.
            if state is None or state.get("completed") or (not here and absent >= ABSENT_LOOKS):
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def works_on(self, task_id: str) -> bool:
        """Say whether a task is the running one; true where the WebUI tells of no tasks."""
        state = await self._task(task_id)
        return state is None or bool(state.get("active"))

    async def _task(self, task_id: str) -> dict[str, Any] | None:
        question = {"id_task": task_id, "id_live_preview": -1, "live_preview": False}
        answer = await self._calls.ask(
            "POST", "/internal/progress", question, seconds=QUESTION_SECONDS
        )
        return answer.table if answer.status == 200 else None


def _names(listed: Mapping[str, Any]) -> list[str]:
    file = str(listed.get("filename") or "").replace("\\", "/").rpartition("/")[2]
    given = (listed.get("title"), listed.get("model_name"), listed.get("hash"))
    return [*(str(one) for one in given if one), file, file.rpartition(".")[0]]
