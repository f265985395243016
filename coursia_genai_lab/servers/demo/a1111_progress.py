"""How far calls of the AUTOMATIC1111 dialect are, and how what runs is stopped."""

from __future__ import annotations

import base64
import time
from typing import Any, Literal

from .a1111_http import A1111
from .a1111_order import A1111Error
from .a1111_state import Standing
from .jobs import Job


class Following(A1111):
    """What the routes of progress share: a small picture of how it looks now."""

    async def preview(self, standing: Standing) -> str | None:
        """Return a JPEG as base64; None before the first step."""
        if standing.picture is None or not standing.step:
            return None
        data = await self.engine.studio.preview(standing.picture, standing.step, standing.steps)
        return base64.b64encode(data).decode("ascii")


class Progress(Following):
    """How far whatever runs has come."""

    async def get(self) -> None:
        """Answer for the running job of this dialect; zero when there is none."""
        a1111 = self.engine.a1111
        running = a1111.own(self.engine.queue.running)
        at = a1111.standing(running)
        shown = self.get_query_argument("skip_current_image", "false").lower() not in ("true", "1")
        self.write_json(
            {
                "progress": min(1.0, 0.01 + at.share) if running else 0.0,
                "eta_relative": at.seconds_left,
                "state": self._state(running, at),
                "current_image": await self.preview(at) if shown else None,
                "textinfo": None,
                "current_task": a1111.name_of(running),
            }
        )

    def _state(self, running: Job | None, at: Standing) -> dict[str, Any]:
        began = running.started if running else None
        return {
            "skipped": self.engine.a1111.skipped,
            "interrupted": self.engine.a1111.interrupted,
            "stopping_generation": False,
            "job": "scripts_txt2img" if running else "",
            "job_count": at.count,
            "job_timestamp": time.strftime("%Y%m%d%H%M%S", time.localtime(began)) if began else "0",
            "job_no": at.index,
            "sampling_step": at.step,
            "sampling_steps": at.steps,
        }


class TaskProgress(Following):
    """How far one call has come that gave itself a task id."""

    async def post(self) -> None:
        """Answer for the task named."""
        try:
            body = self.body()
        except A1111Error as error:
            self.write_json(error.body, error.status)
            return
        job = self.engine.a1111.calls.get(str(body.get("id_task")))
        state = job.state if job else ""
        at = self.engine.a1111.standing(job)
        active = state == "in_progress"
        picture = None
        if active and body.get("live_preview", True) and body.get("id_live_preview") != at.step:
            picture = await self.preview(at)
        self.write_json(
            {
                "active": active,
                "queued": state == "pending",
                "completed": state not in ("", "pending", "in_progress"),
                "progress": at.share if at.count else None,
                "eta": at.seconds_left if active and at.share else None,
                "live_preview": f"data:image/jpeg;base64,{picture}" if picture else None,
                "id_live_preview": at.step if picture else body.get("id_live_preview", -1),
                "textinfo": self._place(job) if state == "pending" else None,
            }
        )

    def _place(self, job: Job | None) -> str:
        waiting = self.engine.queue.waiting
        place = next((n for n, one in enumerate(waiting, 1) if one is job), 1)
        return f"In queue: {place}/{len(waiting)}"


class PendingTasks(A1111):
    """The tasks that wait."""

    def get(self) -> None:
        """Answer with their ids, in the order that they came in."""
        calls = self.engine.a1111.calls.items()
        tasks = [name for name, job in calls if job.state == "pending"]
        self.write_json({"size": len(tasks), "tasks": tasks})


class Interrupt(A1111):
    """Stops what runs; its call answers with what it has, the picture at hand half done."""

    kind: Literal["interrupt", "skip"] = "interrupt"

    def post(self) -> None:
        """Stop the running job of this dialect, whoever's it is."""
        job = self.engine.a1111.own(self.engine.queue.running)
        setattr(self.engine.a1111, "interrupted" if self.kind == "interrupt" else "skipped", True)
        if job is not None:
            job.stopped_for = self.kind
            job.stop.set()
        self.write_json({} if self.kind == "interrupt" else None)


class Skip(Interrupt):
    """Stops the picture at hand; those after it are made."""

    kind = "skip"
