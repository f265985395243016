"""Python that sends image work is recognised, however its address is put together."""

from __future__ import annotations

import textwrap

import pytest

GRAPH = """
graph = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 1, "model": ["4", 0]}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd15.safetensors"}},
}
"""

COMFYUI = {
    "a literal address": [
        "import requests",
        GRAPH,
        'requests.post("http://127.0.0.1:8188/prompt", json={"prompt": graph})',
    ],
    "urljoin and a session in a class": [
        """
        import os, uuid, requests
        from urllib.parse import urljoin
        BASE = os.getenv("COMFYUI_API_URL", "http://localhost:8188")
        class Client:
            def __init__(self, base, token=None):
                self.base, self.http = base, requests.Session()
                self.client_id = str(uuid.uuid4())
            def queue(self, graph):
                return self.http.post(
                    urljoin(self.base, "/prompt"),
                    json={"prompt": graph, "client_id": self.client_id},
                ).json()
            def run(self, graph):
                return self.queue(graph)
        """,
        GRAPH,
        "Client(BASE).run(graph)",
    ],
    "urllib with the body as bytes": [
        """
        import json
        from urllib import request
        server = "127.0.0.1:8188"
        def queue_prompt(prompt):
            body = json.dumps({"prompt": prompt, "client_id": "me"}).encode("utf-8")
            order = request.Request("http://{}/prompt".format(server), data=body)
            return json.loads(request.urlopen(order).read())
        """,
        'workflow = json.load(open("flow.json"))',
        'workflow["6"]["inputs"]["text"] = "a fox"\nqueue_prompt(workflow)',
    ],
    "a workflow in a text, only the node names as support": [
        """
        import json, urllib.request
        text = '''{"3": {"class_type": "KSampler", "inputs": {}}}'''
        def go(p):
            data = json.dumps({"prompt": p}).encode()
            urllib.request.urlopen(urllib.request.Request("http://x:8188/prompt", data=data))
        go(json.loads(text))
        """
    ],
    "aiohttp with a base address and top-level await": [
        """
        import aiohttp
        async def go(graph):
            async with aiohttp.ClientSession("http://localhost:8188") as session:
                async with session.post("/prompt", json={"prompt": graph}) as reply:
                    number = (await reply.json())["prompt_id"]
                async with session.get(f"/history/{number}") as reply:
                    return await reply.json()
        """,
        "await go({})",
    ],
    "httpx with a base address": [
        """
        import httpx
        with httpx.Client(base_url="http://localhost:8188") as client:
            number = client.post("/prompt", json={"prompt": {}}).json()["prompt_id"]
            client.get("/history/" + number)
        """
    ],
    "a table of servers": [
        """
        import requests
        SERVERS = {"comfy": {"url": "http://localhost:8188"}, "other": {"url": "http://h"}}
        def make(name):
            server = SERVERS[name]
            requests.get("%s/object_info" % server["url"])
            return requests.post(f"{server['url']}/prompt", json={"prompt": {}})
        """,
        'make("comfy")',
    ],
    "a loop over servers, percent formatting": [
        """
        import requests
        for base in ["http://localhost:8188", "http://other:8188"]:
            requests.post("%s/prompt" % base, json={"prompt": {}, "client_id": "1"})
        """
    ],
    "a client of its own loaded by path": [
        """
        import importlib.util
        path = "../shared/comfyui_client.py"
        spec = importlib.util.spec_from_file_location("comfyui_client", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        client = module.ComfyUIClient("http://localhost:8188")
        client.generate_text2image("a fox")
        """
    ],
    "a client loaded from a path that is put together": [
        """
        import importlib.util
        from pathlib import Path
        HELPERS = Path.cwd().parent / "shared" / "helpers"
        spec = importlib.util.spec_from_file_location("client", str(HELPERS / "comfyui_client.py"))
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        comfy = module.create_client()
        def draw(steps):
            return comfy.generate_bonsai(prompt="a fox", steps=steps)
        draw(4)
        """
    ],
    "a script that is run": [
        "%run ../shared/comfyui_client.py",
        "client = create_client()\nclient.generate_text2image('a fox')",
    ],
    "a helper module": [
        "from helpers.comfyui_client import create_client",
        "client = create_client()\nif client:\n    client.generate_text2image(prompt='a fox')",
    ],
    "ComfyScript by star imports": [
        """
        from comfy_script.runtime import *
        load("http://127.0.0.1:8188/")
        from comfy_script.runtime.nodes import *
        with Workflow():
            model, clip, vae = CheckpointLoaderSimple("sd15.safetensors")
        """
    ],
    "a wrapper library": [
        """
        from comfy_api_simplified import ComfyApiWrapper, ComfyWorkflowWrapper
        api = ComfyApiWrapper("http://127.0.0.1:8188/")
        wf = ComfyWorkflowWrapper("workflow_api.json")
        api.queue_and_wait_images(wf, "Save Image")
        """
    ],
    "a button's callback": [
        """
        import requests, ipywidgets as widgets
        BASE = "http://localhost:8188"
        def on_click(button):
            requests.post(BASE + "/prompt", json={"prompt": {"1": {"class_type": "KSampler"}}})
        go = widgets.Button(description="Go")
        go.on_click(on_click)
        """
    ],
    "a thread": [
        """
        import requests, threading
        def work():
            requests.post("http://localhost:8188/prompt", json={"prompt": {}, "client_id": "a"})
        threading.Thread(target=work).start()
        """
    ],
    "an inherited client, a constructor by super, a property": [
        """
        import requests
        class Base:
            def __init__(self, url):
                self.url = url
            @property
            def address(self):
                return self.url.rstrip("/")
        class Comfy(Base):
            def __init__(self, url="http://localhost:8188/"):
                super().__init__(url)
            def send(self, graph):
                requests.post(f"{self.address}/prompt", json={"prompt": graph, "client_id": "1"})
        Comfy().send({})
        """
    ],
    "a data class and a configured address": [
        """
        import requests
        from dataclasses import dataclass
        @dataclass
        class Config:
            url: str = "http://localhost:8188"
            token: str = ""
            def send(self):
                requests.post(self.url + "/prompt", json={"prompt": {}, "client_id": "1"})
        Config().send()
        """
    ],
    "addresses in a comprehension and in keyword tables": [
        """
        import requests
        hosts = {name: f"http://{name}:8188" for name in ("one", "two")}
        urls = [base + "/prompt" for base in ["http://localhost:8188"]]
        order = {"url": urls[0], "json": {"prompt": {}, "client_id": "1"}}
        requests.post(**order)
        """
    ],
    "an entry that is looked up with a default": [
        """
        import requests
        settings = dict(comfy="http://localhost:8188")
        settings.update({"port": 1})
        for key, base in settings.items():
            for path in ["/".join([base, "prompt"])]:
                requests.request("POST", path, json={"prompt": {"1": {"class_type": "x"}}})
        """
    ],
    "class attributes, class methods and static methods": [
        """
        import requests
        class Comfy:
            BASE = "http://localhost:8188"
            @staticmethod
            def path(base):
                return base.replace("https", "http") + "/prompt"
            @classmethod
            def send(cls, graph):
                return requests.post(cls.path(cls.BASE), json={"prompt": graph, "client_id": "1"})
        Comfy.send({})
        """
    ],
    "a lambda, an assignment expression, a conditional": [
        """
        import requests
        secure = False
        scheme = "https" if secure else "http"
        url = lambda path: scheme + "://localhost:8188" + path
        if (target := url("/prompt")):
            requests.post(target, json={"prompt": {}, "client_id": "1"})
        """
    ],
    "a global address that a function sets": [
        """
        import requests
        def connect(host="localhost"):
            global BASE
            BASE = f"http://{host}:8188"
        connect()
        requests.post(f"{BASE}/prompt", json={"prompt": {}, "client_id": "1"})
        """
    ],
    "magics, shell lines and an exercise that does not parse": [
        """
        %matplotlib inline
        !pip install -q requests
        import requests
        files = !ls
        def exercise(x):
            return ___ TODO ___

        BASE = "http://localhost:8188"
        requests.post(f"{BASE}/prompt", json={"prompt": {}, "client_id": "1"})
        """
    ],
    "code that the parser refuses all the way": [
        """
        import requests
        if True {
            requests.post(f"{BASE}/prompt", json={"prompt": graph})
            requests.get(f"{BASE}/object_info")
        }
        """,
        GRAPH,
    ],
    "curl in a shell line": [
        """
        graph = {"1": {"class_type": "KSampler"}}
        !curl -X POST http://localhost:8188/prompt -d @graph.json
        """
    ],
    "a switch that another cell turns": [
        "ready = False",
        """
        import requests
        def go():
            if not ready:
                return
            requests.post("http://localhost:8188/prompt", json={"prompt": {}, "client_id": "1"})
        """,
        "ready = True\ngo()",
    ],
    "a notebook about the connection itself": [
        """
        import os, requests
        base = "http://localhost:8188"
        token = os.environ["COMFYUI_AUTH_TOKEN"]
        requests.get(f"{base}/system_stats").json()
        requests.get(f"{base}/object_info").json()
        """
    ],
}


