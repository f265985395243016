"""ComfyUI's side of the engine: takes prompts, runs them in the queue, keeps their history."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterable
from typing import Any

from .comfy_graph import Checked, Graph, check_prompt, refusal
from .comfy_hub import Hub
from .comfy_run import Cache, NodeFailedError, Run
from .files import OutsideError, Vault
from .jobs import Job, JobQueue
from .studio import Studio

MAX_HISTORY = 500
PREVIEW_METHODS = ("auto", "latent2rgb", "taesd")
SECRETS = ("auth_token_comfy_org", "api_key_comfy_org")


class ComfyEngine:
    """Takes prompts and remembers what became of them: the last 500, the real server 10,000."""

    def __init__(
        self, queue: JobQueue, hub: Hub, studio: Studio, vault: Vault, preview_method: str
    ) -> None:
        self.queue, self.hub, self.vault = queue, hub, vault
        self.history: dict[str, dict[str, Any]] = {}
        self.run: Run | None = None
        self.running_client: str | None = None
        self._studio = studio
        self._preview_method = preview_method
        self._cache: Cache = {}

    def submit(self, body: dict[str, Any], trouble: str | None = None) -> dict[str, Any]:
        """Queue the prompt in `body` and return ComfyUI's answer.

        `trouble` is what its job gets into on purpose.

        Raises PromptError when it is refused, QueueFullError when too many wait.
        """
        if "prompt" not in body:
            raise refusal("no_prompt", "No prompt provided", "No prompt provided")
        prompt_id = _prompt_id(body.get("prompt_id"))
        graph = body["prompt"]
        checked = check_prompt(graph, self._uploaded, self.vault.inputs())
        number = self.queue.next_number()
        place = float(body["number"]) if "number" in body else float(number)
        if body.get("front"):
            place = -place
        extra = body.get("extra_data")
        extra = (
            {k: v for k, v in extra.items() if k not in SECRETS} if isinstance(extra, dict) else {}
        )
        extra["create_time"] = int(time.time() * 1000)
        client = body.get("client_id")
        if client is not None:
            extra["client_id"] = client = str(client)
        shown = int(place) if place.is_integer() else place
        row = [shown, prompt_id, graph, extra, checked.outputs]
        job = Job(prompt_id, place, self._worker(graph, checked, extra), row, trouble=trouble)
        job.farewell = lambda: self._say_goodbye(prompt_id, client)
        self.queue.submit(job)
        return {"prompt_id": prompt_id, "number": shown, "node_errors": checked.node_errors}

    def forget(self, ids: Iterable[str] | None = None) -> None:
        """Remove entries from the history; all of them when `ids` is None."""
        if ids is None:
            self.history.clear()
            return
        for prompt_id in ids:
            self.history.pop(prompt_id, None)

    def free(self) -> None:
        """Let go of what would serve an identical prompt again."""
        self._cache.clear()

    def _say_goodbye(self, prompt_id: str, client: str | None) -> None:
        if client is not None:
            self.hub.send(client, "executing", {"node": None, "prompt_id": prompt_id})

    def _uploaded(self, name: str) -> bool:
        try:
            return self.vault.path("input", "", name).is_file()
        except OutsideError:
            return False

    def _worker(self, graph: Graph, checked: Checked, extra: dict[str, Any]) -> Any:
        client = extra.get("client_id")
        method = extra.get("preview_method", self._preview_method)

        async def work(job: Job) -> None:
            run = Run(
                job, graph, checked.outputs, client,
                previews=method in PREVIEW_METHODS, hub=self.hub, studio=self._studio,
                vault=self.vault, cache=self._cache,
            )  # fmt: skip
            self.run, self.running_client = run, client
            status = "error"
            try:
                await run.execute()
                status = "success"
            except NodeFailedError as error:
                job.error = error
                raise
            finally:
                self.run = self.running_client = None
                self._remember(job, run, status)

        return work

    def _remember(self, job: Job, run: Run, status: str) -> None:
        self.history.pop(job.id, None)
        self.history[job.id] = {
            "prompt": job.row,
            "outputs": run.outputs,
            "status": {
                "status_str": status,
                "completed": status == "success",
                "messages": run.messages,
            },
            "meta": {
                node: {
                    "node_id": node,
                    "display_node": node,
                    "parent_node": None,
                    "real_node_id": node,
                }
                for node in run.outputs
            },
        }
        while len(self.history) > MAX_HISTORY:
            del self.history[next(iter(self.history))]


def _prompt_id(given: object) -> str:
    if given is None:
        return str(uuid.uuid4())
    try:
        if isinstance(given, str) and str(uuid.UUID(given)) == given:
            return given
    except ValueError:
        pass
    message = "prompt_id must be a UUID in lower case with hyphens"
    raise refusal("invalid_prompt_id", message, str(given)[:100])
