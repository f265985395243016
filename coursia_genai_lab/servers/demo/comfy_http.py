"""ComfyUI's HTTP routes for prompts, queue, history and what the server knows."""

from __future__ import annotations

import platform
import sys
from typing import Any

from .comfy_graph import PromptError
from .comfy_models import MODEL_FILES
from .comfy_nodes import NODES
from .comfy_socket import FEATURES
from .engine import VERSION
from .jobs import QueueFullError
from .web import Guarded

GIB = 2**30


class Comfy(Guarded):
    """What ComfyUI's handlers share: its way of failing on a body that is no JSON."""

    def body(self) -> dict[str, Any] | None:
        """Return the JSON object sent, or None after answering 500 as the real server does."""
        try:
            return self.json_body()
        except (ValueError, RecursionError):
            self.went_wrong(500, "Internal Server Error")
            return None


class SystemStats(Comfy):
    """What machine this is; the best probe for readiness."""

    def get(self) -> None:
        """Answer with a machine that has no GPU and says that it is a demo."""
        device = {
            "name": "cpu", "type": "cpu", "index": None, "vram_total": 8 * GIB,
            "vram_free": 8 * GIB, "torch_vram_total": 8 * GIB, "torch_vram_free": 8 * GIB,
        }  # fmt: skip
        system = {
            "os": sys.platform,
            "ram_total": 8 * GIB,
            "ram_free": 6 * GIB,
            "comfyui_version": f"demo-{VERSION}",
            "required_frontend_version": "",
            "python_version": platform.python_version(),
            "pytorch_version": "none",
            "embedded_python": False,
            "argv": ["demo"],
        }
        self.write_json({"system": system, "devices": [device]})


class ObjectInfo(Comfy):
    """What nodes there are."""

    def get(self, name: str | None = None) -> None:
        """Answer with one node class or all; an unknown one is an empty object."""
        uploads = self.engine.vault.inputs()
        nodes = NODES.values() if name is None else [NODES[name]] if name in NODES else []
        self.write_json({node.name: node.described(uploads) for node in nodes})


class Models(Comfy):
    """What model files there are."""

    def get(self, folder: str | None = None) -> None:
        """Answer with the folders, or with the files in one."""
        if folder is None:
            self.write_json(list(MODEL_FILES))
        elif folder in MODEL_FILES:
            self.write_json(list(MODEL_FILES[folder]))
        else:
            self.set_status(404)
            self.finish()


class Features(Comfy):
    """What the server can do."""

    def get(self) -> None:
        """Answer with the same flags as on the socket."""
        self.write_json(FEATURES)


class Prompt(Comfy):
    """Submits a prompt."""

    def get(self) -> None:
        """Answer with the number of jobs that run or wait."""
        self.write_json({"exec_info": {"queue_remaining": self.engine.queue.remaining}})

    async def post(self) -> None:
        """Queue a prompt, or say what is wrong with it."""
        body = self.body()
        if body is None or await self.spoiled():
            return
        try:
            self.write_json(self.engine.comfy.submit(body, self.trouble))
        except PromptError as error:
            self.write_json(error.body, 400)
        except QueueFullError:
            self.write_json({"error": "Too many jobs wait already."}, 503)
        except (TypeError, ValueError):
            wrong = {"type": "invalid_prompt", "message": "number is not a number"}
            shape = {**wrong, "details": "", "extra_info": {}}
            self.write_json({"error": shape, "node_errors": {}}, 400)


class Queue(Comfy):
    """What runs and what waits."""

    def get(self) -> None:
        """Answer with running and waiting jobs, whole graphs included."""
        running = self.engine.queue.running
        waiting = self.engine.queue.waiting
        rows = {
            "queue_running": [running.row] if running else [],
            "queue_pending": [job.row for job in waiting],
        }
        self.write_json(rows)

    def post(self) -> None:
        """Drop waiting jobs: those named in `delete`, or all with `clear`."""
        body = self.body()
        if body is None:
            return
        if body.get("clear"):
            self.engine.queue.clear()
        for job_id in _ids(body):
            self.engine.queue.drop(job_id)
        self.finish()


class History(Comfy):
    """What became of the prompts."""

    def get(self, prompt_id: str | None = None) -> None:
        """Answer with one entry or the last `max_items`."""
        history = self.engine.comfy.history
        if prompt_id is not None:
            self.write_json({prompt_id: history[prompt_id]} if prompt_id in history else {})
            return
        entries = list(history.items())
        most = self.get_query_argument("max_items", "")
        if most.isdecimal() and len(most) < 9:
            entries = entries[-int(most) :] if int(most) else []
        self.write_json(dict(entries))

    def post(self) -> None:
        """Forget entries: those named in `delete`, or all with `clear`."""
        body = self.body()
        if body is None:
            return
        self.engine.comfy.forget(None if body.get("clear") else _ids(body))
        self.finish()


class Interrupt(Comfy):
    """Stops what runs."""

    def post(self) -> None:
        """Stop the running job, or only the one named; answers 200 in any case."""
        try:
            job_id = self.json_body().get("prompt_id")
        except (ValueError, RecursionError):
            job_id = None
        self.engine.queue.interrupt(str(job_id) if job_id else None)
        self.finish()


class Free(Comfy):
    """Frees memory."""

    def post(self) -> None:
        """Forget the cache; a body is required."""
        body = self.body()
        if body is None:
            return
        if body.get("unload_models") or body.get("free_memory"):
            self.engine.comfy.free()
        self.finish()


def _ids(body: dict[str, Any]) -> list[str]:
    ids = body.get("delete")
    return [str(one) for one in ids] if isinstance(ids, list) else []
