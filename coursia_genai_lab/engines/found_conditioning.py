"""Which texts lead the samplers of a graph, and which lead them away."""

from __future__ import annotations

from .exported import TEXTS
from .graph_walk import Spot, Walk

NO_CONDITIONING = frozenset(
    {"clip", "clip_vision", "clip_vision_output", "control_net", "image", "images", "latent"}
    | {"latent_image", "mask", "masks", "model", "noise", "pixels", "sampler", "samples", "sigmas"}
    | {"style_model", "vae", "image1", "image2", "image3"}
)
"""Inputs by which no text comes."""
NAMES = {"positive": "prompt", "negative": "negative_prompt", "conditioning": "prompt"}
"""Input of a sampler or guider -> parameter."""
SILENT = frozenset({"ConditioningZeroOut"})
"""What a text goes into, and comes out of as nothing."""


def texts_of(walk: Walk) -> dict[str, list[Spot]]:
    """Return where prompt and negative prompt stand; the same text is in both where both read it.

    Samplers and guiders are what takes a model and conditioning.
    """
    found: dict[str, list[Spot]] = {"prompt": [], "negative_prompt": []}
    for node in walk.needed:
        if walk.link(node, "model") is None:
            continue
        for name, parameter in NAMES.items():
            link = walk.link(node, name)
            if link is not None:
                found[parameter] += _texts_before(walk, link, name)
    return {name: list(dict.fromkeys(spots)) for name, spots in found.items()}


def _texts_before(walk: Walk, link: tuple[str, int], role: str) -> list[Spot]:
    found: list[Spot] = []
    stack, seen = [link], set()
    while stack:
        node, slot = stack.pop()
        if (node, slot) in seen or walk.kind(node) in SILENT:
            continue
        seen.add((node, slot))
        keys = [
            key
            for key in walk.inputs(node)
            if key in TEXTS and not (key in NAMES and walk.link(node, key))
        ]
        if keys:
            found += [spot for key in keys for spot in walk.spots(node, key, str)]
            continue
        both = [walk.link(node, name) for name in ("positive", "negative")]
        if all(both):
            # What takes both gives both, in this order.
            stack += [one for one in both[slot : slot + 1] if one is not None]
            continue
        stack += [
            (other, at)
            for name, other, at in walk.links(node)
            if name not in NO_CONDITIONING and name not in ("positive", "negative")
        ]
        stack += [
            one
            for name, one in zip(("positive", "negative"), both, strict=True)
            if one is not None and name == role
        ]
    return found
