"""Which models a person's role may use: in lists of models, and in orders that name files.

Raw orders name models in inputs and prompts of their own dialect. What cannot be told apart from
a model's name counts as one: a list that somebody else's words get around protects nobody.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from pathlib import PurePosixPath
from typing import Any

from ..engines.comfyui_errors import FOLDERS
from ..wire.audience import without_commands
from ..wire.images import ModelInfo
from .comfyui_graph import is_link
from .needs import LabView

WEIGHTS = (".safetensors", ".sft", ".ckpt", ".gguf", ".pt", ".pth", ".bin", ".onnx")
PARTS = ("vae", "clip", "text_encoder", "t5")
"""Inputs that begin so name what draws nothing by itself."""
MODELS = frozenset(
    {
        "model",
        "ckpt",
        "checkpoint",
        "unet",
        "transformer",
        "lora",
        "lycoris",
        "hypernetwork",
        "repo",
    }
)
NAMES = frozenset({"name", "path", "file", "folder", "dir", "id", "url"})
"""A loader's input is called by one of `MODELS`, with one of these at its end or without."""
NO_MODEL = frozenset({"", "none"})
MADE_UP = "(a name that the graph makes up)"
_LONGEST_NAME = 300
_NETWORK = re.compile(r"<(?:lora|lyco|hypernet):([^>]{1,600})", re.IGNORECASE)
"""How prompts of the WebUI, and of nodes that read such prompts, bring a network along."""


def open_to(lab: LabView, person: str, info: ModelInfo) -> ModelInfo:
    """Return a model as a person may have it; an empty name is nobody, who is refused nothing."""
    if not person or lab.policy.allows_model(person, info.id):
        if info.reason and person and lab.policy.people.role(person) == "student":
            return info.model_copy(update={"reason": without_commands(info.reason)})
        return info
    refusal = lab.policy.model_refusal(person, info.id)
    return info.model_copy(update={"available": False, "reason": str(refusal)})


def limited(lab: LabView, person: str) -> bool:
    """Say whether a person's role may use some models only."""
    return lab.policy.models(lab.policy.people.role(person)) is not None


def refuse_files(lab: LabView, person: str, service: str, files: Collection[str]) -> None:
    """Return where a person's role may use every model that an order names by its files.

    A file is one of a model of the catalogue that has it, else a model of its own. An order that
    names none may be of any model of its service.

    Raises:
        NotAllowed: code `model_not_allowed`.
    """
    if not limited(lab, person):
        return
    by_file = _models_by_file(lab)
    if not files:
        known = [model.id for model in lab.catalog[service].models]
        if known and not lab.policy.allows_model(person, *known):
            raise lab.policy.model_refusal(person, known[0])
    for file in files:
        # A folder says where a file lies; of a name of another kind it is a part.
        name = _base(file) if _is_weights(file) else file[:_LONGEST_NAME]
        if not lab.policy.allows_model(person, name, _stem(name), *by_file.get(_stem(name), ())):
            raise lab.policy.model_refusal(person, name)


def files_named(graph: dict[str, Any]) -> set[str]:
    """Return the models that a graph in ComfyUI's API format names.

    Those are files with weights in any input, whatever stands in a loader's input, and networks
    in prompts.
    """
    found: set[str] = set()
    for node in graph.values():
        for name, value in node["inputs"].items():
            found.update(_named_by(graph, name, value))
    return found


def networks_named(prompt: str) -> set[str]:
    """Return the LoRAs and their like that a prompt brings along as `<lora:NAME:1>`."""
    found: set[str] = set()
    for match in _NETWORK.finditer(prompt):
        items = match[1].split(":")
        # Items such as `te=1` are settings wherever they stand; the name is the first other.
        plain = [one for one in items if one.count("=") != 1]
        found.add((plain or items)[0].strip())
    return found - NO_MODEL


def _named_by(graph: dict[str, Any], name: str, value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield from networks_named(value)
        loaded = _is_loaders(name) and value.strip().lower() not in NO_MODEL
        if loaded or (_is_weights(value) and not name.startswith(PARTS)):
            yield value
    elif isinstance(value, dict):
        # Some loaders take several at a time, each with its strength.
        for inner, one in value.items():
            yield from _named_by(graph, name, one)
            yield from _named_by(graph, str(inner), one)
    elif isinstance(value, list):
        if not is_link(graph, value):
            for one in value:
                yield from _named_by(graph, name, one)
        elif _is_loaders(name) and not _hands_on(name):
            yield from _given_by(graph, value)


def _is_loaders(name: str) -> bool:
    """Say whether an input of this name tells which model is loaded, whatever it is called."""
    if name.startswith(PARTS):
        return False
    words = [one.strip("0123456789") for one in name.lower().split("_")]
    words = [one for one in words if one]
    return name in FOLDERS or (
        not MODELS.isdisjoint(words) and bool(words) and words[-1] in MODELS | NAMES
    )


def _hands_on(name: str) -> bool:
    """Say whether a link to this input may bring the model itself in place of its name."""
    return name not in FOLDERS and name.lower().rstrip("_0123456789").split("_")[-1] in MODELS


def _given_by(graph: dict[str, Any], link: list[Any]) -> Iterator[str]:
    """Give the name that a node holds; what one puts together cannot be known before it runs."""
    values = list(graph[link[0]]["inputs"].values())
    plain = len(values) == 1 and isinstance(values[0], str)
    yield values[0] if plain else MADE_UP


def _is_weights(value: str) -> bool:
    short = len(value) <= _LONGEST_NAME and "\n" not in value
    return short and value.lower().endswith(WEIGHTS)


def _models_by_file(lab: LabView) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for spec in lab.catalog.values():
        for model in spec.models:
            for file in model.files:
                found.setdefault(_stem(_base(file.name)), set()).add(model.id)
    return found


def _base(file: str) -> str:
    return PurePosixPath(file.replace("\\", "/")).name


def _stem(name: str) -> str:
    lowered = name.lower()
    ending = next((one for one in WEIGHTS if lowered.endswith(one)), "")
    return lowered.removesuffix(ending)
