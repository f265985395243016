"""The form: describe pictures, press a button, watch them come, and go on from them."""

from __future__ import annotations

from .panel import GenerationPanel

__all__ = ["GenerationPanel"]
