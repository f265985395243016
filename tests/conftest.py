"""Fixtures that every test may use; the larger ones live in modules of their own."""

from __future__ import annotations

import importlib.util
import os
import signal

import pytest
from hypothesis import settings

# pytest-jupyter also runs `async def` tests, so no other asyncio plugin is wanted.
pytest_plugins = [
    "pytest_jupyter.jupyter_server",
    *(
        name
        for name in ("demo_process", "docker_engine", "jupyter_process", "postgres_server")
        if importlib.util.find_spec(name)
    ),
]

# `make soak` runs the same properties much longer; a test never measures time.
settings.register_profile("ordinary", max_examples=50, deadline=None, derandomize=True)
settings.register_profile("soak", max_examples=5000, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ordinary"))

# A run in the background inherits SIGINT as ignored, and so would every child that a test
# interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The Docker SDK drops a socket that finds nobody, as when an engine dies between two of our
    # steps; it is collected, and complained of, in whichever test comes next.
    dropped = "ignore:Exception ignored in. <socket.socket:pytest.PytestUnraisableExceptionWarning"
    for item in items:
        if item.get_closest_marker("docker"):
            item.add_marker(pytest.mark.filterwarnings(dropped))
