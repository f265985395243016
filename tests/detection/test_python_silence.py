"""What does not run, sends nothing or goes elsewhere starts nothing."""

from __future__ import annotations

import textwrap

import pytest

NOTHING = {
    "a comment": "# requests.post('http://localhost:8188/prompt', json={'prompt': {}})",
    "a text": """
        help = '''client.images.generate(prompt=...) posts to /sdapi/v1/txt2img'''
        print(help)
    """,
    "a printed hint": "print('POST http://localhost:8188/prompt with class_type nodes')",
    "a graph that is only looked at": """
        graph = {"1": {"class_type": "KSampler", "inputs": {}}}
        print(len(graph))
    """,
    "a function that nobody calls": """
        import requests
        def draw():
            return requests.post("http://localhost:7860/sdapi/v1/txt2img", json={})
    """,
    "a class that nobody makes": """
        from openai import OpenAI
        class Painter:
            def paint(self):
                return OpenAI().images.generate(prompt="x")
    """,
    "a client of which only the text methods are used": """
        from openai import OpenAI
        class Assistant:
            def __init__(self):
                self.client = OpenAI()
            def draw(self, prompt):
                return self.client.images.generate(prompt=prompt)
            def ask(self, prompt):
                return self.client.chat.completions.create(model="gpt-5", messages=[])
        Assistant().ask("x")
    """,
    "a client that is made and left": """
        from openai import OpenAI
        client = OpenAI()  # client.images.generate comes later
    """,
    "a constant switch": """
        from openai import OpenAI
        DRAW = False
        if DRAW:
            OpenAI().images.generate(prompt="x")
    """,
    "if False": "import openai\nif False:\n    openai.images.generate(prompt='x')",
    "if 0 and something": "import openai\nif 0 and ready:\n    openai.images.generate(prompt='x')",
    "after a return": """
        import openai
        def go():
            return None
            openai.images.generate(prompt="x")
        go()
    """,
    "a placeholder": """
        def generate_image_placeholder(prompt):
            # later: client.images.generate(prompt)
            return {"url": "https://example.org/images/generations"}
        generate_image_placeholder("x")
    """,
    "a function of one's own with a telling name": """
        def generate_images(model, test_input):
            return model(test_input)
        generate_images(generator, example)  # images.generate
    """,
    "text from a model": """
        from openai import OpenAI
        client = OpenAI()
        ask = {"role": "user", "content": "dall-e-3"}
        client.chat.completions.create(model="gpt-5", messages=[ask])
    """,
    "text through OpenRouter": """
        from openai import OpenAI
        client = OpenAI(base_url="https://openrouter.ai/api/v1")
        client.chat.completions.create(model="openai/gpt-5", messages=[])
    """,
    "speech": """
        from openai import OpenAI
        OpenAI().audio.speech.create(model="tts-1", input="images.generate")
    """,
    "a look at the models": """
        import requests
        models = requests.get("https://openrouter.ai/api/v1/models").json()
        print([m for m in models["data"] if "dall-e-" in m["id"]])
    """,
    "a local pipeline": """
        from diffusers import FluxPipeline
        pipe = FluxPipeline.from_pretrained("black-forest-labs/FLUX.1-dev")
        pipe("a fox").images[0]
    """,
    "somebody else's picture service": """
        from together import Together
        Together().images.generate(model="black-forest-labs/FLUX.1-schnell", prompt="x")
    """,
    "somebody else's address": """
        from openai import OpenAI
        OpenAI(base_url="https://api.example.com/v1").images.generate(prompt="x")
    """,
    "somebody else's address by HTTP": """
        import requests
        requests.post("https://api.example.com/v1/images/generations", json={})
    """,
    "a plain word as path": """
        import requests
        requests.post("https://chat.example.com/prompt", json={"text": "hello"})
    """,
    "a port alone": """
        import socket
        for name, port in {"ComfyUI": 8188, "Forge": 7860}.items():
            socket.create_connection(("localhost", port), timeout=1)
        print("/prompt", "/sdapi/v1/txt2img")
    """,
    "one probe": "import requests\nrequests.get('http://localhost:8188/system_stats')  # /prompt",
    "a probe of Forge": """
        import os, requests
        requests.get(os.getenv("FORGE_API_URL") + "/sdapi/v1/options")
        print("POST /sdapi/v1/txt2img")
    """,
    "an import alone": "from coursia_genai_lab import generate",
    "a server that the notebook starts itself": """
        !git clone https://github.com/comfyanonymous/ComfyUI && cd ComfyUI
        import subprocess, requests, json
        subprocess.Popen(["python", "ComfyUI/main.py", "--listen"])
        requests.post("http://127.0.0.1:8188/prompt", json={"prompt": {"1": {"class_type": "x"}}})
    """,
    "a server that a shell line starts": """
        !cd ComfyUI && python main.py --listen &
        import requests
        requests.post("http://127.0.0.1:8188/prompt", json={"prompt": {}, "client_id": "1"})
    """,
    "a page written for a browser": """\
        %%html
        <script>fetch('/sdapi/v1/txt2img', {method: 'POST'})</script>
    """,
    "a file written for later": """\
        %%writefile app.py
        import openai
        openai.images.generate(prompt='x')
    """,
    "the user's own lookalike": """
        class Images:
            def generate(self, prompt):
                return prompt
        class Client:
            images = Images()
        Client().images.generate("x")
    """,
}


@pytest.mark.parametrize("cell", NOTHING.values(), ids=NOTHING.keys())
def test_no_service_is_seen_in(detect, cell):
    profile = detect(textwrap.dedent(cell))
    assert (profile.type, profile.services) == ("CLASSIC", [])
    assert not profile.needs_image_service
    assert profile.evidence == []
    assert profile.note == ""


def test_markdown_and_outputs_say_nothing(detect):
    words = "import openai\nopenai.images.generate(prompt='x')"
    output = {"output_type": "stream", "name": "stdout", "text": words}
    profile = detect(
        {"cell_type": "markdown", "source": words, "metadata": {}},
        {"cell_type": "raw", "source": words, "metadata": {}},
        {"cell_type": "code", "source": "print(1)", "metadata": {}, "outputs": [output]},
    )
    assert profile.type == "CLASSIC"


def test_a_kernel_of_another_language_is_not_read_as_python(detect):
    cell = "openai.images.generate(prompt='x')"
    assert detect(cell, language="julia").type == "CLASSIC"


def test_reading_an_entry_of_an_answer_is_no_request(detect):
    profile = detect(
        "import os, requests\nbase = os.environ['COMFYUI_API_URL']",
        "answer = requests.post(f'{base}/prompt', json={'prompt': graph, 'client_id': 'c'})\n"
        "print(answer.json().get(f'{base}/prompt'), answer.headers.get('/system_stats'))",
    )
    assert [one.line for one in profile.evidence if one.rule.startswith("route:")] == [1]
