"""The notebooks that we ship need what they say."""

from __future__ import annotations

from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize(
    ("name", "services"),
    [
        ("01-quickstart.ipynb", ["demo"]),
        ("02-comfyui-raw.ipynb", ["comfyui"]),
        ("03-openai-sdk.ipynb", ["openai"]),
        ("04-classic.ipynb", []),
    ],
)
def test_an_example_needs(detector, name, services):
    profile = detector.profile_file(EXAMPLES / name, root=EXAMPLES)
    assert profile.services == services
    assert profile.note == ""
    assert (profile.type == "CLASSIC") == (not services)
    assert not profile.remote
    assert profile.literal_addresses == []
