"""Kernels that were launched with GenAI, and why, or why not."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from .consents import ConsentNeeded
from .notebooks import NotebookType, Profile
from .problems import Problem
from .shape import Shape

OUTSIDE_KERNELS = "job-"


class LaunchView(Shape):
    """One launch: a kernel, its notebook, what it was given."""

    launch_id: str
    kernel_id: str
    """Of a program outside a kernel `job-` and the id of its token."""
    path: str
    """API path of the notebook; of a program that runs none, its name."""
    type: NotebookType
    services: list[str] = Field(default_factory=list)
    variables: list[str] = Field(default_factory=list)
    """Names of the variables that were set; never their values."""
    skipped: dict[str, str] = Field(default_factory=dict)
    """Variable name -> why it was left alone."""
    genai_mode: str | None = None
    fallback_reason: str | None = None
    reason: str = ""
    """Why nothing was injected or started, a sentence; empty when all is well."""
    consent: ConsentNeeded | None = None
    """What the notebook's metadata asks for beyond its code; it starts once confirmed."""
    cloud: ConsentNeeded | None = None
    """The cloud that could draw while a service of this launch is not to be had; None: none may,
    or none is needed. `given`: it does so already."""
    no_cloud: Problem | None = None
    """Why none does, although there is one: what the notebook calls no cloud can answer."""
    state: Literal["pending", "live"] = "pending"
    since: float = 0.0


class EnableKernel(Shape):
    """The body of POST kernels/{id}/enable."""

    profile: Profile | None = None
    """What the open notebook needs, saved or not; None: what its file says."""


class EnabledKernel(Shape):
    """POST kernels/{id}/enable: what a silent execute must set in the kernel."""

    launch: LaunchView
    code: str = Field(repr=False)
    """Python source that sets the variables; it holds a token, so it is never displayed."""