@pytest.mark.parametrize("cells", COMFYUI.values(), ids=COMFYUI.keys())
def test_work_for_comfyui_is_seen(detect, cells):
    profile = detect(*map(textwrap.dedent, cells))
    assert profile.services == ["comfyui"]
    assert profile.needs_image_service
    assert any(item.strong for item in profile.evidence)


FORGE = {
    "requests": [
        """
        import os, requests
        FORGE = os.getenv("FORGE_API_URL")
        r = requests.post(url=f"{FORGE}/sdapi/v1/txt2img", json={"prompt": "a fox"})
        """
    ],
    "an address put together earlier": [
        'import os\nSD_API_URL = os.environ.get("SD_BASE_URL", "") + "/sdapi/v1/img2img"',
        'import requests as r\nr.post(SD_API_URL, json={}, auth=("u", "p"))',
    ],
    "webuiapi": [
        "import webuiapi\napi = webuiapi.WebUIApi(port=7860)\napi.txt2img(prompt='a fox')"
    ],
}


@pytest.mark.parametrize("cells", FORGE.values(), ids=FORGE.keys())
def test_work_for_forge_is_seen(detect, cells):
    assert detect(*map(textwrap.dedent, cells)).services == ["forge-turbo"]


OPENAI = {
    "the plain client": ["from openai import OpenAI\nOpenAI().images.generate(prompt='x')"],
    "the module itself": ["import openai\nopenai.images.edit(image=f, prompt='x')"],
    "the old module, awaited": ["import openai\nawait openai.Image.acreate(prompt='x', n=1)"],
    "the old module": ["import openai\nopenai.Image.create(prompt='x', n=1)"],
    "an asynchronous client in a function": [
        """
        from openai import AsyncOpenAI
        import asyncio
        client = AsyncOpenAI()
        async def picture():
            return await client.images.generate(model="gpt-image-2", prompt="x")
        asyncio.run(picture())
        """
    ],
    "a client handed over": [
        """
        from openai import OpenAI
        def picture(client, prompt):
            return client.images.generate(model="dall-e-3", prompt=prompt)
        picture(OpenAI(), "x")
        """
    ],
    "Azure": [
        """
        from openai import AzureOpenAI
        import os
        client = AzureOpenAI(azure_endpoint=os.environ["AZURE_OPENAI_ENDPOINT"], api_key="k")
        client.images.generate(model="dalle3", prompt="x")
        """
    ],
    "an image tool of the text API": [
        """
        from openai import OpenAI
        OpenAI().responses.create(model="gpt-5", input="x", tools=[{"type": "image_generation"}])
        """
    ],
    "the address itself": [
        """
        import requests, os
        requests.post("https://api.openai.com/v1/images/generations", json={"prompt": "x"},
                      headers={"Authorization": "Bearer " + os.environ["OPENAI_API_KEY"]})
        """
    ],
    "Semantic Kernel": [
        """
        from semantic_kernel.connectors.ai.open_ai import OpenAITextToImage
        service = OpenAITextToImage(ai_model_id="dall-e-3")
        await service.generate_image("x", 1024, 1024)
        """
    ],
    "a function that a model may call": [
        """
        from openai import OpenAI
        client = OpenAI()
        class Tools:
            @kernel_function(name="draw")
            def draw(self, what):
                return client.images.generate(prompt=what)
        kernel.add_plugin(Tools())
        """
    ],
}


