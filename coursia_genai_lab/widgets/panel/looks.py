"""How the parts of the form look, and how they come and go."""

from __future__ import annotations

from typing import Any

import ipywidgets as w

LABELS = {"description_width": "7em"}
WRAPPED = {"flex_flow": "row wrap"}


def button(description: str, tooltip: str, icon: str = "", **options: Any) -> w.Button:
    """Return a button as wide as its words; an icon is never all that it says."""
    layout = w.Layout(width="auto")
    return w.Button(description=description, tooltip=tooltip, icon=icon, layout=layout, **options)


def toggle(description: str, tooltip: str, icon: str = "") -> w.ToggleButton:
    """Return a button that stays pressed."""
    layout = w.Layout(width="auto")
    return w.ToggleButton(description=description, tooltip=tooltip, icon=icon, layout=layout)


def row(*parts: w.Widget) -> w.HBox:
    """Return parts beside each other; in a narrow cell they wrap."""
    return w.HBox(list(parts), layout=w.Layout(align_items="center", **WRAPPED))


def hide(*parts: w.Widget) -> None:
    """Take parts out of sight, for screen readers too."""
    for part in parts:
        part.layout.display = "none"


def show(*parts: w.Widget) -> None:
    """Bring parts back into sight."""
    for part in parts:
        part.layout.display = None
