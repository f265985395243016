"""Show progress where the code runs: in a notebook's output, on a terminal, or not at all.

A notebook gets one output that is rewritten in place (display data with a display id). It needs no
widget support of the front end, and leaves one plain line in the saved notebook.
"""

from __future__ import annotations

import base64
import html
import io
import sys
import time
import uuid
from collections.abc import Callable
from typing import Any, Protocol, TextIO

from ..client.events import Event, Picture, Preview, Step, Waiting

# Ten a second look alive; more only fill the line to the browser.
UPDATE_SECONDS = 0.1
PREVIEW_SIDE = 256


def sentence(event: Event) -> str:
    """Return what an event means, in words; empty for a preview."""
    if isinstance(event, Waiting):
        return event.reason if event.position is None else in_line(event)
    if isinstance(event, Step):
        which = f"picture {event.index + 1}" if event.index else ""
        counted = f"step {event.step} of {event.steps}" if event.steps else ""
        return ", ".join(part for part in (event.phase, which, counted) if part) or "working"
    return "the picture is ready" if isinstance(event, Picture) else ""


def in_line(event: Waiting) -> str:
    """Return the place of a job in line and how long that takes, in words."""
    which = f"picture {event.index + 1}, " if event.index else ""
    place = f"waiting in line: {which}place {event.position}"
    return place if event.seconds is None else f"{place}, about {about(event.seconds)}"


def about(seconds: float) -> str:
    """Return a time as people say it: 20 s, 3 min."""
    if seconds < 100:
        return f"{max(1, round(seconds))} s"
    return f"{round(seconds / 60)} min"


def shrunk(data: bytes, side: int = PREVIEW_SIDE) -> str:
    """Return a picture as a small JPEG data URL; empty when it cannot be read.

    Previews come in full size, and several megabytes an update would choke the browser.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        picture = Image.open(io.BytesIO(data))
        picture.draft("RGB", (side, side))
        picture.thumbnail((side, side), reducing_gap=2.0)
        small = picture.convert("RGB")
    except (UnidentifiedImageError, OSError, ValueError):
        return ""
    out = io.BytesIO()
    small.save(out, "JPEG", quality=80)
    return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


class Display(Protocol):
    """Where progress is told."""

    def tell(self, event: Event) -> None:
        """Show an event."""

    def finish(self, line: str) -> None:
        """Leave one last line in place of the progress."""


class NoDisplay:
    """Tells nobody."""

    def tell(self, event: Event) -> None:
        """Show nothing."""

    def finish(self, line: str) -> None:
        """Leave nothing."""


class NotebookDisplay:
    """Rewrites one output of the running cell; `publish` is the shell's display publisher."""

    def __init__(
        self, publish: Callable[..., Any], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._publish = publish
        self._clock = clock
        self._id = uuid.uuid4().hex
        self._shown_at: float | None = None
        self._line, self._preview = "asking for the picture", ""
        self._percent: float | None = None
        self._draw()

    def tell(self, event: Event) -> None:
        """Show an event, at most ten times a second."""
        if isinstance(event, Preview):
            self._preview = shrunk(event.data)
        else:
            self._line = sentence(event)
            self._percent = event.percent if isinstance(event, Step) else None
        if self._shown_at is None or self._clock() - self._shown_at >= UPDATE_SECONDS:
            self._draw()

    def finish(self, line: str) -> None:
        """Leave one last line."""
        escaped = html.escape(line)
        self._put(f'<small style="opacity: 0.75">{escaped}</small>' if line else "", line)

    def _draw(self) -> None:
        line = html.escape(self._line)
        value = "" if self._percent is None else f' value="{self._percent:.0f}"'
        picture = f'<div><img alt="Preview" src="{self._preview}"></div>' if self._preview else ""
        self._put(
            f'<div role="status" aria-live="polite">GenAI: {line}<br>'
            f'<progress max="100"{value} style="width: 256px">{line}</progress></div>{picture}',
            f"GenAI: {self._line}",
        )

    def _put(self, markup: str, text: str) -> None:
        again = self._shown_at is not None
        self._shown_at = self._clock()
        data = {"text/html": markup, "text/plain": text}
        self._publish(data, {}, transient={"display_id": self._id}, update=again)


class TerminalDisplay:
    """Rewrites one line on a terminal; elsewhere writes a line when the words change."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._live = stream.isatty()
        self._last = ""

    def tell(self, event: Event) -> None:
        """Show an event."""
        line = sentence(event)
        if isinstance(event, Step) and not self._live:
            # A log file wants phases, not every step.
            line = event.phase
        if line and line != self._last:
            self._write(line, "" if self._live else "\n")

    def finish(self, line: str) -> None:
        """Leave one last line."""
        self._write(line, "\n" if line else "")

    def _write(self, line: str, end: str) -> None:
        blank = "\r" + " " * len(self._last) + "\r" if self._live else ""
        self._last = line
        self._stream.write(f"{blank}{line}{end}")
        self._stream.flush()


def find_display(show: bool = True) -> Display:
    """Return the display that suits the place: `show` False tells nobody."""
    if not show:
        return NoDisplay()
    # IPython is asked only where it runs already: whoever has not loaded it is in no notebook.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None and hasattr(shell, "kernel"):
        return NotebookDisplay(shell.display_pub.publish)
    return TerminalDisplay(sys.stderr)
