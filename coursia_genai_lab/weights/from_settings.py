"""The terms of fetches as the operator's settings have them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

from ..catalog.load import Catalog
from ..config import LabSettings
from ..secret_files.folder import SecretsFolder
from .fetches import Fetches
from .hub_token import read_token
from .licences import Licences
from .sources import HUB_URL, Sources
from .stock import Stock
from .terms import GIB, Terms


def sources_of(settings: LabSettings, token: Callable[[], str]) -> Sources:
    """Return where files come from; `token` is asked for each time."""
    return Sources(hub_url=settings.hub_url or HUB_URL, token=token)


def terms_of(settings: LabSettings, sources: Sources) -> Terms:
    """Return what fetches go by."""
    return Terms(sources, reserve_bytes=int(settings.model_reserve_gib * GIB))


def fetches_of(
    catalog: Catalog,
    settings: LabSettings,
    *,
    notebook_root: Path | None = None,
    arrived: Callable[[], Coroutine[Any, Any, object]] | None = None,
    secrets: SecretsFolder | None = None,
) -> Fetches:
    """Return the fetches of a server; nothing is opened or read yet. `arrived` as in Fetches.

    `secrets` is the folder that the server has open; None: that of the settings.
    """
    if secrets is None:
        secrets = SecretsFolder(settings.secrets_path, notebook_root=notebook_root)
    token = partial(read_token, secrets)
    sources = sources_of(settings, token)
    licences = Licences(settings.model_roots)
    stock = Stock(catalog, settings.model_roots, sources, licences)
    return Fetches(stock, licences, terms_of(settings, sources), arrived=arrived)
