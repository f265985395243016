"""Which models a person's role may use: in lists of models, and in orders that name files."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath
from typing import Any

from ..wire.images import ModelInfo
from .needs import LabView

WEIGHTS = (".safetensors", ".sft", ".ckpt", ".gguf", ".pt", ".pth", ".bin", ".onnx")
PARTS = ("vae", "clip", "text_encoder", "t5")
"""Inputs that begin so name what draws nothing by itself."""
_LONGEST_NAME = 300


def open_to(lab: LabView, person: str, info: ModelInfo) -> ModelInfo:
    """Return a model as a person may have it; an empty name is nobody, who is refused nothing."""
    if not person or lab.policy.allows_model(person, info.id):
        return info
    refusal = lab.policy.model_refusal(person, info.id)
    return info.model_copy(update={"available": False, "reason": str(refusal)})


def refuse_files(lab: LabView, person: str, service: str, files: Collection[str]) -> None:
    """Return where a person's role may use every model that an order names by its files.

    A file is one of a model of the catalogue that has it, else a model of its own. An order that
    names none may be of any model of its service.

    Raises:
        NotAllowed: code `model_not_allowed`.
    """
    if lab.policy.models(lab.policy.people.role(person)) is None:
        return
    by_file = _models_by_file(lab)
    if not files:
        known = [model.id for model in lab.catalog[service].models]
        if known and not lab.policy.allows_model(person, *known):
            raise lab.policy.model_refusal(person, known[0])
    for file in files:
        name = _base(file)
        if not lab.policy.allows_model(person, name, _stem(name), *by_file.get(_stem(name), ())):
            raise lab.policy.model_refusal(person, name)


def files_named(graph: dict[str, Any]) -> set[str]:
    """Return the files with weights that a graph in ComfyUI's API format names."""
    return {
        value
        for node in graph.values()
        for name, value in _texts(node["inputs"].items())
        if _is_weights(value) and not name.startswith(PARTS)
    }


def _texts(inputs: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, str]]:
    for name, value in inputs:
        if isinstance(value, str):
            yield name, value
        elif isinstance(value, dict):
            # Some loaders take several at a time, each with its strength.
            yield from ((name, one) for one in value.values() if isinstance(one, str))


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
