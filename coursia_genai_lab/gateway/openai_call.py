"""One call for pictures at the OpenAI door."""

from __future__ import annotations

from dataclasses import dataclass

from .openai_models import Choice
from .openai_order import Wish
from .tokens import Grant


@dataclass(frozen=True)
class Call:
    """One call for pictures: who asks, what is asked for, and who is to make it."""

    grant: Grant
    choice: Choice
    wish: Wish
    prefix: str
    """`image_generation` or `image_edit`."""
