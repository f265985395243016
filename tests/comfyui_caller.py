"""One person before the door of a ComfyUI: posts graphs, listens, asks, as real clients do."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import ClientWebSocketResponse, WSMsgType
from door_harness import BOUND, Gateway

CHECKPOINT = "sd_xl_turbo_1.0_fp16.safetensors"
Graph = dict[str, Any]


def graph(
    steps: int = 2, seed: int = 1, *, size: int = 128, batch: int = 1, saves: str = "SaveImage"
) -> Graph:
    """Return a small graph that takes `steps` steps of the demo engine's pace."""
    sampling = {
        "seed": seed,
        "steps": steps,
        "cfg": 7,
        "sampler_name": "euler",
        "scheduler": "normal",
        "denoise": 1,
        "model": ["4", 0],
        "positive": ["6", 0],
        "negative": ["6", 0],
        "latent_image": ["5", 0],
    }
    latent = {"width": size, "height": size, "batch_size": batch}
    made: dict[str, Any] = {"images": ["8", 0]}
    if saves == "SaveImage":
        made["filename_prefix"] = "fox"
    return {
        "3": {"class_type": "KSampler", "inputs": sampling},
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": CHECKPOINT}},
        "5": {"class_type": "EmptyLatentImage", "inputs": latent},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["4", 1]}},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {"class_type": saves, "inputs": made},
    }


@dataclass
class Ear:
    """An open socket and what came by it."""

    socket: ClientWebSocketResponse[bool]
    messages: list[dict[str, Any]] = field(default_factory=list)
    frames: list[bytes] = field(default_factory=list)
    close: tuple[int | None, str] | None = None

    async def until(self, met: Callable[[Ear], bool]) -> None:
        """Listen, bounded, until a condition holds."""

        async def listen() -> None:
            while not met(self):
                await self.hear()

        await asyncio.wait_for(listen(), BOUND)

    async def hear(self) -> None:
        """Take one message; an end of the connection fails."""
        message = await self.socket.receive()
        if message.type is WSMsgType.TEXT:
            self.messages.append(json.loads(message.data))
        elif message.type is WSMsgType.BINARY:
            self.frames.append(message.data)
        else:
            raise AssertionError(f"the socket ended: {message}")

    async def until_over(self, job: str) -> None:
        """Listen until ComfyUI's last message about a job."""
        await self.until(lambda ear: {"node": None, "prompt_id": job} in ear.told("executing"))

    async def until_closed(self) -> tuple[int | None, str]:
        """Listen until the other side hangs up; return its code and reason."""
        while True:
            message = await asyncio.wait_for(self.socket.receive(), BOUND)
            if message.type is WSMsgType.CLOSE:
                return message.data, message.extra or ""
            if message.type in (WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSING):
                return None, ""

    def told(self, kind: str) -> list[dict[str, Any]]:
        """Return what messages of one kind told."""
        return [one["data"] for one in self.messages if one["type"] == kind]

    def jobs(self) -> set[str]:
        """Return every job that something was told of, in texts and frames."""
        found = {one["data"].get("prompt_id") for one in self.messages}
        for frame in self.frames:
            event, length = struct.unpack(">II", frame[:8])
            if event == 4:
                found.add(json.loads(frame[8 : 8 + length])["prompt_id"])
        return {one for one in found if one is not None}

    def remaining(self) -> list[int]:
        """Return the numbers of jobs that were told, one after the other."""
        return [one["status"]["exec_info"]["queue_remaining"] for one in self.told("status")]


@dataclass
class Caller:
    """A person with a kernel and its token."""

    gateway: Gateway
    person: str
    lease_id: str
    headers: dict[str, str] = field(repr=False)
    door: str = ""

    @classmethod
    async def make(cls, g: Gateway, person: str, service: str = "comfyui") -> Caller:
        """Return a person whose kernel may use every service."""
        lease = g.lab.leases.take("kernel", g.services, label=f"{person}.ipynb", person=person)
        headers = g.bearer(lease_id=lease.id, person=person)
        return cls(g, person, lease.id, headers, await g.doors.open(service))

    async def post(self, prompt: object, **more: Any) -> tuple[int, dict[str, Any]]:
        """Post a graph; return status and answer."""
        return await self.send("/prompt", {"prompt": prompt, **more})

    async def send(self, path: str, body: object) -> tuple[int, dict[str, Any]]:
        """Post JSON; return status and answer."""
        async with self.gateway.http.post(
            f"{self.door}{path}", json=body, headers=self.headers
        ) as got:
            text = await got.text()
            return got.status, json.loads(text) if text.startswith("{") else {}

    async def get(self, path: str, **query: str) -> dict[str, Any]:
        """Return the JSON of an address."""
        async with self.gateway.http.get(
            f"{self.door}{path}", params=query, headers=self.headers
        ) as got:
            found: dict[str, Any] = await got.json()
            return found

    async def queue(self) -> tuple[list[str], list[str]]:
        """Return the ids of what runs and what waits, as GET /queue shows them."""
        found = await self.get("/queue")
        running, waiting = found["queue_running"], found["queue_pending"]
        return [row[1] for row in running], [row[1] for row in waiting]

    async def history(self, job: str) -> dict[str, Any] | None:
        """Return a job's entry of the history, None while there is none."""
        return (await self.get(f"/history/{job}")).get(job)

    async def ended(self, job: str) -> dict[str, Any]:
        """Return a job's entry of the history once there is one, bounded."""

        async def look() -> dict[str, Any]:
            while (entry := await self.history(job)) is None:
                # A real client polls; there is no event for it.
                await asyncio.sleep(0.02)
            return entry

        return await asyncio.wait_for(look(), BOUND)

    @asynccontextmanager
    async def listen(self, client_id: str = "", *, metadata: bool = False) -> AsyncIterator[Ear]:
        """Open a socket and wait for ComfyUI's greeting."""
        async with self.gateway.http.ws_connect(
            f"{self.door}/ws?clientId={client_id}", headers=self.headers, max_msg_size=2**27
        ) as socket:
            ear = Ear(socket)
            if metadata:
                flags = {"supports_preview_metadata": True}
                await socket.send_json({"type": "feature_flags", "data": flags})
                await ear.until(lambda ear: bool(ear.told("feature_flags")))
            await ear.until(lambda ear: bool(ear.told("status")))
            yield ear
