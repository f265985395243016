"""CoursIA GenAI Lab: image services that start when a notebook needs them.

Importing this package loads nothing else: a kernel that never asks for a picture pays nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .widgets import (
        GenerationPanel,
        batch,
        batch_stream,
        cancel,
        compare,
        edit,
        generate,
        grid,
        last_made,
        models,
        queue,
        start,
        stream,
        usage,
    )

__all__ = [
    "GenerationPanel",
    "__version__",
    "batch",
    "batch_stream",
    "cancel",
    "compare",
    "edit",
    "generate",
    "grid",
    "last_made",
    "models",
    "queue",
    "start",
    "stream",
    "usage",
]

_HELPER_NAMES = frozenset(__all__) - {"__version__"}


def __getattr__(name: str) -> Any:
    # PEP 562: the public names are looked up only when somebody asks for them.
    if name in _HELPER_NAMES:
        return getattr(import_module(".widgets", __name__), name)
    if name == "__version__":
        return import_module("._version", __name__).__version__
    if name == "aio":
        return import_module(".widgets.aio", __name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "aio"})


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    return [{"src": "labextension", "dest": "coursia-genai-lab"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    from .app import GenAILabApp

    return [{"module": "coursia_genai_lab", "app": GenAILabApp}]
