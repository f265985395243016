"""The notebook helper: pictures by one call, and a form for people who would rather click.

Nothing is loaded before it is asked for, so that importing a name costs no kernel anything.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .generation import edit, generate, models
    from .panel import GenerationPanel
    from .pictures import GeneratedImage, Images

__all__ = ["GeneratedImage", "GenerationPanel", "Images", "edit", "generate", "models"]

_HOMES = {
    "edit": ".generation",
    "generate": ".generation",
    "models": ".generation",
    "GeneratedImage": ".pictures",
    "GenerationPanel": ".panel",
    "Images": ".pictures",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
