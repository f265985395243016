"""Where a picture comes from, written into its file and read from it again."""

from __future__ import annotations

from .reading import read
from .stamping import Measured, PictureFormat, measure, stamp

__all__ = ["Measured", "PictureFormat", "measure", "read", "stamp"]
