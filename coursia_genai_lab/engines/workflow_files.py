"""The workflows that come along: a graph in ComfyUI's API format beside a description of it.

`NAME.json` can be posted as it stands. `NAME.toml` says what of it an order may set, and where.
A graft is a part of a graph that takes the place of the empty latent of any model's graph.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FOLDER = Path(__file__).parent / "workflows"
Graph = dict[str, dict[str, Any]]
Place = Annotated[str, StringConstraints(pattern=r"^[^.]+\..+$")]
"""`NODE.INPUT`, or `NODE.SLOT` for an output."""


class _Part(BaseModel):
    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        defer_build=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


class Parameter(_Part):
    """Something that an order sets: its type, and the inputs that get its value."""

    type: Literal["text", "integer", "number", "picture"]
    at: list[Place]
    default: str | int | float | None = None
    """None: the order always says it, or the graph's own value stays."""
    least: float | None = None
    most: float | None = None
    optional: bool = False
    """Whether its nodes are left out where the order has no such picture."""


class WebUISettings(_Part):
    """What the WebUI must be told for this model: left out, it takes 50 steps and cfg 7."""

    checkpoint: str
    sampler_name: str
    scheduler: str | None = None
    steps: int
    cfg_scale: float
    denoising_strength: float = 0.75


class Description(_Part):
    """What is said of one graph."""

    title: str = ""
    needs_picture: bool = False
    """Whether it only changes pictures."""
    side: int = Field(default=1024, ge=16, le=16384)
    """Pixels; the square of it is what the model was made for."""
    multiple: int = Field(default=16, ge=1, le=256)
    """Both sides must be multiples of this."""
    parameters: dict[str, Parameter]
    outputs: list[str] = Field(default_factory=list)
    """Nodes that give the picture; empty means each SaveImage."""
    mask_in: str | None = None
    """The picture that carries the mask where it is transparent; None: the mask has a place of
    its own, or there is none."""
    mask_is_white: bool = False
    """Whether the mask is sent as a picture that is white where it may change, in place of one
    that is transparent there."""
    sockets: dict[Literal["latent", "vae", "decoded", "saved"], Place] = Field(default_factory=dict)
    """Where a graft is joined: inputs that it takes over, outputs that it uses."""
    grafts: dict[Literal["image", "mask", "sized"], str] = Field(default_factory=dict)
    """What there is to do -> name of the graft that does it."""
    takes: dict[Literal["vae", "decoded"], list[Place]] = Field(default_factory=dict)
    """Of a graft: outputs of the model's graph -> its own inputs for them."""
    gives: dict[Literal["latent", "saved"], Place] = Field(default_factory=dict)
    """Of a graft: inputs of the model's graph -> its own outputs for them."""
    webui: WebUISettings | None = None


class Workflow(_Part):
    """A graph and its description.

    `fetched_as` leads from files to the models of the catalogue that bring them; a file that is
    not there is one of the model of the workflow's own name.
    """

    name: str
    graph: Graph
    about: Description
    fetched_as: dict[str, str] | None = None

    def owner_of(self, file: str) -> str | None:
        """Return the model of the catalogue that brings a file; None where nobody knows one."""
        return self.name if self.fetched_as is None else self.fetched_as.get(file)


@cache
def read(name: str) -> Workflow:
    """Return a workflow that comes along; raises FileNotFoundError for another name."""
    graph = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    about = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
    return Workflow(name=name, graph=graph, about=Description.model_validate(about))


@cache
def names() -> frozenset[str]:
    """Return the names of all workflows that come along, grafts included."""
    return frozenset(path.stem for path in FOLDER.glob("*.json"))


def read_all() -> None:
    """Read every file once, so that later looks need no disk; work for a thread."""
    for name in names():
        read(name)


def workflow_of(model: str) -> Workflow | None:
    """Return the workflow for a model; None where none comes along."""
    found = read(model) if model in names() else None
    return found if found is not None and found.about.sockets else None


def hash_of(graph: Mapping[str, Mapping[str, Any]]) -> str:
    """Return `sha256:…` of a template: of what is computed, not of its titles and spaces."""
    computed = {
        node: {"class_type": about["class_type"], "inputs": about["inputs"]}
        for node, about in graph.items()
    }
    text = json.dumps(computed, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
