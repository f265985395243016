"""The helper where nobody looks: a notebook run from top to bottom by nbclient."""

from __future__ import annotations

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

SECONDS = 120
CELLS = (
    """
from coursia_genai_lab import GenerationPanel, generate, grid
panel = GenerationPanel("a red fox", language="en")
panel.fields.size.value = (512, 512)
panel
""",
    "panel.generate()\npanel.wait(60)",
    "grid(generate('a blue boat', size=(256, 256), n=2))",
    "generate('a blue boat', size=(256, 256), n=2)",
    "panel.tools.code.click()\nprint(panel.tools.told.value)",
)


@pytest.fixture
def outputs(enabled) -> list[list[dict]]:
    """What each cell put out, as the saved notebook has it."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in CELLS])
    NotebookClient(notebook, timeout=SECONDS, kernel_name="python3").execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_form_is_a_sentence_and_pictures_are_pictures(outputs):
    form, made, sheet, gallery, code = outputs
    assert form[-1]["data"]["text/plain"].startswith("GenerationPanel: a form for pictures")
    assert {"image/png", "text/html", "text/plain"} <= set(made[-1]["data"])
    assert made[-1]["data"]["text/plain"].endswith("DEMO: a red fox")
    assert 'alt="2 pictures: demo' in sheet[-1]["data"]["text/html"]
    assert gallery[-1]["data"]["text/html"].count("<img") == 2
    # Paper shows no HTML, and whoever cannot see hears what a picture shows.
    assert "image/jpeg" in sheet[-1]["data"]
    assert "image/jpeg" in gallery[-1]["data"]
    assert "a blue boat" in sheet[-1]["data"]["text/html"].partition("src=")[2]
    assert gallery[-1]["data"]["text/html"].count('alt="a blue boat"') == 2
    assert all("text/plain" in out["data"] for cell in outputs[:4] for out in cell)
    assert "generate(" in form[-1]["data"]["text/plain"]
    # One line is left of the progress.
    assert gallery[0]["data"]["text/plain"].startswith("2 pictures")
    assert 'generate("a red fox", model="demo", size=(512, 512)' in code[0]["text"]
