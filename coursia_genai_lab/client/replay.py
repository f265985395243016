"""Ask again for a picture, with the values that its provenance tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..wire.images import GenerationRequest

if TYPE_CHECKING:
    from ..wire.provenance import Provenance


def request_again(facts: Provenance) -> GenerationRequest:
    """Return the request that makes one picture with the same values.

    A picture that was made from others needs them too: `facts.inputs` has their hashes.
    """
    return GenerationRequest(
        prompt=facts.prompt,
        model=facts.model,
        n=1,
        size=f"{facts.width}x{facts.height}",
        seed=facts.seed,
        steps=facts.steps,
        guidance=facts.guidance,
        negative_prompt=facts.negative_prompt or None,
    )
