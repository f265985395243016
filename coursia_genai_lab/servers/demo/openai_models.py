"""The model names of the OpenAI dialect, with what each would be asked for by default."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CREATED = 1_760_000_000
QUALITY_STEPS = {"low": 6, "medium": 12, "high": 20}


@dataclass(frozen=True)
class ModelCard:
    """One model name: who made the real one, and its usual steps and guidance."""

    id: str
    owner: str
    steps: int = 12
    guidance: float = 4.0

    def described(self) -> dict[str, Any]:
        """Return the card as `/v1/models` shows it."""
        return {"id": self.id, "object": "model", "created": CREATED, "owned_by": self.owner}


MODELS = {
    card.id: card
    for card in (
        ModelCard("demo", "coursia-genai-lab"),
        ModelCard("flux-1-dev", "black-forest-labs", 20, 3.5),
        ModelCard("flux-1-schnell", "black-forest-labs", 4, 1.0),
        ModelCard("sd-3.5", "stability-ai", 20, 4.0),
        ModelCard("sdxl-turbo", "stability-ai", 1, 1.0),
        ModelCard("qwen-image-edit-2509", "qwen", 20, 4.0),
        ModelCard("z-image-turbo", "tongyi-mai", 8, 1.0),
        ModelCard("gpt-image-2", "openai"),
        ModelCard("gpt-image-1.5", "openai"),
        ModelCard("gpt-image-1-mini", "openai"),
        ModelCard("dall-e-3", "openai"),
        ModelCard("dall-e-2", "openai"),
    )
}
