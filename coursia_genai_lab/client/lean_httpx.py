"""httpx without its command line, which would load a terminal toolkit into every kernel.

httpx goes on without it by design. Who has loaded httpx already, has it as it is.
"""

from __future__ import annotations

import sys
from typing import Any

COMMAND_LINE = "httpx._main"


def _spared() -> None:
    modules: dict[str, Any] = sys.modules
    if "httpx" in modules:
        return
    # A third of what the first picture waits for: rich, click and pygments.
    modules[COMMAND_LINE] = None
    try:
        import httpx  # noqa: F401
    finally:
        del modules[COMMAND_LINE]


_spared()

import httpx  # noqa: E402

__all__ = ["httpx"]
