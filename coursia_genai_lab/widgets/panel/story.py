"""Where the form says how it stands: a line, a bar, a preview, and what went wrong."""

from __future__ import annotations

import html
import time
from collections.abc import Callable

import ipywidgets as w

from ...client.events import Event, Preview, Step, Waiting
from ..progress import about, shrunk
from ..words import Words
from .looks import button, hide, show

# Below it an estimate from what has been done jumps about.
ESTIMATE_PERCENT = 10


class Story:
    """The widgets between the fields and the pictures; `again` repeats what failed."""

    def __init__(self, words: Words, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._words = words
        self._clock = clock
        self._count = 1
        self._index = -1
        self._began = 0.0
        self.generate = button(
            words("Generate"),
            words("Make the picture (Ctrl+Enter in JupyterLab)"),
            "image",
            button_style="primary",
        )
        self.generate.add_class("jp-GenAILab-generate")
        self.cancel = button(words("Cancel"), words("Stop making the picture"), "stop")
        self.line = w.HTML()
        self.left = w.HTML()
        self.bar = w.FloatProgress(min=0, max=100, layout=w.Layout(width="100%"))
        self.bar.tooltip = words("Progress")
        self.preview = w.HTML()
        self.running = w.VBox([self.bar, self.preview])
        self.error = w.HTML()
        self.again = button(words("Try again"), words("Ask for the same once more"), "refresh")
        hide(self.running, self.again)
        buttons = w.HBox([self.generate, self.cancel], layout=w.Layout(margin="4px 0 4px 7.4em"))
        self.box = w.VBox([buttons, self.left, self.line, self.running, self.error, self.again])

    def begin(self, count: int, line: str) -> None:
        """Show that `count` pictures are being made."""
        self._count, self._index = count, -1
        # Never disabled: a button that is would lose the focus of who works by keyboard.
        self.generate.button_style, self.cancel.button_style = "", "warning"
        self.bar.value = 0
        self.show_error("", "")
        self.say(line)
        show(self.running)

    def end(self, line: str) -> None:
        """Show that it is over."""
        self._preview("")
        hide(self.running)
        self.generate.button_style, self.cancel.button_style = "primary", ""
        self.say(line)

    def tell(self, event: Event) -> None:
        """Show what happens on the way."""
        if isinstance(event, Preview):
            self._preview(shrunk(event.data))
        elif isinstance(event, Waiting):
            self.say(self._waiting(event))
        elif isinstance(event, Step):
            self._step(event)

    def say(self, text: str) -> None:
        """Say how it stands; a screen reader reads it when it has a moment."""
        self.line.value = f'<span role="status">{html.escape(text)}</span>' if text else ""

    def show_left(self, text: str) -> None:
        """Say what is left of quotas; empty words clear the place."""
        self.left.value = f"<small>{html.escape(text)}</small>" if text else ""

    def show_error(self, message: str, remedy: str, *, again: bool = False) -> None:
        """Say what went wrong and what to do; empty words clear the place."""
        colour = "var(--jp-error-color1, #b00020)"
        self.error.value = (
            f'<div role="alert" style="border-left: 4px solid {colour}; padding: 4px 8px; '
            f'line-height: 1.4"><b>{html.escape(message)}</b><br>{html.escape(remedy)}</div>'
            if message
            else ""
        )
        (show if message and again else hide)(self.again)

    def _preview(self, data_url: str) -> None:
        words = html.escape(self._words("Preview"), quote=True)
        self.preview.value = f'<img alt="{words}" src="{data_url}">' if data_url else ""

    def _waiting(self, event: Waiting) -> str:
        words = self._words
        if event.position is None:
            return words("Waiting: {reason}", reason=words(event.reason))
        if event.seconds is None:
            return words("Waiting in line: place {place}", place=event.position)
        return words(
            "Waiting in line: place {place}, about {time}",
            place=event.position,
            time=about(event.seconds),
        )

    def _step(self, event: Step) -> None:
        words = self._words
        if event.index != self._index:
            self._index, self._began = event.index, self._clock()
        if event.percent is not None:
            self.bar.value = (100 * event.index + event.percent) / max(self._count, event.index + 1)
        parts = []
        if self._count > 1:
            parts.append(
                words("Picture {number} of {count}", number=event.index + 1, count=self._count)
            )
        if event.steps:
            parts.append(words("Step {step} of {steps}", step=event.step, steps=event.steps))
        elif event.phase:
            parts.append(words(event.phase))
        parts += self._estimate(event.percent)
        self.say(" · ".join(parts) or words("Working"))

    def _estimate(self, percent: float | None) -> list[str]:
        if percent is None or not ESTIMATE_PERCENT <= percent < 100:
            return []
        seconds = (self._clock() - self._began) * (100 - percent) / percent
        return [self._words("about {time} left", time=about(seconds))] if seconds >= 1 else []
