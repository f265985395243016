"""Where a picture comes from, written into its file and read from it again."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOMES = {
    "Measured": ".stamping",
    "PictureFormat": ".stamping",
    "as_json": ".entries",
    "from_json": ".entries",
    "measure": ".stamping",
    "prompt_hash": ".entries",
    "read": ".reading",
    "stamp": ".stamping",
    "written_by": ".reading",
}


def __getattr__(name: str) -> Any:
    # PEP 562: the record needs what a picture says, not the formats of files.
    if name in _HOMES:
        return getattr(import_module(_HOMES[name], __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
