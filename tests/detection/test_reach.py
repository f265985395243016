"""Each way by which notebooks reach a service, beside one that only looks like it."""

from __future__ import annotations

import textwrap

import pytest

LOAD = "import json\nwith open('flow_api.json') as file:\n    flow = json.load(file)"
COMFY = "comfyui"

SEEN: dict[str, tuple[str, list[str]]] = {
    "urljoin without a slash, a graph from a file": (
        COMFY,
        [
            LOAD,
            """
            import requests
            from urllib.parse import urljoin
            requests.post(urljoin("http://127.0.0.1:8188/", "prompt"), json={"prompt": flow})
            """,
        ],
    ),
    "a graph that a function is given, on the usual port": (
        COMFY,
        [
            """
            import json, urllib.request
            def queue(prompt):
                data = json.dumps({"prompt": prompt}).encode("utf-8")
                order = urllib.request.Request("http://127.0.0.1:8188/prompt", data=data)
                urllib.request.urlopen(order)
            queue(build())
            """
        ],
    ),
    "an address whose name says whose it is": (
        COMFY,
        [
            """
            import requests
            COMFY_SERVER = "http://render-box:9000"
            requests.post(f"{COMFY_SERVER}/prompt", json={"prompt": make_flow()})
            """
        ],
    ),
    "a web socket for the progress": (
        COMFY,
        [
            """
            import json, uuid, urllib.request, websocket
            client = str(uuid.uuid4())
            ws = websocket.WebSocket()
            ws.connect("ws://render-box:9000/ws?clientId={}".format(client))
            body = json.dumps({"prompt": flow}).encode()
            urllib.request.urlopen("http://render-box:9000/prompt", body)
            """
        ],
    ),
    "websockets and httpx, asynchronous": (
        COMFY,
        [
            """
            import httpx, websockets
            async def run(flow):
                async with websockets.connect(f"ws://{HOST}/ws?clientId=1") as socket:
                    async with httpx.AsyncClient() as http:
                        await http.post(f"http://{HOST}/prompt", json={"prompt": flow})
                    await socket.recv()
            await run({})
            """
        ],
    ),
    "http.client": (
        COMFY,
        [
            LOAD,
            """
            import http.client, json
            connection = http.client.HTTPConnection("127.0.0.1", 8188)
            connection.request("POST", "/prompt", json.dumps({"prompt": flow, "client_id": "1"}))
            """,
        ],
    ),
    "urllib3": (
        COMFY,
        [
            LOAD,
            """
            import urllib3
            pool = urllib3.PoolManager()
            pool.request("POST", "http://127.0.0.1:8188/prompt", json={"prompt": flow})
            """,
        ],
    ),
    "ComfyScript by name": (
        COMFY,
        [
            "from comfy_script.runtime import *\nload()\nfrom comfy_script.runtime.nodes import *",
            "with Workflow(wait=True):\n    image = EmptyImage()\n    SaveImage(image, 'x')",
        ],
    ),
    "a client module of another name": (
        COMFY,
        [
            "from comfyui_api import ComfyUI",
            "ui = ComfyUI('http://render-box:9000')\nui.generate('a fox')",
        ],
    ),
    "webuiapi by its class": (
        "forge-turbo",
        [
            "from webuiapi import WebUIApi",
            "api = WebUIApi(host='127.0.0.1', port=7860)\nresult = api.txt2img(prompt='a fox')",
        ],
    ),
    "a helper module for Forge": (
        "forge-turbo",
        [
            (
                "import sys\nsys.path.insert(0, '../shared')\n"
                "from helpers.forge_client import ForgeClient"
            ),
            "picture = ForgeClient().txt2img(prompt='a fox')",
        ],
    ),
    "a call handed to a thread": (
        "forge-turbo",
        [
            """
            import asyncio, webuiapi
            api = webuiapi.WebUIApi()
            result = await asyncio.to_thread(api.img2img, images=[picture], prompt="a fox")
            """
        ],
    ),
    "a request handed to a pool": (
        "forge-turbo",
        [
            """
            import requests
            from concurrent.futures import ThreadPoolExecutor
            def draw(prompt):
                return requests.post(URL + "/sdapi/v1/txt2img", json={"prompt": prompt})
            with ThreadPoolExecutor() as pool:
                list(pool.map(draw, prompts))
            """
        ],
    ),
    "the SDK's edit": (
        "openai",
        [
            """
            from openai import OpenAI
            client = OpenAI()
            result = client.images.edit(model="gpt-image-1", image=[file], prompt="x")
            """
        ],
    ),
    "the SDK's raw answer": (
        "openai",
        ["import openai\nopenai.OpenAI().images.with_raw_response.generate(prompt='x')"],
    ),
    "the SDK's options": (
        "openai",
        ["from openai import OpenAI\nOpenAI().with_options(timeout=9).images.generate(prompt='x')"],
    ),
    "a partial of the call": (
        "openai",
        [
            """
            from functools import partial
            from openai import OpenAI
            draw = partial(OpenAI().images.generate, model="gpt-image-1")
            draw(prompt="x")
            """
        ],
    ),
    "a client in an object whose method a button calls": (
        "openai",
        [
            """
            from openai import OpenAI
            class Panel:
                def __init__(self):
                    self.client = OpenAI()
                    self.button.on_click(self.draw)
                def draw(self, _):
                    self.client.images.generate(prompt="x")
            Panel()
            """
        ],
    ),
    "an older Azure route": (
        "openai",
        [
            """
            import os, requests
            base = os.environ["AZURE_OPENAI_ENDPOINT"]
            url = f"{base}/openai/images/generations:submit?api-version=2023-06-01-preview"
            requests.post(url, headers=headers, json={"prompt": "x"})
            """
        ],
    ),
    "an Azure deployment": (
        "openai",
        [
            """
            import requests
            url = f"https://{NAME}.openai.azure.com/openai/deployments/{MODEL}/images/generations"
            requests.post(url + "?api-version=2024-02-01", json={"prompt": "x"})
            """
        ],
    ),
    "a stream of the text API with an image tool": (
        "openai",
        [
            """
            from openai import OpenAI
            tools = [{"type": "image_generation", "partial_images": 2}]
            stream = OpenAI().responses.create(model="gpt-5", input="x", stream=True, tools=tools)
            """
        ],
    ),
    "Semantic Kernel's service, fetched by name in a plugin": (
        "openai",
        [
            """
            from semantic_kernel import Kernel
            from semantic_kernel.connectors.ai.open_ai import OpenAITextToImage
            from semantic_kernel.functions import kernel_function
            def create():
                kernel = Kernel()
                kernel.add_service(OpenAITextToImage(service_id="draw", ai_model_id="dall-e-3"))
                return kernel
            class Plugin:
                def __init__(self, kernel):
                    self.painter = kernel.get_service("draw", OpenAITextToImage)
                @kernel_function(name="draw")
                async def draw(self, what):
                    return await self.painter.generate_image(what, 1024, 1024)
            kernel = create()
            kernel.add_plugin(Plugin(kernel), "draw")
            """
        ],
    ),
    "a wrapper that runs": (
        "openai",
        [
            """
            from langchain_community.utilities.dalle_image_generator import DallEAPIWrapper
            address = DallEAPIWrapper(model="dall-e-3").run("a fox")
            """
        ],
    ),
    "a tool that is given to an agent": (
        "openai",
        [
            """
            from langchain_community.utilities.dalle_image_generator import DallEAPIWrapper
            from langchain.agents import AgentExecutor, Tool, create_react_agent
            draw = DallEAPIWrapper()
            tools = [Tool(name="draw", func=draw.run, description="draws")]
            AgentExecutor(agent=create_react_agent(llm, tools, prompt), tools=tools).invoke({})
            """
        ],
    ),
    "a component of a pipeline": (
        "openai",
        [
            """
            from haystack import Pipeline
            from haystack.components.generators import DALLEImageGenerator
            pipeline = Pipeline()
            pipeline.add_component("painter", DALLEImageGenerator(model="dall-e-3"))
            pipeline.run({"painter": {"prompt": "x"}})
            """
        ],
    ),
    "litellm": (
        "openai",
        ["from litellm import image_generation\nimage_generation(prompt='x', model='dall-e-3')"],
    ),
    "OpenRouter by modalities, whatever the model": (
        "openrouter",
        [
            """
            import requests
            body = {"model": "somebody/painter", "messages": [], "modalities": ["image", "text"]}
            requests.post("https://openrouter.ai/api/v1/chat/completions", json=body)
            """
        ],
    ),
    "OpenRouter by a model that draws": (
        "openrouter",
        [
            """
            from openai import OpenAI
            client = OpenAI(base_url="https://openrouter.ai/api/v1")
            client.chat.completions.create(
                model="google/gemini-2.5-flash-image-preview:free", messages=[])
            """
        ],
    ),
    "OpenRouter by the SDK's extra body": (
        "openrouter",
        [
            """
            from openai import OpenAI
            OpenAI(base_url="https://openrouter.ai/api/v1").chat.completions.create(
                model=MODEL, messages=[], extra_body={"modalities": ["image", "text"]})
            """
        ],
    ),
}


