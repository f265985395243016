"""A server that lies, a model root, and fetches between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from liar_server import Liar, liar_server
from model_fetching import QUICK, Bringer

from coursia_genai_lab.weights.sources import Sources
from coursia_genai_lab.weights.terms import Terms


@pytest.fixture
def liar() -> Iterator[Liar]:
    with liar_server() as server:
        yield server


@pytest.fixture
def bringer(tmp_path: Path, liar: Liar) -> Bringer:
    root = tmp_path / "models"
    root.mkdir()
    sources = Sources(hub_url=liar.address)
    return Bringer(root, liar, Terms(sources, reserve_bytes=0, patience=QUICK))
