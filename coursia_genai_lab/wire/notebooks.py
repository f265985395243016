"""What a notebook needs, and why we think so."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .policy import Mode
from .shape import Shape

NotebookType = Literal["CLASSIC", "GENAI_BASIC", "GENAI_ADVANCED", "HYBRID"]


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


class Profile(Shape):
    """What a notebook needs."""

    path: str = ""
    """API path under the server's root, or the path as given on the command line."""
    type: NotebookType = "CLASSIC"
    needs_image_service: bool = False
    services: list[str] = Field(default_factory=list)
    """Names from the catalogue, the first being the main one."""
    evidence: list[Evidence] = Field(default_factory=list)
    remote: bool = False
    """The notebook itself names a hosted server: nothing local is started for it."""
    mode: Mode | None = None
    """The teacher's word in `metadata.genai.mode`."""
    declared: bool = False
    """Whether `metadata.genai.services` decided instead of detection."""
    literal_addresses: list[Evidence] = Field(default_factory=list)
    """Addresses written into the code that no variable can reach."""
    note: str = ""
    """Why it could not be read or was not examined further."""


class FolderIndex(Shape):
    """The notebooks of a folder."""

    folder: str
    notebooks: list[Profile]
