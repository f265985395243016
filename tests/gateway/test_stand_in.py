"""The demo engine behind raw doors, in the dialect of the service that was asked for."""

from __future__ import annotations

import asyncio
import base64
import io

import requests
from door_harness import demo_engine, gateway
from PIL import Image


async def test_a_webui_notebook_draws_through_its_door_with_the_demo_engine_behind_it() -> None:
    async with demo_engine() as url, gateway() as g:
        g.lab.stand_in_for.add("forge-turbo")
        g.lab.is_ready("demo", url)
        door = await g.doors.open("forge-turbo")
        login = ("genai", g.token())

        def notebook() -> bytes:
            order = {"prompt": "a fox", "steps": 1, "width": 128, "height": 128, "cfg_scale": 1}
            models = requests.get(f"{door}/sdapi/v1/sd-models", auth=login, timeout=60)
            models.raise_for_status()
            assert models.json()
            made = requests.post(f"{door}/sdapi/v1/txt2img", json=order, auth=login, timeout=60)
            made.raise_for_status()
            return base64.b64decode(made.json()["images"][0])

        picture = await asyncio.to_thread(notebook)
    assert Image.open(io.BytesIO(picture)).size == (128, 128)
