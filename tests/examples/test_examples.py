"""The example notebooks run from top to bottom, in kernels that a real server launches."""

from __future__ import annotations

import base64
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_process import JupyterProcess
from kernel_client import kernel_client
from PIL import Image

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = (
    "01-quickstart",
    "02-comfyui-raw",
    "03-openai-sdk",
    "04-classic",
    "05-forge-raw",
    "06-working-with-pictures",
)
CELL_SECONDS = 180


@dataclass
class Run:
    """What one run of a notebook put out."""

    text: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def pictures(self) -> list[Image.Image]:
        """The PNG pictures that were displayed."""
        found = [data["image/png"] for data in self.outputs if "image/png" in data]
        return [Image.open(io.BytesIO(base64.b64decode(text))) for text in found]


def run(jupyter: JupyterProcess, name: str) -> Run:
    """Open an example as JupyterLab does and run all its cells; fails when one raises."""
    session = jupyter.open_notebook(f"{name}.ipynb")
    client = kernel_client(jupyter.runtime / f"kernel-{session.kernel_id}.json")
    done = Run()

    def note(message: dict[str, Any]) -> None:
        kind, content = message["msg_type"], message["content"]
        if kind == "stream":
            done.text += content["text"]
        elif kind in ("display_data", "execute_result"):
            done.outputs.append(content["data"])

    try:
        client.wait_for_ready(CELL_SECONDS)
        for cell in nbformat.read(EXAMPLES / f"{name}.ipynb", as_version=4).cells:
            if cell.cell_type == "code":
                reply = client.execute_interactive(
                    cell.source, timeout=CELL_SECONDS, output_hook=note, store_history=True
                )
                assert reply["content"]["status"] == "ok", reply["content"]["traceback"]
    finally:
        client.stop_channels()
    return done


def prepared(folder: Path) -> Path:
    root = folder / "root"
    root.mkdir(parents=True)
    for name in NAMES:
        (root / f"{name}.ipynb").write_bytes((EXAMPLES / f"{name}.ipynb").read_bytes())
    return folder


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    """A server that has nothing but the demo engine."""
    folder = prepared(tmp_path_factory.mktemp("examples"))
    traits = {"GenAILab": {"demo_seconds_per_step": 0.005}}
    with JupyterProcess.start(folder, traits=traits) as server:
        yield server


pytestmark = pytest.mark.server


def test_the_quickstart_makes_changes_and_saves_pictures_and_shows_a_form(jupyter):
    done = run(jupyter, "01-quickstart")
    assert [picture.size for picture in done.pictures] == [(1024, 1024), (768, 512)]
    assert any('role="list"' in data.get("text/html", "") for data in done.outputs)
    assert "demo:   True" in done.text
    assert "demo                     available" in done.text
    with Image.open(jupyter.root / "lighthouse.png") as saved:
        assert saved.size == (768, 512)
    assert any("application/vnd.jupyter.widget-view+json" in data for data in done.outputs)


def test_the_notebook_about_pictures_lays_them_out_and_tells_what_failed(jupyter):
    done = run(jupyter, "06-working-with-pictures")
    shown = [data.get("text/html", "") for data in done.outputs]
    told = re.compile(r'alt="4 pictures: [^"]*watercolour; [^"]*pencil drawing')
    assert any(told.search(html) for html in shown)
    assert any("The pictures are <b>different</b>" in html for html in shown)
    assert sum(html.count('role="listitem"') for html in shown) == 3 + 2
    assert [picture.size for picture in done.pictures] == [(512, 512)]
    assert "1 a blue boat 1" in done.text
    assert re.search(r"2 a green hill 0 .*no-such-model", done.text)
    assert "pictures lately" in done.text
    plain = [data["text/plain"] for data in done.outputs if "widget-view" in " ".join(data)]
    assert plain[0].startswith("GenerationPanel: a form")


def test_the_notebook_that_talks_to_comfyui_runs_as_it_is(jupyter):
    done = run(jupyter, "02-comfyui-raw")
    assert [picture.size for picture in done.pictures] == [(1024, 1024), (768, 512), (768, 512)]
    assert done.text.count("step 4 of 4") == 3
    assert "is up" in done.text


def test_the_notebook_of_the_openai_sdk_runs_as_it_is(jupyter):
    done = run(jupyter, "03-openai-sdk")
    assert [picture.size for picture in done.pictures] == [
        (1024, 1024),
        (1024, 1024),
        (256, 256),
        (256, 256),
        (1024, 1024),
    ]


def test_the_notebook_that_talks_to_forge_runs_as_it_is(jupyter):
    done = run(jupyter, "05-forge-raw")
    assert [picture.size for picture in done.pictures] == [(512, 512)] * 2 + [(384, 384)] * 2
    assert "Password: set" in done.text
    assert done.text.count("seed 42") == 2
    assert "seeds [7, 8]" in done.text


def test_the_classic_notebook_runs_in_a_kernel_without_genai(jupyter):
    done = run(jupyter, "04-classic")
    assert len(done.pictures) == 2
    [kernel] = [
        jupyter.kernel(session["kernel"]["id"])
        for session in jupyter.api("GET", "api/sessions")
        if session["path"] == "04-classic.ipynb"
    ]
    assert not [name for name in kernel.environ if "GENAI" in name or "COMFYUI" in name]


def test_examples_run_also_while_the_engine_still_boots(tmp_path):
    prepared(tmp_path)
    traits = {"GenAILab": {"demo_seconds_per_step": 0.005, "demo_boot_seconds": 20}}
    with JupyterProcess.start(tmp_path, traits=traits) as slow:
        raw = run(slow, "02-comfyui-raw")
        assert len(raw.pictures) == 3


def notebooks() -> list[Path]:
    return sorted(EXAMPLES.glob("*.ipynb"))


def test_the_examples_are_those_that_run_here():
    assert [path.stem for path in notebooks()] == list(NAMES)


@pytest.mark.parametrize("path", notebooks(), ids=lambda path: path.stem)
def test_an_example_is_valid_has_ids_and_holds_no_output(path):
    data = json.loads(path.read_text(encoding="utf-8"))
    nbformat.validate(data)
    assert (data["nbformat"], data["nbformat_minor"]) == (4, 5)
    assert all(cell["id"] for cell in data["cells"])
    assert not [
        cell for cell in data["cells"] if cell.get("outputs") or cell.get("execution_count")
    ]
    assert data["metadata"]["kernelspec"]["name"] == "python3"


@pytest.mark.parametrize("name", ["02-comfyui-raw", "03-openai-sdk", "04-classic", "05-forge-raw"])
def test_only_the_quickstart_knows_of_us(name):
    cells = json.loads((EXAMPLES / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
    code = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    assert not re.search("coursia|genai", code, re.IGNORECASE)
