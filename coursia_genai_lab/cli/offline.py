"""What this machine could run, asked without a running Lab."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from ..catalog.load import Catalog, load_catalog
from ..config import LabSettings
from ..lab.survey import Survey
from ..wire.problems import Problem


@dataclass(frozen=True)
class Outlook:
    """The catalogue, and per service why it cannot start here; None: it can."""

    catalog: Catalog
    problems: dict[str, Problem | None]


def look() -> Outlook:
    """Ask the runtimes; starts nothing. Bounded: a silent engine costs seconds, once."""
    return asyncio.run(_look())


async def _look() -> Outlook:
    # The application loads Jupyter Server and the Docker SDK, which `detect` does without.
    from ..app import build_runtimes

    settings = LabSettings()
    catalog = load_catalog()
    survey = Survey(catalog, lambda: build_runtimes(settings), settings.runtime)
    try:
        return Outlook(catalog, dict(await survey.ask()))
    finally:
        await survey.close()
