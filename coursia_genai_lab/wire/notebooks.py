"""What a notebook needs, and why we think so."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .policy import Fallback, Mode
from .problems import Problem
from .shape import Shape

NotebookType = Literal["CLASSIC", "GENAI_BASIC", "GENAI_ADVANCED", "HYBRID"]
SectionKind = Literal["classic", "genai"]


class Evidence(Shape):
    """One place in a notebook that shows a need."""

    service: str
    cell: int
    """Index of the cell in the notebook, from 0; -1 for the notebook's metadata."""
    line: int
    """Line in the cell, from 1; 0 when the whole cell is meant."""
    rule: str
    """Which rule decided, a stable word such as `route:/prompt`."""
    excerpt: str
    """The line, at most 120 characters, shown as text."""
    strong: bool = True
    """Weak evidence supports a claim; alone it makes none."""


class Section(Shape):
    """A run of neighbouring cells of one kind; together the sections cover the notebook."""

    kind: SectionKind
    first_cell: int
    """Index of its first cell, from 0."""
    last_cell: int
    """Index of its last cell, included."""
    services: list[str] = Field(default_factory=list)
    """Services that its cells use; empty for a classic section."""


class Resources(Shape):
    """What the local services of a notebook want of the machine, summed from their specs."""

    gpus: int = 0
    """GPUs, if all of them run at one time."""
    vram_mib: int = 0
    """GPU memory, MiB."""
    memory_mib: int = 0
    """Main memory, MiB."""


class Profile(Shape):
    """What a notebook needs."""

    path: str = ""
    """API path under the server's root, or the path as given on the command line."""
    type: NotebookType = "CLASSIC"
    needs_image_service: bool = False
    services: list[str] = Field(default_factory=list)
    """Names from the catalogue, the first being the main one."""
    optional: list[str] = Field(default_factory=list)
    """Those of `services` without which the notebook still runs: behind a switch that is off, or
    as one of several ways. They are not started before they are called."""
    widened: list[str] = Field(default_factory=list)
    """Those of `services` that only its metadata names: they start after a consent."""
    evidence: list[Evidence] = Field(default_factory=list)
    remote: bool = False
    """Every local service that it needs is a hosted server by its own word: nothing starts."""
    remote_services: list[str] = Field(default_factory=list)
    """Those of `services` for which the notebook, or its nearest `.env`, names a hosted server."""
    resources: Resources = Field(default_factory=Resources)
    sections: list[Section] = Field(default_factory=list)
    """Empty for a notebook that needs nothing."""
    mode: Mode | None = None
    """The teacher's word in `metadata.genai.mode`."""
    fallback: Fallback | None = None
    """The teacher's word in `metadata.genai.fallback`."""
    declared: bool = False
    """Whether `metadata.genai.services` decided instead of detection."""
    metadata_digest: str = ""
    """SHA-256 of `metadata.genai` in canonical JSON, hexadecimal; empty where there is none."""
    literal_addresses: list[Evidence] = Field(default_factory=list)
    """Addresses written into the code that no variable can reach."""
    note: str = ""
    """Why it could not be read or was not examined further."""
    unreadable: bool = False
    """Whether nothing of it could be examined; `note` says why."""


class IndexTotals(Shape):
    """How many notebooks of a folder are what."""

    notebooks: int = 0
    needing: int = 0
    """Notebooks that need an image service."""
    blocked: int = 0
    """Of these, those of which a required service cannot run here."""
    unreadable: int = 0
    by_type: dict[NotebookType, int] = Field(default_factory=dict)
    by_service: dict[str, int] = Field(default_factory=dict)


class FolderIndex(Shape):
    """The notebooks below a folder: what each needs, and what of it cannot run here."""

    folder: str
    notebooks: list[Profile]
    unavailable: dict[str, Problem] = Field(default_factory=dict)
    """Service that some notebook needs and that cannot run here -> why, and what helps."""
    stand_ins: dict[str, str] = Field(default_factory=dict)
    """Service -> who answers in its place at the moment."""
    totals: IndexTotals = Field(default_factory=IndexTotals)
    truncated: bool = False
    """Whether the folder holds more than was looked at: too many notebooks or folders, too deep,
    or too slow."""
    complete: bool = True
    """False while the folder is still being read: ask again to see more."""
