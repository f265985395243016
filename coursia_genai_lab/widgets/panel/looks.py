"""How the parts of the form look, and how they come and go."""

from __future__ import annotations

import json
from typing import Any

import ipywidgets as w

from ..words import Words

LABELS = {"description_width": "7em"}
# What stands below a field begins where the field does.
INDENT = "7.4em"
WRAPPED = {"flex_flow": "row wrap"}


def button(description: str, tooltip: str, icon: str = "", **options: Any) -> w.Button:
    """Return a button as wide as its words; an icon is never all that it says."""
    # Never narrower than its words: they would end in dots in a narrow cell.
    layout = w.Layout(width="auto", flex="0 0 auto")
    return w.Button(description=description, tooltip=tooltip, icon=icon, layout=layout, **options)


def toggle(description: str, tooltip: str, icon: str = "") -> w.ToggleButton:
    """Return a button that stays pressed."""
    layout = w.Layout(width="auto", flex="0 0 auto")
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


def when_dead(words: Words) -> str:
    """Return a style sheet that says, once the kernel is gone, what the form is good for then.

    Nobody can do so at that time: the kernel that would is gone, and ipywidgets marks each control
    with a broken chain and leaves it at that.
    """
    gone = words("The kernel of this form is gone. Run its cell again for a new form.")
    told = json.dumps(gone, ensure_ascii=False).replace("<", "\\3c ")
    dead = ".jp-GenAILab-form.jupyter-widgets-disconnected"
    return (
        f"<style>{dead}::before{{content:{told};display:block;font:inherit;font-weight:bold;"
        "color:inherit;padding:4px 8px;margin-bottom:8px;"
        "border-left:4px solid var(--jp-warn-color1,#b45f06)}"
        f"{dead} .jupyter-widgets-disconnected::before{{content:none}}"
        f"{dead} :is(button,input,select,textarea){{opacity:.5;pointer-events:none}}</style>"
    )
