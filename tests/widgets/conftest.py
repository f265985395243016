"""The helper as a kernel has it: with the variables that a launch sets."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ipywidgets import Widget

from coursia_genai_lab.widgets import GenerationPanel

PANEL_SECONDS = 60


@pytest.fixture(scope="session", autouse=True)
def nobodys_history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A data folder for kernels that outlive a test; never that of who runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_DATA_DIR", str(tmp_path_factory.mktemp("jupyter-data")))
        yield


@pytest.fixture(autouse=True)
def own_history(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, for what forms keep."""
    folder = tmp_path_factory.mktemp("jupyter-data")
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(folder))
    for name in ("JPY_SESSION_NAME", "COURSIA_NOTEBOOK_PATH"):
        monkeypatch.delenv(name, raising=False)
    return folder


@pytest.fixture(autouse=True)
def no_form_lives_on() -> Iterator[None]:
    """An end for the forms of the test, as the end of a kernel would be."""
    yield
    Widget.close_all()


@pytest.fixture
def enabled(demo_engine: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A kernel that has GenAI, with a quick engine behind the door."""
    return enable(demo_engine, monkeypatch)


@pytest.fixture
def slow(start_demo: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A kernel that has GenAI, with an engine that takes its time."""
    return enable(start_demo("--seconds-per-step", "0.1"), monkeypatch)


@pytest.fixture
def disabled(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that started without GenAI."""
    for name in ("GENAI_API_URL", "GENAI_API_TOKEN"):
        monkeypatch.delenv(name, raising=False)


def enable(engine: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("GENAI_API_URL", f"{engine.url}/v1")
    monkeypatch.setenv("GENAI_API_TOKEN", engine.token)
    return engine


class Seen:
    """Waits until a widget's trait has a value that a test wants; no polling."""

    def __init__(self, widget: Any, trait: str, wanted: Callable[[Any], bool]) -> None:
        self._event = threading.Event()
        self._wanted = wanted
        self.values: list[Any] = []
        widget.observe(self._note, trait)

    def _note(self, change: Any) -> None:
        self.values.append(change["new"])
        if self._wanted(change["new"]):
            self._event.set()

    def wait(self) -> None:
        """Wait for the value; fails with what was seen instead."""
        assert self._event.wait(PANEL_SECONDS), f"never came; seen: {self.values[-5:]}"


@pytest.fixture
def seen() -> type[Seen]:
    """The class that waits for a widget's value."""
    return Seen


@pytest.fixture
def panel_with_models(seen: type[Seen]) -> Callable[..., GenerationPanel]:
    """Make a form and wait until it knows the models."""

    def make(**options: Any) -> GenerationPanel:
        panel = GenerationPanel("a red fox", **options)
        if len(panel.fields.model.options) == 1:
            known = seen(panel.fields.model, "options", lambda options: len(options) > 1)
            if len(panel.fields.model.options) == 1:
                known.wait()
        panel.fields.size.value = (512, 512)
        return panel

    return make


@pytest.fixture
def run() -> Callable[..., Any]:
    """Run a coroutine to its end."""
    return asyncio.run
