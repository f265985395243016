"""Adapters for the APIs of image engines, one a dialect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from ..catalog.spec import ServiceSpec
    from ..wire.services import Dialect
    from .base import Engine
    from .cloud import CloudEngine

__all__ = ["Engine", "cloud_engine_of", "engine_of", "kind_of"]


def kind_of(dialect: Dialect) -> type[Engine] | None:
    """Return the kind of adapter for a dialect; None for one that has none."""
    from .a1111 import WebUI
    from .comfyui import ComfyUI
    from .openai_images import OpenAIImages
    from .openrouter import OpenRouter

    known: tuple[type[Engine], ...] = (ComfyUI, WebUI, OpenAIImages, OpenRouter)
    kinds: dict[Dialect, type[Engine]] = {kind.dialect: kind for kind in known}
    return kinds.get(dialect)


def engine_of(
    dialect: Dialect, url: str, headers: Mapping[str, str], session: ClientSession
) -> Engine | None:
    """Return the adapter for a dialect; None for one that tells nothing of its work."""
    kind = kind_of(dialect)
    return None if kind is None else kind(url, headers, session)


def cloud_engine_of(
    spec: ServiceSpec, url: str, headers: Mapping[str, str], session: ClientSession
) -> CloudEngine | None:
    """Return the adapter for a provider that is paid; None for a dialect that none speaks.

    It has a breaker of its own: make one for each address and key, and keep it. Prices are the
    provider's own or the published ones, unless the service's file sets others.
    """
    from .openai_cloud import OpenAICloud, provider_of
    from .openrouter import OpenRouter
    from .prices import prices_of

    if spec.dialect == "openrouter":
        return OpenRouter(url, headers, session, prices=prices_of(spec))
    if spec.dialect == "openai_images":
        provider, prices = provider_of(spec, url), prices_of(spec)
        return OpenAICloud(url, headers, session, provider=provider, prices=prices)
    return None


def __getattr__(name: str) -> Any:
    # PEP 562: what every start of a server loads needs the functions, not yet the engines.
    if name == "Engine":
        from .base import Engine

        return Engine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