@pytest.mark.parametrize("cells", OPENAI.values(), ids=OPENAI.keys())
def test_work_for_openai_is_seen(detect, cells):
    assert detect(*map(textwrap.dedent, cells)).services == ["openai"]


OPENROUTER = {
    "an address": [
        'API = "https://openrouter.ai/api/v1"\nMODEL = "openai/dall-e-3"',
        """
        import requests
        def draw(prompt):
            return requests.post(f"{API}/images/generations", json={"model": MODEL})
        draw("x")
        """,
    ],
    "the openai client with another address": [
        """
        from openai import OpenAI
        client = OpenAI(base_url="https://openrouter.ai/api/v1", api_key="k")
        client.images.generate(model="x", prompt="x")
        """
    ],
    "a model id behind OPENAI_BASE_URL": [
        """
        import os
        from openai import OpenAI
        client = OpenAI(base_url=os.getenv("OPENAI_BASE_URL", "https://api.openai.com/v1"))
        client.images.generate(model="openai/dall-e-3", prompt="x")
        """
    ],
    "its variable": [
        """
        import os
        from openai import OpenAI
        client = OpenAI(base_url=os.environ["OPENROUTER_BASE_URL"])
        client.images.generate(model="some/model", prompt="x")
        """
    ],
    "pictures by chat": [
        """
        from openai import OpenAI
        client = OpenAI(base_url="https://openrouter.ai/api/v1")
        client.chat.completions.create(
            model="google/gemini-2.5-flash-image", modalities=["image", "text"], messages=[])
        """
    ],
    "pictures by chat over HTTP": [
        """
        import requests
        body = {"model": "openai/gpt-5-image", "messages": [], "modalities": ["image", "text"]}
        requests.post("https://openrouter.ai/api/v1/chat/completions", json=body)
        """
    ],
}


