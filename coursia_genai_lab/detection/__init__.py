"""From a notebook to what it needs, with the evidence."""

from __future__ import annotations

from .cache import ProfileCache
from .profile import Detector

__all__ = ["Detector", "ProfileCache"]
