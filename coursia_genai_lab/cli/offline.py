"""What this machine could run, asked without a running Lab."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial

from ..catalog.load import Catalog, load_catalog
from ..config import LabSettings
from ..lab.gpu_presence import evidently_no_gpu
from ..lab.model_files import ModelFiles, ModelsHere
from ..lab.survey import Survey
from ..wire.problems import Problem
from .settings import operator_settings


@dataclass(frozen=True)
class Outlook:
    """The catalogue, and per service why it cannot start here; None: it can.

    `models` says which model files are missing, `settings` what the operator chose.
    """

    catalog: Catalog
    problems: dict[str, Problem | None]
    models: dict[str, ModelsHere]
    settings: LabSettings


def look() -> Outlook:
    """Ask the runtimes; starts nothing. Bounded: a silent engine costs seconds, once.

    Raises:
        ConfigurationError: the operator's settings cannot be read.
    """
    return asyncio.run(_look(operator_settings()))


async def _look(settings: LabSettings) -> Outlook:
    # The runtimes load the Docker SDK, which `detect` does without.
    from ..composition import build_runtimes

    catalog = load_catalog(settings.services_path or None)
    files = ModelFiles(settings.model_roots)
    no_gpu = partial(evidently_no_gpu, settings=settings)
    survey = Survey(catalog, lambda: build_runtimes(settings), settings.runtime, files, no_gpu)
    try:
        return Outlook(catalog, dict(await survey.ask()), dict(survey.models), settings)
    finally:
        await survey.close()
