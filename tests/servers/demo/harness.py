"""A demo engine in this process, and the graphs that the tests send to it."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import websocket
from PIL import Image

from coursia_genai_lab.servers.demo.server import DemoServer
from coursia_genai_lab.servers.demo.settings import Settings

TOKEN = "correct horse battery staple"
PATIENCE = 60.0
Graph = dict[str, dict[str, Any]]


def until(condition: Callable[[], Any]) -> Any:
    """Return the first true value of `condition`; fail when there is none in time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.005)
    raise AssertionError("the condition never came true")


def picture(data: bytes) -> Image.Image:
    """Return the decoded picture."""
    return Image.open(io.BytesIO(data))


def png(colour: tuple[int, ...], size: tuple[int, int] = (96, 64)) -> bytes:
    """Return a PNG of one colour."""
    out = io.BytesIO()
    Image.new("RGBA" if len(colour) == 4 else "RGB", size, colour).save(out, "PNG")
    return out.getvalue()


def text_graph(prompt: str = "a red fox", **changes: Any) -> Graph:
    """Return a plain text-to-image graph; `changes` go to the sampler or the latent."""
    latent = {"width": 128, "height": 96, "batch_size": 1}
    sampler: dict[str, Any] = {
        "seed": 7, "steps": 3, "cfg": 1.0, "sampler_name": "euler", "scheduler": "simple",
        "denoise": 1.0, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0],
        "latent_image": ["5", 0],
    }  # fmt: skip
    for name, value in changes.items():
        (latent if name in latent else sampler)[name] = value
    checkpoint = "sd_xl_turbo_1.0_fp16.safetensors"
    return {
        "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": checkpoint}},
        "5": {"class_type": "EmptyLatentImage", "inputs": latent},
        "6": {"class_type": "CLIPTextEncode", "inputs": {"text": prompt, "clip": ["4", 1]}},
        "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
        "3": {"class_type": "KSampler", "inputs": sampler},
        "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
        "9": {
            "class_type": "SaveImage",
            "inputs": {"images": ["8", 0], "filename_prefix": "ComfyUI"},
        },
    }


@dataclasses.dataclass
class Engine:
    """A running engine, and how its callers speak to it."""

    port: int
    http: httpx.Client

    @property
    def url(self) -> str:
        """The address, without a slash at its end."""
        return f"http://127.0.0.1:{self.port}"

    def submit(self, graph: Graph, **more: Any) -> str:
        """Queue a graph and return its prompt id."""
        answer = self.http.post("/prompt", json={"prompt": graph, **more})
        assert answer.status_code == 200, answer.text
        prompt_id: str = answer.json()["prompt_id"]
        return prompt_id

    def entry(self, prompt_id: str) -> dict[str, Any] | None:
        """Return the history entry of a prompt, if it is over."""
        entry: dict[str, Any] | None = self.http.get(f"/history/{prompt_id}").json().get(prompt_id)
        return entry

    def run(self, graph: Graph, **more: Any) -> dict[str, Any]:
        """Queue a graph, wait for its end and return its history entry."""
        prompt_id = self.submit(graph, **more)
        entry: dict[str, Any] = until(lambda: self.entry(prompt_id))
        return entry

    def images(self, entry: dict[str, Any]) -> list[bytes]:
        """Return the files of a history entry."""
        saved = [image for output in entry["outputs"].values() for image in output["images"]]
        return [self.http.get("/view", params=image).content for image in saved]

    def state(self, prompt_id: str) -> str | None:
        """Return the state of a job."""
        state: str | None = self.http.get(f"/api/jobs/{prompt_id}").json().get("status")
        return state


class Listener:
    """A ComfyUI client's socket; the websocket-client package is what notebooks use."""

    def __init__(self, engine: Engine, client_id: str, *, metadata: bool = True) -> None:
        self._socket = websocket.create_connection(
            f"ws://127.0.0.1:{engine.port}/ws?clientId={client_id}", timeout=PATIENCE
        )
        self.greeting = self.next()
        if metadata:
            flags = {"supports_preview_metadata": True}
            self._socket.send(json.dumps({"type": "feature_flags", "data": flags}))
            assert self.next()["type"] == "feature_flags"

    def next(self) -> Any:
        """Return the next message: an object, or bytes."""
        message = self._socket.recv()
        return json.loads(message) if isinstance(message, str) else message

    def until_over(self) -> list[Any]:
        """Return all messages up to `executing` without a node."""
        messages = [self.next()]
        while not self._is_last(messages[-1]):
            messages.append(self.next())
        return messages

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    @staticmethod
    def _is_last(message: Any) -> bool:
        if not isinstance(message, dict) or message["type"] != "executing":
            return False
        return message["data"]["node"] is None


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[Engine]:
    """Run an engine in a thread of its own."""
    loop = asyncio.new_event_loop()
    server = None

    async def opened() -> tuple[DemoServer, int]:
        server = DemoServer(settings)
        return server, await server.open()

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        server, port = asyncio.run_coroutine_threadsafe(opened(), loop).result(PATIENCE)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as http:
            yield Engine(port, http)
    finally:
        if server is not None:
            asyncio.run_coroutine_threadsafe(server.close(), loop).result(PATIENCE)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
