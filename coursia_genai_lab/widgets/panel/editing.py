"""Change the chosen picture: say what, in which style, and where."""

from __future__ import annotations

import html
from collections.abc import Callable
from functools import partial
from typing import Any

import ipywidgets as w

from ...client.images import EditRequest
from ...errors import InvalidRequest
from ..asking import edit_for, request_for
from ..pictures import GeneratedImage
from ..words import Words
from .looks import INDENT, LABELS, button, hide, row, show

# The words for the model stay English: that is what models were taught in.
STYLES = (
    ("Watercolour", "a watercolour painting"),
    ("Oil painting", "an oil painting with visible brush strokes"),
    ("Pencil drawing", "a pencil drawing"),
    ("Comic", "a comic drawing with ink lines and flat colours"),
    ("Pixel art", "pixel art"),
    ("Paper collage", "a collage of cut paper"),
    ("Photograph", "a photograph"),
)
SHOWN_WIDTH = 320


class Editing:
    """The widgets of the change; `box` holds them. The rectangle is in percent of the picture."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._picture: GeneratedImage | None = None
        self._shown = ""
        self.change = w.Textarea(
            description=words("Change"),
            placeholder=words("What should be different in the picture?"),
            rows=2,
            style=LABELS,
            layout=w.Layout(width="auto"),
        )
        self.style = w.Dropdown(
            options=[(words("As it is"), ""), *((words(name), text) for name, text in STYLES)],
            description=words("Style"),
            style=LABELS,
            layout=w.Layout(flex="1 1 16em"),
        )
        self.part = w.Checkbox(
            description=words("Change only a part"), indent=False, layout=w.Layout(width="auto")
        )
        self.left = _percent(words("Left %"), 25)
        self.top = _percent(words("Top %"), 25)
        self.width = _percent(words("Width %"), 50, least=1)
        self.height = _percent(words("Height %"), 50, least=1)
        self.where = w.HTML()
        self.rectangle = w.VBox(
            [row(self.left, self.top), row(self.width, self.height), self.where]
        )
        self.apply = button(
            words("Make the change"), words("Change the picture that is shown"), "magic"
        )
        row_of_apply = w.HBox([self.apply], layout=w.Layout(margin=f"4px 0 4px {INDENT}"))
        parts = [self.change, row(self.style, self.part), self.rectangle, row_of_apply]
        self.box = w.VBox(parts)
        hide(self.box, self.rectangle)
        for field in (self.part, self.left, self.top, self.width, self.height):
            field.observe(lambda _: self._draw(), "value")

    def open(self, picture: GeneratedImage | None) -> None:
        """Show the fields for a picture; None hides them."""
        if picture is not self._picture:
            self._shown = picture.thumbnail(SHOWN_WIDTH) if picture is not None else ""
        self._picture = picture
        (hide if picture is None else show)(self.box)
        self._draw()

    def asked(
        self, picture: GeneratedImage, seed: int, **choices: Any
    ) -> Callable[[], EditRequest]:
        """Return what makes the request: reading and encoding the picture takes its time.

        Raises:
            InvalidRequest: it is not said what should be different.
        """
        request = request_for(self._prompt(), size=None, seed=seed, **choices)
        box = self._box(*picture.size) if self.part.value else None
        return partial(_encoded, request, picture, box)

    def _prompt(self) -> str:
        change = self.change.value.strip()
        style = self.style.value and (
            f"Redraw the picture as {self.style.value}, and keep what it shows and where."
        )
        if not change and not style:
            raise InvalidRequest(
                "It is not said what should be different.",
                "Describe the change, or choose a style.",
            )
        return " ".join(part for part in (change, style) if part)

    def _box(self, width: int, height: int) -> tuple[int, int, int, int]:
        left, top, right, bottom = self._edges()
        return (
            round(left * width / 100),
            round(top * height / 100),
            max(1, round(right * width / 100)),
            max(1, round(bottom * height / 100)),
        )

    def _edges(self) -> tuple[int, int, int, int]:
        left, top = min(99, self.left.value), min(99, self.top.value)
        right, bottom = left + self.width.value, top + self.height.value
        return left, top, min(100, right), min(100, bottom)

    def _draw(self) -> None:
        (show if self.part.value else hide)(self.rectangle)
        if self._picture is None or not self.part.value:
            self.where.value = ""
            return
        left, top, right, bottom = self._edges()
        words = self._words(
            "The marked part may change: {left} to {right} % from the left, "
            "{top} to {bottom} % from the top.",
            left=left,
            right=right,
            top=top,
            bottom=bottom,
        )
        # Two colours, so that the frame is seen on any picture.
        frame = (
            f"position: absolute; left: {left}%; top: {top}%; width: {right - left}%; "
            f"height: {bottom - top}%; border: 2px dashed #fff; outline: 2px solid #000; "
            "box-sizing: border-box; background: rgba(255, 255, 255, 0.25)"
        )
        self.where.value = (
            f'<div style="position: relative; width: {SHOWN_WIDTH}px; max-width: 100%; '
            f'line-height: 0"><img alt="{html.escape(words, quote=True)}" '
            f'src="{self._shown}" style="width: 100%">'
            f'<div style="{frame}"></div></div>'
            '<small role="status" style="line-height: 1.4; display: block">'
            f"{html.escape(words)}</small>"
        )


def _encoded(
    request: Any, picture: GeneratedImage, box: tuple[int, int, int, int] | None
) -> EditRequest:
    from PIL import Image

    if box is None:
        return edit_for(request, picture, None)
    mask = Image.new("L", picture.size, 0)
    mask.paste(255, box)
    return edit_for(request, picture, mask)


def _percent(description: str, value: int, *, least: int = 0) -> w.BoundedIntText:
    return w.BoundedIntText(
        value=value,
        min=least,
        max=100,
        step=5,
        continuous_update=True,
        description=description,
        style=LABELS,
        layout=w.Layout(width="13em"),
    )
