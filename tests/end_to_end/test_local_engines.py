"""One call in a notebook, from a real kernel to a real engine of each dialect that runs here."""

from __future__ import annotations

from pathlib import Path

from engine_roads import ENGINES, EVERY_MODEL, ROADS, same_by_every_road
from jupyter_process import JupyterProcess, write_notebook

ENGINE = """
title = "{title}"
dialect = "{dialect}"
start_timeout_seconds = 120
stop_grace_seconds = 2

[process]
command = ["{{python}}", "-m", "coursia_genai_lab.servers.demo",
  "--port", "{{port}}", "--token-file", "{{token_file}}"]

[readiness]
path = "/health"
statuses = [200]
interval_seconds = 0.05

[credential]
scheme = "{scheme}"

[[models]]
id = "{model}"
title = "{title}"
"""

HELPER = """
from coursia_genai_lab import generate
made = generate("a red fox", model="{model}", size=(128, 128), seed=7)
print(made[0].image.size, made[0].seed, made[0].demo)
"""

PLAIN = """
import base64, io, os
from openai import OpenAI
from PIL import Image
client = OpenAI(
    base_url=os.environ["GENAI_API_URL"], api_key=os.environ["GENAI_API_TOKEN"],
    max_retries=0, timeout=120,
)
made = client.images.generate(model="{model}", prompt="a red fox", size="128x128")
print(Image.open(io.BytesIO(base64.b64decode(made.data[0].b64_json))).size, made.coursia)
changed = client.images.edit(
    image=("a.png", base64.b64decode(made.data[0].b64_json)), model="{model}",
    prompt="a blue fox", size="128x128",
)
print(Image.open(io.BytesIO(base64.b64decode(changed.data[0].b64_json))).size)
"""


def test_a_notebook_draws_with_the_engines_of_this_machine(tmp_path: Path) -> None:
    services = tmp_path / "services"
    services.mkdir()
    for service, dialect, scheme, model in ENGINES:
        (services / f"{service}.toml").write_text(
            ENGINE.format(title=service, dialect=dialect, scheme=scheme, model=model),
            encoding="utf-8",
        )
    traits = {
        "GenAILab": {
            "services_path": str(services),
            "mode": "local",
            "runtime": "process",
            "max_concurrent": 4,
        }
    }
    cells = [code.format(model="flux-1-dev") for code in (HELPER, PLAIN)]
    with JupyterProcess.start(tmp_path, traits=traits) as jupyter:
        write_notebook(jupyter.root / "fox.ipynb", *cells)
        kernel = jupyter.open_notebook("fox.ipynb").kernel_id
        for service, *_, model in ENGINES:
            told = jupyter.execute(kernel, HELPER.format(model=model))
            assert "(128, 128) 7 False" in told
            told = jupyter.execute(kernel, PLAIN.format(model=model))
            assert f"(128, 128) {{'demo': False, 'service': '{service}'}}" in told
            assert told.count("(128, 128)") == 2
        for service, dialect, _, model in EVERY_MODEL:
            told = jupyter.execute(kernel, ROADS.format(model=model))
            assert told.splitlines() == same_by_every_road(service, dialect, model), told