@pytest.mark.parametrize("cells", OPENROUTER.values(), ids=OPENROUTER.keys())
def test_openrouter_is_told_from_openai(detect, cells):
    assert detect(*map(textwrap.dedent, cells)).services == ["openrouter"]


@pytest.mark.parametrize(
    "cell",
    [
        "from coursia_genai_lab import generate\ngenerate('a fox')",
        "import coursia_genai_lab as lab\nlab.edit(picture, 'at night')",
        "from coursia_genai_lab.aio import generate\nawait generate('a fox')",
        "from coursia_genai_lab import GenerationPanel\nGenerationPanel()",
    ],
)
def test_our_own_helper_needs_the_demo_engine_at_least(detect, cell):
    assert detect(cell).services == ["demo"]


def test_a_helper_that_names_the_service_is_believed(detect):
    cell = "from helpers.genai_service import call_service\ncall_service('comfyui-qwen', '/prompt')"
    assert detect(cell).services == ["comfyui-qwen"]


def test_evidence_names_cell_line_rule_and_excerpt(detect):
    profile = detect(
        "import requests",
        "base = 'http://h'\n\nrequests.post(base + '/sdapi/v1/txt2img', json={})",
    )
    first = profile.evidence[0]
    assert (first.cell, first.line, first.rule) == (1, 3, "route:/sdapi/v1/txt2img")
    assert first.excerpt == "requests.post(base + '/sdapi/v1/txt2img', json={})"
    assert first.service == "forge-turbo"
    assert first.strong


def test_lines_are_counted_as_the_reader_sees_them_under_magics(detect):
    profile = detect(
        "%%time\n!pip install x\n\nfrom openai import OpenAI\nOpenAI().images.generate()"
    )
    assert profile.evidence[0].line == 5


def test_a_key_in_the_line_is_masked_in_the_excerpt(detect):
    profile = detect(
        "from openai import OpenAI\n"
        "OpenAI(api_key='sk-proj-abcdefghijklmnop').images.generate(prompt='x')"
    )
    assert "abcdefgh" not in profile.evidence[0].excerpt
    assert "sk-…" in profile.evidence[0].excerpt


def test_a_long_line_is_cut_in_the_excerpt(detect):
    profile = detect(f"import openai\nopenai.images.generate(prompt={'x' * 500!r})")
    assert len(profile.evidence[0].excerpt) <= 120


@pytest.mark.parametrize(
    "words",
    [
        '"unet_name": "qwen_image_edit_2509_fp8_e4m3fn.safetensors"',
        '"unet_name": "z_image_turbo_bf16.safetensors"',
        '"clip_name": "qwen_2.5_vl_7b_fp8_scaled.safetensors"',
    ],
)
def test_model_files_choose_between_two_services_of_one_dialect(detect, words):
    profile = detect(
        'import requests\nrequests.post("http://h:8188/prompt", json={"prompt": '
        '{"1": {"class_type": "UNETLoader", "inputs": {' + words + "}}}})"
    )
    assert profile.services == ["comfyui-qwen"]


def test_a_host_name_and_a_variable_choose_too(detect):
    by_host = detect(
        'import requests\nrequests.post("https://qwen-image-edit.example.org/prompt",'
        ' json={"prompt": {}, "client_id": "1"})'
    )
    by_variable = detect(
        "import os, requests\nheaders = {'X': 'Bearer ' + os.environ['QWEN_API_TOKEN']}\n"
        "requests.post(URL + '/prompt', json={'prompt': {}, 'client_id': '1'}, headers=headers)"
    )
    assert by_host.services == by_variable.services == ["comfyui-qwen"]


def test_two_services_are_both_found(detect):
    profile = detect(
        "import requests",
        'requests.post("http://h:7860/sdapi/v1/txt2img", json={})',
        'requests.post("http://h:8188/prompt", json={"prompt": {}, "client_id": "1"})',
    )
    assert profile.services == ["forge-turbo", "comfyui"]
    assert profile.type == "GENAI_ADVANCED"
