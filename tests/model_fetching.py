"""A server that lies, a model root, and fetches between them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from liar_server import Liar

from coursia_genai_lab.catalog.spec import ModelFileSpec
from coursia_genai_lab.weights.fetch import fetch_file, new_session
from coursia_genai_lab.weights.places import Place
from coursia_genai_lab.weights.terms import Step, Terms
from coursia_genai_lab.weights.transfer import Patience

QUICK = Patience(
    attempts=4,
    first_pause=0.001,
    longest_pause=0.002,
    stall_seconds=60,
    longest_wish=0.002,
    look_seconds=0.01,
)


@dataclass
class Bringer:
    """Fetches one file, `checkpoints/model.safetensors`, into a root."""

    root: Path
    liar: Liar
    terms: Terms
    steps: list[Step] = field(default_factory=list)

    @property
    def place(self) -> Place:
        return Place(self.root, "checkpoints", "model.safetensors")

    def spec(self, **more: Any) -> ModelFileSpec:
        source = {} if "repository" in more else {"url": f"{self.liar.address}/model"}
        given = {"folder": "checkpoints", "name": "model.safetensors", **source, **more}
        return ModelFileSpec.model_validate(given)

    async def fetch(self, terms: Terms | None = None, **more: Any) -> None:
        async with new_session() as session:
            await fetch_file(
                self.spec(**more), self.place, terms or self.terms, session, self.steps.append
            )

    def with_terms(self, **changes: Any) -> Terms:
        return replace(self.terms, **changes)

    def phases(self) -> list[str]:
        return list(dict.fromkeys(step.phase for step in self.steps))
