"""Which services a notebook calls in an engine's own dialect, for which no cloud stands in."""

from __future__ import annotations

from collections.abc import Mapping

from ..catalog.spec import ServiceSpec
from ..wire.notebooks import Evidence, Profile
from ..wire.problems import Problem

RAW_DIALECTS = frozenset({"comfyui", "a1111"})
"""Dialects that engines speak and providers do not."""


def raw_calls(profile: Profile, catalog: Mapping[str, ServiceSpec]) -> frozenset[str]:
    """Return the services of a profile that its code calls in their own dialect alone.

    Code that draws through the OpenAI door too may name any model, so a cloud may come to answer
    it; of code that shows no call at all nothing is said.
    """
    called = [one for one in profile.evidence if one.strong and one.cell >= 0]
    if any(_by_the_openai_door(one, catalog) for one in called):
        return frozenset()
    spoken = {catalog[one.service].dialect for one in called if one.service in catalog}
    names = [name for name in profile.services if name in catalog]
    return frozenset(name for name in names if catalog[name].dialect in spoken & RAW_DIALECTS)


def no_cloud_for(spec: ServiceSpec) -> Problem:
    """Return what a person reads whose notebook's calls no cloud can answer."""
    return Problem(
        code="raw_calls",
        message=f"This notebook speaks to {spec.title} itself, and no cloud speaks as it does.",
        remedy="Draw with `generate(…)`, for which a cloud can stand in, or wait for the service.",
    )


def _by_the_openai_door(one: Evidence, catalog: Mapping[str, ServiceSpec]) -> bool:
    spec = catalog.get(one.service)
    # What is sent to a provider by its name says nothing of a local service's stand-in.
    return spec is not None and spec.kind == "local" and spec.dialect not in RAW_DIALECTS
