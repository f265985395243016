"""A place where the form says how it stands: a line, a bar, a preview, and what went wrong."""

from __future__ import annotations

import html

import ipywidgets as w

from ..words import Words
from .looks import INDENT, button, hide, show


class Place:
    """The widgets of one place; `box` holds them. `again` repeats what failed, `cancel` ends what
    is being made and is there while something is.
    """

    def __init__(self, words: Words) -> None:
        self._words = words
        self.line = w.HTML()
        self.bar = w.FloatProgress(min=0, max=100, layout=w.Layout(width="100%"))
        self.bar.tooltip = words("Progress")
        self.preview = w.HTML()
        self.running = w.VBox([self.bar, self.preview])
        self.cancel = button(
            words("Cancel"), words("Stop making the picture"), "stop", button_style="warning"
        )
        self.error = w.HTML()
        self.again = button(words("Try again"), words("Ask for the same once more"), "refresh")
        self.box = w.VBox([self.line, self.running, self.cancel, self.error, self.again])
        self.cancel.layout.margin = f"4px 0 4px {INDENT}"
        self.cancel.layout.align_self = self.again.layout.align_self = "flex-start"
        hide(self.running, self.cancel, self.again)

    def say(self, text: str) -> None:
        """Say how it stands; a screen reader reads it when it has a moment."""
        self.line.value = f'<span role="status">{html.escape(text)}</span>' if text else ""

    def show_preview(self, data_url: str) -> None:
        """Show the picture as far as it has come; an empty URL clears the place."""
        words = html.escape(self._words("Preview"), quote=True)
        self.preview.value = f'<img alt="{words}" src="{data_url}">' if data_url else ""

    def show_error(self, message: str, remedy: str, *, again: bool = False) -> None:
        """Say what went wrong and what to do; empty words clear the place."""
        colour = "var(--jp-error-color1, #b00020)"
        self.error.value = (
            f'<div role="alert" style="border-left: 4px solid {colour}; padding: 4px 8px; '
            f'line-height: 1.4; overflow-wrap: anywhere"><b>{html.escape(message)}</b><br>'
            f"{html.escape(remedy)}</div>"
            if message
            else ""
        )
        (show if message and again else hide)(self.again)

    def clear(self) -> None:
        """Say nothing any more."""
        self.say("")
        self.show_error("", "")
