"""The story of what the form makes: begun, in line, step by step, over."""

from __future__ import annotations

import html
import time
from collections.abc import Callable

import ipywidgets as w

from ...client.events import Event, Preview, Step, Waiting
from ..progress import about, shrunk
from ..words import Words
from .looks import INDENT, WRAPPED, button, hide, show
from .place import Place

# Below it an estimate from what has been done jumps about.
ESTIMATE_PERCENT = 10
# Who listens to a screen reader wants to hear of it, and not of each step.
STEP_SECONDS = 2.0


class Story:
    """Tells in one of two places, the one where the person is looking: `above` the pictures, or
    `below` the chosen one. `line`, `bar`, `preview`, `error`, `again` are those of that place;
    `made_at` is the place where the present pictures were asked for.
    """

    def __init__(self, words: Words, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._words = words
        self._clock = clock
        self._count, self._busy = 1, False
        self._began: float | None = None
        self._told: tuple[float, int, str] | None = None
        self.generate = button(
            words("Generate"),
            words("Make the picture (Ctrl+Enter in JupyterLab)"),
            "image",
            button_style="primary",
        )
        self.generate.add_class("jp-GenAILab-generate")
        self.cancel = button(words("Cancel"), words("Stop making the picture"), "stop")
        self.left = w.HTML()
        self.above, self.below = Place(words), Place(words)
        self._here = self.made_at = self.above
        layout = w.Layout(margin=f"4px 0 4px {INDENT}", **WRAPPED)
        buttons = w.HBox([self.generate, self.cancel], layout=layout)
        self.box = w.VBox([buttons, self.left, self.above.box])

    @property
    def line(self) -> w.HTML:
        """How it stands."""
        return self._here.line

    @property
    def bar(self) -> w.FloatProgress:
        """How far it is, in percent."""
        return self._here.bar

    @property
    def preview(self) -> w.HTML:
        """The picture as far as it has come."""
        return self._here.preview

    @property
    def running(self) -> w.VBox:
        """The bar and the preview; hidden while nothing is made."""
        return self._here.running

    @property
    def error(self) -> w.HTML:
        """What went wrong."""
        return self._here.error

    @property
    def again(self) -> w.Button:
        """The button that repeats what failed."""
        return self._here.again

    def go(self, place: Place) -> None:
        """Speak in this place from now on; what stood in the other is over."""
        if place is not self._here:
            if not (self._busy and self._here is self.made_at):
                self._here.clear()
            self._here = place

    def begin(self, count: int, line: str) -> None:
        """Show that `count` pictures are being made, in the place where we are."""
        self.made_at, self._busy = self._here, True
        self._count, self._began, self._told = count, None, None
        # Never disabled: a button that is would lose the focus of who works by keyboard.
        self.generate.button_style, self.cancel.button_style = "", "warning"
        self.made_at.bar.value = 0
        self.made_at.show_error("", "")
        self.made_at.say(line)
        show(self.made_at.running)
        if self.made_at is self.below:
            show(self.below.cancel)

    def end(self, line: str) -> None:
        """Show that it is over, in the place where it was begun."""
        self.go(self.made_at)
        self._busy = False
        self._here.show_preview("")
        hide(self._here.running, self.below.cancel)
        self.generate.button_style, self.cancel.button_style = "primary", ""
        self._here.say(line)

    def tell(self, event: Event) -> None:
        """Show what happens on the way."""
        if isinstance(event, Preview):
            self.made_at.show_preview(shrunk(event.data))
        elif isinstance(event, Waiting):
            self.made_at.say(self._waiting(event))
        elif isinstance(event, Step):
            self._step(event)

    def say(self, text: str) -> None:
        """Say something in the place where we are."""
        self._here.say(text)

    def show_left(self, text: str) -> None:
        """Say what is left of quotas; empty words clear the place."""
        self.left.value = f"<small>{html.escape(text)}</small>" if text else ""

    def show_error(self, message: str, remedy: str, *, again: bool = False) -> None:
        """Say what went wrong and what to do; empty words clear the place."""
        self._here.show_error(message, remedy, again=again)

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
        self._began = self._clock() if self._began is None else self._began
        percent = None
        if event.percent is not None:
            percent = (100 * event.index + event.percent) / max(self._count, event.index + 1)
            self.made_at.bar.value = percent
        if self._told_lately(event):
            return
        parts = []
        if self._count > 1:
            parts.append(
                words("Picture {number} of {count}", number=event.index + 1, count=self._count)
            )
        if event.steps:
            parts.append(words("Step {step} of {steps}", step=event.step, steps=event.steps))
        elif event.phase:
            parts.append(words(event.phase))
        parts += self._estimate(percent)
        self.made_at.say(" · ".join(parts) or words("Working"))

    def _told_lately(self, event: Step) -> bool:
        now, phase = self._clock(), "" if event.steps else event.phase
        if self._told is not None:
            at, index, told = self._told
            if (index, told) == (event.index, phase) and now - at < STEP_SECONDS:
                return True
        self._told = now, event.index, phase
        return False

    def _estimate(self, percent: float | None) -> list[str]:
        if percent is None or self._began is None or not ESTIMATE_PERCENT <= percent < 100:
            return []
        seconds = (self._clock() - self._began) * (100 - percent) / percent
        return [self._words("about {time} left", time=about(seconds))] if seconds >= 1 else []
