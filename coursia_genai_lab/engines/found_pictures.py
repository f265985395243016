"""Which nodes of a graph load the pictures and the mask of an order."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..errors import InvalidRequest
from .exported import mark_of
from .graph_walk import Walk

LOADER, MASK_LOADER = "LoadImage", "LoadImageMask"
MOST_PICTURES = 3
MASK_SLOT = 1
_LATER_PICTURE = re.compile(r"image([2-9])")


@dataclass
class Pictures:
    """Parameter -> node; `mask` has a loader of its own, or comes with the picture `mask_in`."""

    images: dict[str, str] = field(default_factory=dict)
    optional: set[str] = field(default_factory=set)
    mask: str | None = None
    mask_in: str | None = None
    mask_is_white: bool = False
    """Whether the mask's loader gives a picture that is white where something may change."""
    unclear: list[str] = field(default_factory=list)
    """Nodes of which only one can be the mask."""


def pictures_of(walk: Walk, named: Mapping[str, Sequence[str]]) -> Pictures:
    """Return the loaders of pictures in their order, and that of the mask.

    Raises:
        InvalidRequest: a named node loads nothing, or there are more than three pictures.
    """
    loaders = [node for node in walk.needed if walk.kind(node) in (LOADER, MASK_LOADER)]
    _refuse_other(walk, named)
    masks = _chosen(named, "mask") or [node for node in loaders if _gives_only_a_mask(walk, node)]
    images = _chosen(named, "image") or [node for node in loaders if node not in masks]
    masks = [] if "none" in named.get("mask", ()) else masks
    images = [] if "none" in named.get("image", ()) else images
    if "image" not in named:
        images.sort(key=lambda node: _rank(walk, node))
    if len(images) > MOST_PICTURES:
        raise InvalidRequest(
            f"The workflow loads {len(images)} pictures; an order has {MOST_PICTURES} at most.",
            "Name those that an order gives with --image-node; the others stay as they are.",
        )
    found = Pictures()
    for index, node in enumerate(images):
        found.images["image" if index == 0 else f"image{index + 1}"] = node
        if index and all(_LATER_PICTURE.fullmatch(name) for _, name, _ in walk.readers(node)):
            found.optional.add(node)
    if len(masks) > 1:
        found.unclear = masks
    elif masks:
        found.mask = masks[0]
        found.mask_is_white = _becomes_a_mask(walk, masks[0])
    elif images and "mask" not in named:
        first = images[0]
        if any(slot == MASK_SLOT for _, _, slot in walk.readers(first)):
            found.mask_in = "image"
    return found


def _chosen(named: Mapping[str, Sequence[str]], name: str) -> list[str]:
    return [node for node in named.get(name, ()) if node != "none"]


def _refuse_other(walk: Walk, named: Mapping[str, Sequence[str]]) -> None:
    for name in ("image", "mask"):
        for node in _chosen(named, name):
            if not isinstance(walk.graph[node]["inputs"].get("image"), str):
                raise InvalidRequest(
                    f"Node {node} ({walk.kind(node)}) loads no file, so it cannot be the {name}.",
                    "Name a LoadImage or LoadImageMask.",
                )


def _gives_only_a_mask(walk: Walk, node: str) -> bool:
    mark = mark_of(walk.inputs(node).get("image"))
    if walk.kind(node) == MASK_LOADER or mark is not None:
        return mark in (None, "mask")
    slots = {slot for _, _, slot in walk.readers(node)}
    return slots == {MASK_SLOT} or _becomes_a_mask(walk, node)


def _becomes_a_mask(walk: Walk, node: str) -> bool:
    """Say whether a loader's picture is read for its colours as a mask, and for nothing else."""
    if walk.kind(node) != LOADER:
        return False
    readers = walk.readers(node)
    scaled = [other for other, _, _ in readers if walk.kind(other).startswith("ImageScale")]
    last = [other for one in scaled for other, _, _ in walk.readers(one)]
    last += [other for other, _, _ in readers if other not in scaled]
    return bool(last) and all(walk.kind(other) == "ImageToMask" for other in last)


def _rank(walk: Walk, node: str) -> tuple[str, int, str]:
    """Return what orders loaders: the inputs image1, image2, image3 that they feed, then ids."""
    mark = mark_of(walk.inputs(node).get("image"))
    if mark is not None:
        return ("image1" if mark == "image" else mark), 0, node
    fed = min(
        (name for _, name, _ in _readers_beyond(walk, node) if re.fullmatch(r"image\d", name)),
        default="image1",
    )
    return fed, int(node) if node.isdecimal() else 10**9, node


def _readers_beyond(walk: Walk, node: str) -> list[tuple[str, str, int]]:
    """Return what a picture feeds, also once it has been scaled."""
    found: list[tuple[str, str, int]] = []
    stack, seen = [node], set()
    while stack:
        one = stack.pop()
        if one not in seen:
            seen.add(one)
            readers = walk.readers(one)
            found += readers
            stack += [other for other, name, _ in readers if name in ("image", "pixels")]
    return found
