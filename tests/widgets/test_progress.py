"""Progress in a notebook's output, on a terminal and in a log."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from PIL import Image

from coursia_genai_lab.client import Picture, Preview, Step, Waiting
from coursia_genai_lab.widgets.progress import NotebookDisplay, TerminalDisplay, sentence


class Output:
    """Keeps what a display publisher is told."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []
        self.now = 0.0

    def publish(self, data: dict[str, str], metadata: dict[str, Any], **how: Any) -> None:
        self.shown.append({**data, **how})

    def clock(self) -> float:
        return self.now

    @property
    def html(self) -> str:
        return str(self.shown[-1]["text/html"])


def display() -> tuple[NotebookDisplay, Output]:
    output = Output()
    return NotebookDisplay(output.publish, clock=output.clock), output


def png(side: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (side, side), "red").save(out, "PNG")
    return out.getvalue()


def test_a_notebook_gets_one_output_that_is_rewritten_in_place():
    shown, output = display()
    output.now = 1
    shown.tell(Step(step=3, steps=4, percent=75.0))
    shown.finish("demo · 1.0 s")
    assert [each["update"] for each in output.shown] == [False, True, True]
    assert len({each["transient"]["display_id"] for each in output.shown}) == 1


def test_a_step_is_told_in_words_as_a_bar_and_to_screen_readers():
    shown, output = display()
    output.now = 1
    shown.tell(Step(step=3, steps=4, percent=75.0))
    assert "step 3 of 4" in output.html
    assert 'value="75"' in output.html
    assert 'role="status"' in output.html
    assert output.shown[-1]["text/plain"] == "GenAI: step 3 of 4"


def test_a_preview_is_shown_small_and_stays_while_steps_go_on():
    shown, output = display()
    output.now = 1
    shown.tell(Preview(png(1024)))
    output.now = 2
    shown.tell(Step(step=3, steps=4))
    data = output.html.partition("base64,")[2].partition('"')[0]
    assert max(Image.open(io.BytesIO(base64.b64decode(data))).size) == 256


def test_a_preview_that_is_no_picture_is_left_out():
    shown, output = display()
    output.now = 1
    shown.tell(Preview(b"nonsense"))
    assert "<img" not in output.html


def test_quick_steps_are_drawn_ten_times_a_second_at_most():
    shown, output = display()
    for step in range(1, 100):
        output.now += 0.01
        shown.tell(Step(step=step, steps=100))
    assert 5 < len(output.shown) < 15


def test_words_from_elsewhere_are_shown_as_text():
    shown, output = display()
    output.now = 1
    shown.tell(Waiting("<script>alert(1)</script>", 2.0))
    assert "<script>" not in output.html
    assert "&lt;script&gt;" in output.html
    shown.finish("<script>")
    assert "<script>" not in output.html


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_has_one_line_that_is_rewritten():
    stream = Terminal()
    shown = TerminalDisplay(stream)
    shown.tell(Step(step=1, steps=4))
    shown.tell(Picture(png(8)))
    shown.finish("done")
    assert stream.getvalue().count("\n") == 1
    assert stream.getvalue().endswith("done\n")


def test_a_log_gets_phases_and_not_every_step():
    stream = io.StringIO()
    shown = TerminalDisplay(stream)
    shown.tell(Waiting("FLUX is starting", 2.0))
    for step in range(1, 5):
        shown.tell(Step(phase="drawing", step=step, steps=4))
    shown.finish("done")
    assert stream.getvalue() == "FLUX is starting\ndrawing\ndone\n"


def test_the_second_picture_of_a_call_is_told_as_such():
    stream = Terminal()
    TerminalDisplay(stream).tell(Step(step=1, steps=4, index=1))
    assert stream.getvalue().endswith("picture 2, step 1 of 4")


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (Waiting("waiting in line", 19.6, position=3), "waiting in line: place 3, about 20 s"),
        (Waiting("waiting in line", 0.2, position=1), "waiting in line: place 1, about 1 s"),
        (Waiting("waiting in line", 200, position=9), "waiting in line: place 9, about 3 min"),
        (Waiting("waiting in line", None, position=1), "waiting in line: place 1"),
        (
            Waiting("waiting in line", 8, position=2, index=1),
            "waiting in line: picture 2, place 2, about 8 s",
        ),
        (Waiting("FLUX is starting.", 3), "FLUX is starting."),
    ],
)
def test_a_wait_is_told_in_words(event, words):
    assert sentence(event) == words