@pytest.mark.parametrize(("service", "cells"), SEEN.values(), ids=SEEN.keys())
def test_it_is_seen(detect, service, cells):
    assert detect(*map(textwrap.dedent, cells)).services == [service]


PASSED_OVER = {
    "a text sent to a path of that name": [
        """
        import requests
        requests.post("http://127.0.0.1:8188/prompt", json={"prompt": "tell me a story"})
        """
    ],
    "an unknown server with a path of that name": [
        "import requests\nrequests.post(f'{SERVER}/prompt', json={'prompt': question, 'n': 1})"
    ],
    "a web socket alone": [
        """
        import websocket
        ws = websocket.WebSocket()
        ws.connect("ws://127.0.0.1:8188/ws?clientId=1")
        print("/prompt")
        """
    ],
    "ComfyUI's own parts, run here": [
        """
        import comfy.sd, comfy.samplers
        from nodes import KSampler, CheckpointLoaderSimple
        model = CheckpointLoaderSimple().load_checkpoint("sd15.safetensors")
        KSampler().sample(model)  # as class_type would
        """
    ],
    "a module of another forge": [
        "from forge_tools import Anvil\nAnvil().hammer('txt2img')",
    ],
    "an object of webuiapi that draws nothing": [
        "import webuiapi\napi = webuiapi.WebUIApi()\nprint(api.get_sd_models())"
    ],
    "a call that is only looked at": [
        "import openai\nhelp(openai.images.generate)\nprint(callable(openai.images.edit))",
    ],
    "a call named like the SDK's, handed over": [
        "import threading\nthreading.Thread(target=images.generate).start()"
    ],
    "another cloud by the SDK": [
        (
            "from openai import OpenAI\nclient = OpenAI(base_url='https://api.x.ai/v1')\n"
            "client.images.generate(model='grok-2-image', prompt='x')"
        )
    ],
    "Semantic Kernel for text": [
        """
        from semantic_kernel import Kernel
        from semantic_kernel.connectors.ai.open_ai import OpenAIChatCompletion, OpenAITextToImage
        kernel = Kernel()
        kernel.add_service(OpenAIChatCompletion(service_id="chat"))
        await kernel.invoke_prompt("tell me about generate_image")
        """
    ],
    "a wrapper that nobody uses": [
        """
        from langchain_community.utilities.dalle_image_generator import DallEAPIWrapper
        draw = DallEAPIWrapper()
        """
    ],
    "an agent without it": [
        """
        from langchain.agents import Tool, initialize_agent
        from langchain_community.utilities.dalle_image_generator import DallEAPIWrapper
        initialize_agent([Tool(name="search", func=search.run)], llm).run("x")
        """
    ],
    "litellm for text": [
        "from litellm import completion, image_generation\ncompletion(model='gpt-5', messages=[])"
    ],
    "another model by litellm": [
        "import litellm\nlitellm.image_generation(model='bedrock/stability.sd3-large', prompt='x')"
    ],
    "pictures that are asked about": [
        """
        from openai import OpenAI
        content = [{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "?"}]
        OpenAI(base_url="https://openrouter.ai/api/v1").chat.completions.create(
            model="google/gemini-2.5-flash", messages=[{"role": "user", "content": content}],
            extra_body={"modalities": ["text"]})
        """
    ],
    "speech by modalities": [
        """
        from openai import OpenAI
        OpenAI().chat.completions.create(
            model="gpt-4o-audio-preview", modalities=["text", "audio"], messages=[])
        """
    ],
    "pictures of another cloud by modalities": [
        """
        from google import genai
        from google.genai import types
        genai.Client().models.generate_content(
            model="gemini-2.5-flash-image", contents="x",
            config=types.GenerateContentConfig(response_modalities=["Text", "Image"]))
        """
    ],
    "Replicate and fal": [
        "import replicate\nreplicate.run('black-forest-labs/flux-schnell', input={'prompt': 'x'})",
        "import fal_client\nfal_client.subscribe('fal-ai/flux/dev', arguments={'prompt': 'x'})",
    ],
    "Stability's own": [
        (
            "import requests\nrequests.post('https://api.stability.ai/v2beta/stable-image/generate/sd3',"
            " files={'none': ''}, data={'prompt': 'images/generations'})"
        )
    ],
    "a Space of Hugging Face": [
        "from gradio_client import Client\nClient('black-forest-labs/FLUX.1').predict('txt2img')"
    ],
    "a server of its own making, then asked": [
        "!nohup python ComfyUI/main.py --port 8188 > log.txt &",
        LOAD + "\nimport requests\n"
        "requests.post('http://127.0.0.1:8188/prompt', json={'prompt': flow, 'client_id': '1'})",
    ],
    "the web interface started by hand": [
        "%cd /content/stable-diffusion-webui\n!python launch.py --api --share --xformers",
        "import requests\nrequests.post('http://127.0.0.1:7860/sdapi/v1/txt2img', json={})",
    ],
}


@pytest.mark.parametrize("cells", PASSED_OVER.values(), ids=PASSED_OVER.keys())
def test_it_is_passed_over(detect, cells):
    profile = detect(*map(textwrap.dedent, cells))
    assert (profile.type, profile.services) == ("CLASSIC", [])
