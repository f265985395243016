"""Where a picture comes from, written into its file and read from it again."""

from __future__ import annotations

from .entries import as_json, from_json, prompt_hash
from .reading import read, written_by
from .stamping import Measured, PictureFormat, measure, stamp

__all__ = [
    "Measured",
    "PictureFormat",
    "as_json",
    "from_json",
    "measure",
    "prompt_hash",
    "read",
    "stamp",
    "written_by",
]
