"""The helper in a real kernel: what the person at the notebook gets to see."""

from __future__ import annotations

import base64
import io
import os
from collections.abc import Iterator
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager
from PIL import Image

SECONDS = 60


class Cell:
    """What running one cell put out, message by message."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The contents of all messages of one kind."""
        return [each["content"] for each in self.messages if each["msg_type"] == kind]

    @property
    def text(self) -> str:
        """All that was printed."""
        return "".join(content["text"] for content in self.of("stream"))


class Kernel:
    """One kernel, run from outside."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.manager = KernelManager(kernel_name="python3")
        self.manager.start_kernel(env=environment)
        self.client: BlockingKernelClient = self.manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(SECONDS)

    def run(self, code: str, *, on_message: Any = None, fails: bool = False) -> Cell:
        """Run one cell to its end."""
        cell = Cell()

        def note(message: dict[str, Any]) -> None:
            cell.messages.append(message)
            if on_message is not None:
                on_message(message)

        reply = self.client.execute_interactive(code, timeout=SECONDS, output_hook=note)
        status = reply["content"]["status"]
        assert (status == "error") is fails, reply["content"].get("traceback")
        return cell

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
        self.manager.cleanup_resources()


def environment(engine: Any = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GENAI")}
    if engine is not None:
        kept.update(GENAI_API_URL=f"{engine.url}/v1", GENAI_API_TOKEN=engine.token)
    return kept


@pytest.fixture(scope="module")
def kernel(start_demo: Any) -> Iterator[Kernel]:
    """A kernel with GenAI and an engine that takes its time."""
    kernel = Kernel(environment(start_demo("--seconds-per-step", "0.05")))
    yield kernel
    kernel.close()


@pytest.fixture(scope="module")
def plain_kernel() -> Iterator[Kernel]:
    """A kernel that was launched without GenAI."""
    kernel = Kernel(environment())
    yield kernel
    kernel.close()


def test_progress_is_one_output_that_is_rewritten_and_ends_in_one_line(kernel):
    cell = kernel.run(
        "from coursia_genai_lab import generate\ngenerate('a red fox', size=(256, 256), steps=8)"
    )
    [first] = cell.of("display_data")
    updates = cell.of("update_display_data")
    assert any("step " in update["data"]["text/html"] for update in updates)
    assert any("data:image/jpeg" in update["data"]["text/html"] for update in updates)
    assert {each["transient"]["display_id"] for each in updates} == {
        first["transient"]["display_id"]
    }
    assert "demo · 256 × 256" in updates[-1]["data"]["text/plain"]
    assert "<progress" not in updates[-1]["data"]["text/html"]


def test_the_result_shows_itself(kernel):
    cell = kernel.run("generate('a red fox', size=(256, 256), steps=1, show_progress=False)")
    [result] = cell.of("execute_result")
    picture = Image.open(io.BytesIO(base64.b64decode(result["data"]["image/png"])))
    assert picture.size == (256, 256)
    assert cell.of("display_data") == []


def test_interrupting_the_kernel_cancels_and_says_so(kernel):
    sent: list[bool] = []

    def interrupt(message: dict[str, Any]) -> None:
        data = message["content"].get("data", {})
        if not sent and "step 2" in data.get("text/plain", ""):
            sent.append(True)
            kernel.manager.interrupt_kernel()

    cell = kernel.run(
        "generate('a red fox', size=(256, 256), steps=150)", on_message=interrupt, fails=True
    )
    [error] = cell.of("error")
    assert (error["ename"], error["evalue"]) == (
        "KeyboardInterrupt",
        "The generation was cancelled.",
    )
    assert error["traceback"] == ["KeyboardInterrupt: The generation was cancelled."]
    assert cell.of("update_display_data")[-1]["data"]["text/plain"] == "cancelled"
    kernel.run("assert generate('again', size=(256, 256), steps=1)[0].size == (256, 256)")


def test_without_a_token_the_message_is_two_sentences_and_the_line(plain_kernel):
    cell = plain_kernel.run("from coursia_genai_lab import generate\ngenerate('x')", fails=True)
    [error] = cell.of("error")
    assert error["ename"] == "TokenMissing"
    assert len(error["traceback"]) == 3
    assert "Enable GenAI for this kernel" in error["traceback"][1]
    assert error["traceback"][2] == "In line 2: generate('x')"


def test_awaiting_in_a_cell_works_too(kernel):
    kernel.run(
        "from coursia_genai_lab import aio\n"
        "picture, = await aio.generate('a red fox', size=(256, 256), steps=1)\n"
        "assert picture.size == (256, 256)"
    )


def press(kernel: Kernel, comm_id: str) -> None:
    """Press a button as a front end does: a message on the widget's comm."""
    content = {"comm_id": comm_id, "data": {"method": "custom", "content": {"event": "click"}}}
    message = kernel.client.session.msg("comm_msg", content)
    kernel.client.shell_channel.send(message)


