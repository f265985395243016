"""One prompt by every road to an engine: the openai SDK, our client, curl, and the helper."""

from __future__ import annotations

ROADS = """
import base64, json, os, subprocess
from openai import OpenAI
from coursia_genai_lab import generate
from coursia_genai_lab.client import Door, compare, find_access
from coursia_genai_lab.wire.images import GenerationRequest
url, token = os.environ["GENAI_API_URL"], os.environ["GENAI_API_TOKEN"]
wish = dict(model="{model}", prompt="a red fox", size="128x128", seed=7)
sdk = OpenAI(base_url=url, api_key=token, max_retries=0, timeout=120)
plain = dict(model=wish["model"], prompt=wish["prompt"], size=wish["size"])
by_sdk = sdk.images.generate(**plain, extra_body=dict(seed=7)).data[0].b64_json
with Door(find_access(os.environ)) as door:
    by_client = door.generate(GenerationRequest(**wish))[0].data
answer = subprocess.run(
    ["curl", "--silent", "--show-error", "--fail", "--noproxy", "*", url + "/images/generations",
     "--header", "Content-Type: application/json", "--header", "@-", "--data", json.dumps(wish)],
    input="Authorization: Bearer " + token, capture_output=True, text=True, check=True,
)
by_curl = json.loads(answer.stdout)["data"][0]
helper = generate("a red fox", model="{model}", size=(128, 128), seed=7, show_progress=False)[0]
pictures = [base64.b64decode(by_sdk), by_client, base64.b64decode(by_curl["b64_json"]), helper.data]
print([compare(pictures[0], other).verdict for other in pictures[1:]])
print(helper.provenance.service, helper.provenance.engine, helper.provenance.model)
print(helper.replay(show_progress=False).verdict)
"""

ENGINES = (
    ("comfyui", "comfyui", "bearer", "flux-1-dev"),
    ("forge-turbo", "a1111", "basic", "sdxl-turbo"),
    ("studio", "openai_images", "bearer", "sd-3.5"),
)
EVERY_MODEL = (*ENGINES, ("demo", "openai_images", "", "demo"))
"""The demo engine needs no file of ours."""


def same_by_every_road(service: str, dialect: str, model: str) -> list[str]:
    """Return the lines that ROADS prints when every road ends in the same picture."""
    return ["['identical', 'identical', 'identical']", f"{service} {dialect} {model}", "identical"]
