"""Fixtures that every test may use; the larger ones live in modules of their own."""

from __future__ import annotations

import importlib.util

# pytest-jupyter also runs `async def` tests, so no other asyncio plugin is wanted.
pytest_plugins = [
    "pytest_jupyter.jupyter_server",
    *(
        name
        for name in ("demo_process", "docker_engine", "jupyter_process")
        if importlib.util.find_spec(name)
    ),
]
