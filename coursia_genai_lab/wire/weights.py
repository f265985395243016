"""Model files on this machine: what is there, what is missing, and how it is coming."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .problems import Problem
from .shape import Shape

WeightsState = Literal["present", "missing", "partial", "fetching", "wrong"]
"""`partial`: a fetch was broken off and can go on; `wrong`: its size or hash is another."""


class WeightsFile(Shape):
    """One file of a model."""

    folder: str
    name: str
    state: WeightsState
    size_bytes: int | None = None
    """The published size; of a file that is here, its own."""
    done_bytes: int = 0
    """Bytes that are here, in the file or in its unfinished part."""
    verified: bool = False
    """Whether its hash was compared since it last changed."""
    source: str | None = None
    """Host, and repository if any; None: an admin has to bring it."""
    problem: Problem | None = None


class WeightsView(Shape):
    """One model of the catalogue and its files."""

    id: str
    title: str
    services: list[str] = Field(default_factory=list)
    """The services that offer it."""
    optional: bool = False
    state: WeightsState
    """The worst of its files' states; `fetching` while one is on its way."""
    phase: str | None = None
    """What is done for it at the moment, a short sentence."""
    percent: float | None = None
    bytes_per_second: float | None = None
    estimate_seconds: float | None = None
    size_bytes: int | None = None
    missing_bytes: int | None = None
    """What a fetch has still to bring."""
    licence: str = ""
    licence_url: str | None = None
    must_accept: bool = False
    """Whether its licence is still to be accepted on this machine before it is fetched."""
    accepted_by: str | None = None
    """Who accepted it for this machine."""
    accepted_at: float | None = None
    """When that was, seconds since 1970."""
    gated: bool = False
    """Whether its source wants a token, see `token_missing`."""
    token_missing: bool = False
    can_fetch: bool = False
    problem: Problem | None = None
    files: list[WeightsFile] = Field(default_factory=list)


class ModelRoot(Shape):
    """A folder of the operator that holds model files."""

    path: str
    free_bytes: int | None = None
    writable: bool = True
    problem: Problem | None = None


class WeightsList(Shape):
    """GET models: every model of the catalogue that has files."""

    roots: list[ModelRoot] = Field(default_factory=list)
    models: list[WeightsView] = Field(default_factory=list)
    problem: Problem | None = None
    """Why nothing can be fetched: no model root, for one."""


class FetchRequest(Shape):
    """POST models/{id}/fetch: bring what is missing."""

    accept_licence: bool = False
    """The caller has read and accepts the licence."""
