"""What a door says of a ComfyUI that is still starting.

A notebook asks `/system_stats` once, with a timeout of five seconds, and gives up on anything
but 200; the job that it posts next is held and works. So the probe gets a true answer in the
shape that it reads: this host's memory, no GPU yet, and "starting" where a version would stand.
"""

from __future__ import annotations

import os
import platform
import sys
from typing import Any

from ..errors import ServiceNotReady


def _memory_bytes(name: str) -> int:
    try:
        return os.sysconf(name) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        # No sysconf on Windows, no such name on macOS; clients divide by it, so never 0.
        return 1


def starting_stats(error: ServiceNotReady) -> dict[str, Any]:
    """Return the body of `GET /system_stats` while the service starts."""
    total, free = _memory_bytes("SC_PHYS_PAGES"), _memory_bytes("SC_AVPHYS_PAGES")
    return {
        "system": {
            "os": sys.platform,
            "ram_total": total,
            "ram_free": free,
            "comfyui_version": "starting",
            "python_version": platform.python_version(),
            "pytorch_version": "starting",
            "embedded_python": False,
            "argv": [],
        },
        "devices": [
            {
                "name": "starting",
                "type": "cpu",
                "index": 0,
                "vram_total": total,
                "vram_free": free,
                "torch_vram_total": 0,
                "torch_vram_free": 0,
            }
        ],
        "coursia": {
            "state": "starting",
            "message": error.message,
            "retry_after_seconds": round(error.retry_after),
        },
    }
