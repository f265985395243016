"""A finished picture of the OpenAI door: in the format asked for, its facts in the file."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timezone

from .._version import __version__
from ..engines.orders import Order, Picture, Recipe
from ..wire.policy import Mode
from ..wire.provenance import Provenance
from ..wire.services import Dialect
from .openai_order import Wish

SOFTWARE = f"coursia-genai-lab {__version__}"


@dataclass(frozen=True)
class Maker:
    """Who made a picture."""

    engine: Dialect
    service: str
    asked_service: str
    demo: bool
    mode: Mode
    image_digest: str | None
    """Digest or id of the container image that the engine runs from."""
    model_hash: str | None
    """`sha256:…` of the main file, where it was checked."""
    provider: str | None = None
    """Host of the provider that made it; None: it was made here."""
    fallback_reason: str | None = None
    cost_microusd: int | None = None


@dataclass(frozen=True)
class Made:
    """A picture as it goes out."""

    data: bytes = field(repr=False)
    index: int
    facts: Provenance
    sha256: str
    """Hex, of `data`."""

    @property
    def size(self) -> str:
        """Its size as OpenAI writes it."""
        return f"{self.facts.width}x{self.facts.height}"


async def finish(
    picture: Picture, *, job_id: str, index: int, order: Order, wish: Wish, maker: Maker
) -> Made:
    """Return a picture with its facts.

    Raises:
        GenerationError: `no_picture`, what the engine sent is none.
    """
    return await asyncio.to_thread(_finished, picture, job_id, index, order, wish, maker)


def _finished(
    picture: Picture, job_id: str, index: int, order: Order, wish: Wish, maker: Maker
) -> Made:
    # Pillow is loaded by the first picture, not with the door.
    from ..provenance import measure, stamp

    seen, recipe = measure(picture.data), picture.recipe or Recipe()
    facts = Provenance(
        id=job_id,
        made_at=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        software=SOFTWARE,
        engine=maker.engine,
        service=maker.service,
        asked_service=maker.asked_service if maker.asked_service != maker.service else None,
        demo=maker.demo,
        mode=maker.mode,
        model=order.model,
        model_files=list(recipe.files),
        model_hash=maker.model_hash,
        image_digest=maker.image_digest,
        provider=maker.provider,
        fallback_reason=maker.fallback_reason,
        cost_microusd=maker.cost_microusd,
        provider_id=recipe.provider_id,
        workflow=recipe.workflow,
        workflow_hash=recipe.workflow_hash,
        prompt=order.prompt,
        negative_prompt=order.negative or None,
        seed=picture.seed,
        width=seen.width,
        height=seen.height,
        steps=recipe.steps if recipe.steps is not None else order.steps,
        guidance=recipe.guidance if recipe.guidance is not None else order.guidance,
        inputs=list(wish.digests),
    )
    data = stamp(picture.data, facts, wish.output_format, wish.compression)
    return Made(data, index, facts, hashlib.sha256(data).hexdigest())
