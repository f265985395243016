"""The operator's traits as the values that the parts get."""

from __future__ import annotations

from pathlib import Path

import pytest

from coursia_genai_lab.config import GenAILab


@pytest.mark.parametrize("said", ["~/genai", "genai"])
def test_the_state_folder_is_one_place_wherever_a_service_runs(said: str) -> None:
    """Children run in another folder, and containers mount by absolute paths."""
    settings = GenAILab(state_path=said).settings_from_traits(state_folder="/unused")
    assert Path(settings.state_path).is_absolute()
    assert "~" not in settings.state_path


def test_an_empty_state_path_takes_jupyters() -> None:
    settings = GenAILab().settings_from_traits(state_folder="/run/jupyter")
    assert settings.state_path == "/run/jupyter"


def test_model_roots_are_absolute_too() -> None:
    settings = GenAILab(model_roots=["~/models", "here"]).settings_from_traits(state_folder="/s")
    assert all(Path(root).is_absolute() for root in settings.model_roots)
