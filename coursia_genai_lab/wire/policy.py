"""The mode and its layers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .problems import Problem
from .shape import Shape

Mode = Literal["auto", "local", "cloud", "demo", "off"]
Fallback = Literal["ask", "auto", "never"]
"""What happens when a local service cannot answer: ask for the cloud, take it, or do without."""
LayerName = Literal["operator", "class", "notebook", "person"]
Scope = Literal["person", "group", "course", "provider"]
"""Whose use a quota counts: one person's, a group's, everybody's of the course, or everything that
one provider is paid for."""
Window = Literal["hour", "day", "week", "month", "course"]
"""The time after which a quota begins anew; `course` never does."""


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


class Quota(Shape):
    """What may be used in one window; None sets no limit. 0 allows nothing."""

    scope: Scope
    name: str = "*"
    """A person, a group, a provider; `*` is each of them by itself. Empty for the course."""
    window: Window = "day"
    pictures: int | None = Field(default=None, ge=0)
    gpu_seconds: float | None = Field(default=None, ge=0)
    cents: float | None = Field(default=None, ge=0)
    """US cents."""


class TextPolicy(Shape):
    """What may be asked of text models beside pictures."""

    models: list[str] = Field(default_factory=list)
    """Models that may be asked, with `*` as in file names; empty: none."""
    max_input_characters: int = Field(default=20_000, ge=1)
    max_output_tokens: int = Field(default=1024, ge=1)


class PolicyView(Shape):
    """GET policy: what holds besides the mode, and where it comes from."""

    course: str = ""
    fallback: Fallback = "ask"
    queue_seconds: float | None = None
    """A wait in line that is expected to be longer counts as "not to be had in time"."""
    models: list[str] | None = None
    """Models that this caller may use, with `*` as in file names; None: all."""
    quotas: list[Quota] = Field(default_factory=list)
    """Those that concern this caller; for teachers and admins all."""
    text: TextPolicy = Field(default_factory=TextPolicy)
    enforced: bool = False
    source: str = ""
    """Where the class's policy is read from, without credentials; empty: from nowhere."""
    read_at: float | None = None
    """Unix time at which it was last read well."""
    problem: Problem | None = None
    """Why the source cannot be read now; what was read before holds."""
    groups: list[str] = Field(default_factory=list)
    """The caller's groups."""
