"""From a notebook to what it needs, with the evidence.

The public names load at first use: the process that reads giants needs none of them.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .cache import ProfileCache
    from .profile import Detector

__all__ = ["Detector", "ProfileCache"]
_HOMES = {"Detector": ".profile", "ProfileCache": ".cache"}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
