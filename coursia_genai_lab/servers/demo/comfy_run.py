"""Runs one prompt: node after node in ComfyUI's order, telling each move to who listens."""

from __future__ import annotations

import hashlib
import json
import logging
import time
from typing import Any

from .comfy_actions import ACTIONS, Desk
from .comfy_graph import Graph, links, upstream
from .comfy_hub import JPEG, PNG, Hub
from .comfy_nodes import NODES
from .comfy_sampling import SAMPLERS, plan
from .files import Vault
from .jobs import InterruptedJobError, Job, JobFailedError
from .marks import encode
from .studio import Studio

log = logging.getLogger(__name__)

Cache = dict[str, tuple[Any, ...]]


class NodeFailedError(JobFailedError):
    """A node could not do its work; `report` is ComfyUI's `execution_error` without the job."""

    def __init__(self, report: dict[str, Any]) -> None:
        super().__init__(report["exception_message"])
        self.report = report


class Run:
    """One prompt on its way through the worker."""

    def __init__(
        self,
        job: Job,
        graph: Graph,
        ends: list[str],
        client_id: str | None,
        *,
        previews: bool,
        hub: Hub,
        studio: Studio,
        vault: Vault,
        cache: Cache,
    ) -> None:
        self.outputs: dict[str, Any] = {}
        self.messages: list[list[Any]] = []
        self.node: str | None = None
        self._job, self._graph, self._client = job, graph, client_id
        self._previews = previews
        self._hub, self._studio, self._vault, self._cache = hub, studio, vault, cache
        self._order: list[str] = []
        for end in ends:
            self._order += [node for node in upstream(graph, end) if node not in self._order]
        self._states: dict[str, dict[str, Any]] = {}
        self._signatures: dict[str, str] = {}
        self._executed: list[str] = []

    async def execute(self) -> None:
        """Run every node that the outputs need.

        Raises InterruptedJobError when stopped, NodeFailedError when a node fails; both have been
        told to the listeners.
        """
        self._tell("execution_start")
        signatures = await self._studio.call(self._sign)
        self._signatures = signatures
        results = {n: self._cache[s] for n, s in signatures.items() if self._kept(s)}
        # Like ComfyUI, remember only what the prompt at hand can use again.
        self._cache.clear()
        self._cache.update({signatures[n]: r for n, r in results.items()})
        needed = self._needed(results)
        self._tell("execution_cached", nodes=[n for n in self._order if n not in needed])
        try:
            for node in self._order:
                if node in needed:
                    await self._step(node, results)
                elif NODES[self._graph[node]["class_type"]].is_output:
                    self._show(node, results[node])
        except InterruptedJobError:
            self._tell("execution_interrupted", **self._place())
            raise
        except NodeFailedError as error:
            self._tell("execution_error", **error.report)
            raise
        self._tell("execution_success")

    def _tell(self, kind: str, **data: Any) -> None:
        data = {"prompt_id": self._job.id, **data, "timestamp": int(time.time() * 1000)}
        self.messages.append([kind, data])
        if self._client is not None:
            self._hub.send(self._client, kind, data)

    def _place(self) -> dict[str, Any]:
        node = self.node or ""
        kind = self._graph[node]["class_type"] if node else None
        return {"node_id": node, "node_type": kind, "executed": list(self._executed)}

    def _sign(self) -> dict[str, str]:
        signatures: dict[str, str] = {}
        for node in self._order:
            kind = NODES[self._graph[node]["class_type"]]
            given = self._graph[node]["inputs"]
            linked = {name: [signatures[other], slot] for name, other, slot in self._links(node)}
            parts: dict[str, Any] = {"": kind.name, **linked}
            for name, wanted in kind.inputs.items():
                if name in given and name not in linked:
                    digest = self._vault.input_digest(str(given[name])) if wanted.uploads else ""
                    parts[name] = [given[name], digest]
            text = json.dumps(parts, sort_keys=True)
            # An output node keeps its own files even when another has the same inputs.
            text += node if kind.is_output else ""
            signatures[node] = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
        return signatures

    def _links(self, node: str) -> list[tuple[str, str, Any]]:
        return [link for link in links(self._graph, node) if link[1] in self._graph]

    def _kept(self, signature: str) -> bool:
        result = self._cache.get(signature)
        if result is None:
            return False
        saved = result[0].get("images", ()) if result and isinstance(result[0], dict) else ()
        return all(
            self._vault.path(s["type"], s["subfolder"], s["filename"]).exists() for s in saved
        )

    def _needed(self, results: dict[str, tuple[Any, ...]]) -> set[str]:
        return {node for node in self._order if node not in results}

    async def _step(self, node: str, results: dict[str, tuple[Any, ...]]) -> None:
        self._job.check()
        self.node = node
        self._progress_state(node, "running", 0, 1)
        shown = {"node": node, "display_node": node, "prompt_id": self._job.id}
        self._send("executing", shown)
        given = dict(self._graph[node]["inputs"])
        given.update({name: results[other][slot] for name, other, slot in self._links(node)})
        try:
            result = await self._perform(node, given)
        except InterruptedJobError:
            raise
        # A node may fail in any way; ComfyUI reports each of them to the client that asked.
        except Exception as error:
            log.info("node %s (%s) failed", node, self._graph[node]["class_type"], exc_info=True)
            raise NodeFailedError(self._report(error)) from error
        results[node] = self._cache[self._signatures[node]] = result
        self._executed.append(node)
        self._show(node, result)
        done = self._states[node]["max"]
        self._progress_state(node, "finished", done, done)

    def _report(self, error: Exception) -> dict[str, Any]:
        return {
            **self._place(),
            "exception_message": str(error),
            "exception_type": getattr(error, "reported_as", type(error).__name__),
            "traceback": [],
            "current_inputs": {},
            "current_outputs": list(self._executed),
        }

    async def _perform(self, node: str, given: dict[str, Any]) -> tuple[Any, ...]:
        kind = self._graph[node]["class_type"]
        if kind in SAMPLERS:
            return await self._sample(node, kind, given)
        if kind == "SaveImageWebsocket":
            return await self._send_images(node, given)
        desk = Desk(self._vault, self._graph, node, self._job.spoilt)
        return await self._studio.call(ACTIONS[kind], desk, given)

    async def _sample(self, node: str, kind: str, given: dict[str, Any]) -> tuple[Any, ...]:
        sampling = plan(kind, given)
        pictures = []
        for recipe in sampling.recipes:
            pictures.append(await self._studio.draw(recipe))
            self._job.check()

        async def on_step(step: int) -> None:
            self._progress(node, step, sampling.steps)
            if self._previews and self._hub.hears(self._client):
                frame = await self._studio.preview(pictures[0], step, sampling.steps)
                about = {
                    "node_id": node, "prompt_id": self._job.id, "display_node_id": node,
                    "parent_node_id": None, "real_node_id": node,
                }  # fmt: skip
                self._hub.send_picture(self._client, JPEG, frame, about)

        await self._studio.sample(self._job, sampling.steps, on_step)
        done = sampling.latent.filled(tuple(pictures))
        return done, done

    async def _send_images(self, node: str, given: dict[str, Any]) -> tuple[Any, ...]:
        pictures = given["images"]
        for index, picture in enumerate(pictures):
            self._progress(node, index, len(pictures))
            data = self._job.spoilt(await self._studio.call(encode, picture))
            if self._client is not None:
                self._hub.send_picture(self._client, PNG, data, None)
        return ({},)

    def _show(self, node: str, result: tuple[Any, ...]) -> None:
        if not NODES[self._graph[node]["class_type"]].is_output or not result[0]:
            return
        self.outputs[node] = result[0]
        told = {"node": node, "display_node": node, "output": result[0]}
        self._send("executed", {**told, "prompt_id": self._job.id})

    def _progress(self, node: str, value: int, most: int) -> None:
        self._progress_state(node, "running", value, most)
        data = {"value": value, "max": most, "prompt_id": self._job.id, "node": node}
        self._send("progress", data)

    def _progress_state(self, node: str, state: str, value: float, most: float) -> None:
        self._states[node] = {
            "value": value, "max": most, "state": state, "node_id": node,
            "prompt_id": self._job.id, "display_node_id": node, "parent_node_id": None,
            "real_node_id": node,
        }  # fmt: skip
        # Without a client id the real server tells this one message, and no other, to everybody.
        self._hub.send(
            self._client,
            "progress_state",
            {"prompt_id": self._job.id, "nodes": dict(self._states)},
        )

    def _send(self, kind: str, data: dict[str, Any]) -> None:
        if self._client is not None:
            self._hub.send(self._client, kind, data)
