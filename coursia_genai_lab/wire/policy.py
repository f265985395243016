"""The mode and its layers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .shape import Shape

Mode = Literal["auto", "local", "cloud", "demo", "off"]
Fallback = Literal["ask", "auto", "never"]
"""What happens when a local service cannot answer: ask for the cloud, take it, or do without."""
LayerName = Literal["operator", "class", "notebook", "person"]


class ModeLayer(Shape):
    """What one layer says; a lower layer may only choose among what the upper allows."""

    layer: LayerName
    value: Mode | None = None
    """None: this layer says nothing."""
    set_by: str = ""
    since: float | None = None
    """Unix time, seconds."""
    editable: bool = False
    """Whether this caller may change the layer by PUT mode."""


class ModeView(Shape):
    """The mode in force, and who said what."""

    effective: Mode
    scope: Literal["server", "class"] = "server"
    layers: list[ModeLayer] = Field(default_factory=list)
    enforced: bool = False
    """False on one's own machine: the kernel's user can do whatever the server can."""
    choices: list[Mode] = Field(default_factory=list)
    """The values that this caller may choose now."""


class ModeChange(Shape):
    """PUT mode: set a layer, or clear it with None."""

    layer: LayerName = "person"
    value: Mode | None