FORM = (
    "from coursia_genai_lab import GenerationPanel\n"
    "panel = GenerationPanel('a red fox', language='en')\n"
    "panel.fields.size.value = (512, 512)\n"
    "display(panel)\n"
    "print(*(part.model_id for part in"
    " (panel.story.generate, panel.story.cancel, panel.story.bar)))"
)


def test_the_form_is_alive_while_it_works_and_its_buttons_work_from_the_front_end(kernel):
    cell = kernel.run(FORM)
    assert "application/vnd.jupyter.widget-view+json" in cell.of("display_data")[-1]["data"]
    generate_id, cancel_id, _ = cell.text.split()
    press(kernel, generate_id)
    kernel.run("assert panel.running")
    press(kernel, cancel_id)
    cell = kernel.run(
        "from coursia_genai_lab.errors import GenerationCancelled\n"
        "try:\n    panel.wait(20)\nexcept GenerationCancelled:\n    print('cancelled')"
    )
    assert cell.text == "cancelled\n"
    press(kernel, generate_id)
    kernel.run("assert panel.wait(20)[0].size == (512, 512)")


def test_progress_of_the_form_reaches_the_front_end_while_the_kernel_is_idle(kernel):
    generate_id, _, bar_id = kernel.run(FORM).text.split()
    press(kernel, generate_id)
    values: list[float] = []
    while 100 not in values:
        message = kernel.client.get_iopub_msg(timeout=60)
        if message["msg_type"] == "comm_msg" and message["content"]["comm_id"] == bar_id:
            state = message["content"]["data"].get("state", {})
            values += [state["value"]] if "value" in state else []
    assert values == sorted(values)
    assert len(values) > 3
    kernel.run("panel.wait(20)")


def opened(kernel: Kernel, target: str) -> dict[str, Any]:
    """The content of the next comm that the kernel opens to a target."""
    while True:
        message = kernel.client.get_iopub_msg(timeout=SECONDS)
        content = message["content"]
        if message["msg_type"] == "comm_open" and content["target_name"] == target:
            return content


def test_code_is_handed_to_the_front_end_which_may_answer(kernel):
    kernel.run(f"{FORM}\npanel.fields.steps.value = 1\npanel.generate()\n_ = panel.wait(60)")
    code_id, panel_id = kernel.run("print(panel.tools.code.model_id, panel.model_id)").text.split()
    press(kernel, code_id)
    asked = opened(kernel, "coursia-genai-lab:helper")
    assert asked["data"]["wish"] == "cell"
    assert asked["data"]["widget"] == panel_id
    assert asked["data"]["text"].startswith("from coursia_genai_lab import generate")
    kernel.run("assert panel.tools.told.value and panel.tools.told.layout.display is None")
    answer = {"comm_id": asked["comm_id"], "data": {"done": True}}
    kernel.client.shell_channel.send(kernel.client.session.msg("comm_msg", answer))
    kernel.run(
        "assert panel.tools.told.value == ''\n"
        "assert 'A new cell with the code stands below.' in panel.story.line.value"
    )


def test_pictures_are_there_again_after_the_kernel_was_restarted(start_demo):
    kernel = Kernel(environment(start_demo("--seconds-per-step", "0")))
    try:
        kernel.run(f"{FORM}\npanel.generate()\n_ = panel.wait(60)")
        kernel.client.stop_channels()
        kernel.manager.restart_kernel(now=True)
        kernel.client = kernel.manager.blocking_client()
        kernel.client.start_channels()
        kernel.client.wait_for_ready(SECONDS)
        cell = kernel.run(
            "import threading\n"
            "from coursia_genai_lab import GenerationPanel\n"
            "panel, come = GenerationPanel(language='en'), threading.Event()\n"
            "panel.gallery.thumbs.observe(lambda _: come.set(), 'children')\n"
            "assert panel.gallery.pictures or come.wait(60)\n"
            "print(panel.gallery.names()[0][0])"
        )
        assert cell.text.startswith("Picture 1 · demo · 512 × 512 · seed ")
    finally:
        kernel.close()


def test_without_widgets_the_form_is_told_in_words_and_pictures_are_pictures(kernel):
    cell = kernel.run(f"{FORM}\npanel.generate()\npanel.wait(60)")
    plain = cell.of("display_data")[-1]["data"]["text/plain"]
    assert plain.startswith("GenerationPanel: a form for pictures")
    [result] = cell.of("execute_result")
    assert {"image/png", "text/html", "text/plain"} <= set(result["data"])
    assert result["data"]["text/plain"].endswith(": a red fox")
