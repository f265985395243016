"""Notebooks that share an engine: places in line, batches, cancelling, replays, figures."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from jupyter_process import JupyterProcess, write_notebook

pytestmark = pytest.mark.server
NEEDY = "from coursia_genai_lab import generate\ngenerate('a red fox')"

LONG = """
from coursia_genai_lab import start
job = start("a long one", size=(64, 64), steps=150)
next(event for event in job if getattr(event, "step", None))
print("it works")
"""
WAIT = """
from coursia_genai_lab import cancel, generate, queue, start
from coursia_genai_lab.client import Waiting
mine = start("a short one", size=(64, 64), steps=1)
first = next(event for event in mine if isinstance(event, Waiting) and event.position)
print("place", first.position, first.reason)
# Both kernels are one person's, and the line is of a person's jobs.
[seen] = [one for one in queue() if one.state == "waiting"]
print("seen", seen.position, seen.mine, seen.label)
"""
CANCEL = """
from coursia_genai_lab.errors import GenerationCancelled
print("left", len(cancel(seen)))
try:
    mine.result(60)
except GenerationCancelled as error:
    print("ended:", error.message)
"""
REPLAY = """
from coursia_genai_lab import batch, edit, generate, usage
[picture] = generate("a red fox", size=(64, 64), steps=2, seed=7, show_progress=False)
facts = picture.provenance
print(facts.service, facts.demo, facts.prompt, facts.seed, (facts.width, facts.height), facts.steps)
image, found = picture.replay(show_progress=False)
print(found.verdict, image.provenance.id != facts.id)
[changed] = edit(picture, "a blue fox", size=(64, 64), seed=3, show_progress=False)
print(len(changed.provenance.inputs), changed.replay(show_progress=False).verdict)
made = batch([f"fox {n}" for n in range(6)], size=(64, 64), steps=1, show_progress=False)
print(len(made.images), len(made.failures), len({one.provenance.id for one in made.images}))
used = usage()
print(used.pictures >= 10, used.failed)
"""


@pytest.fixture(scope="module")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterProcess]:
    """A server with a demo engine of a tenth of a second a step."""
    traits = {"GenAILab": {"mode": "demo", "demo_seconds_per_step": 0.1}}
    with JupyterProcess.start(tmp_path_factory.mktemp("line"), traits=traits) as server:
        yield server


def kernel(jupyter: JupyterProcess, name: str) -> str:
    """Open a notebook of its own and return its kernel."""
    write_notebook(jupyter.root / name, NEEDY)
    return jupyter.open_notebook(name).kernel_id


def test_a_notebook_sees_its_place_in_line_and_may_leave_it(jupyter: JupyterProcess) -> None:
    busy, waiting = kernel(jupyter, "busy.ipynb"), kernel(jupyter, "waiting.ipynb")
    assert "it works" in jupyter.execute(busy, LONG)
    told = jupyter.execute(waiting, WAIT)
    assert "place 1 waiting in line" in told
    assert "seen 1 True waiting.ipynb" in told
    told = jupyter.execute(waiting, CANCEL)
    assert "ended:" in told
    assert "it is over" in jupyter.execute(busy, "job.cancel(); print('it is over')")


def test_pictures_know_their_making_and_are_made_again(jupyter: JupyterProcess) -> None:
    told = jupyter.execute(kernel(jupyter, "again.ipynb"), REPLAY).splitlines()
    assert told == [
        "demo True a red fox 7 (64, 64) 2",
        "identical True",
        "1 identical",
        "6 0 6",
        "True 0",
    ]
