"""Adapters for the APIs of image engines, one a dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..wire.services import Dialect
from .base import Engine

if TYPE_CHECKING:
    from aiohttp import ClientSession

__all__ = ["Engine", "engine_of"]


def engine_of(
    dialect: Dialect, url: str, headers: Mapping[str, str], session: ClientSession
) -> Engine | None:
    """Return the adapter for a dialect; None for one that tells nothing of its work."""
    from .a1111 import WebUI
    from .comfyui import ComfyUI

    kinds: dict[Dialect, type[Engine]] = {kind.dialect: kind for kind in (ComfyUI, WebUI)}
    kind = kinds.get(dialect)
    return None if kind is None else kind(url, headers, session)
