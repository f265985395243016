"""The line of Python that makes a picture once more."""

from __future__ import annotations

import json
import re

from ..client.images import EditRequest
from ..wire.images import GenerationRequest
from .pictures import GeneratedImage

LINE_LENGTH = 88


def code_for(picture: GeneratedImage) -> str:
    """Return code for a cell that makes the picture with the same values."""
    edited = isinstance(picture.asked, EditRequest) or bool(
        picture.provenance is not None and picture.provenance.inputs
    )
    request = picture.asked.request if isinstance(picture.asked, EditRequest) else picture.asked
    values = _arguments(picture, request)
    if edited:
        lines = ["from coursia_genai_lab import edit", ""]
        lines += ["# In place of picture.png: the file, or the picture, that was changed."]
        call = _call("edit", ['"picture.png"', *values])
    else:
        lines = ["from coursia_genai_lab import generate", ""]
        call = _call("generate", values)
    return "\n".join([*lines, call])


def _arguments(picture: GeneratedImage, request: GenerationRequest | None) -> list[str]:
    values = [_literal(picture.prompt)]
    model, seed = picture.model, picture.seed
    size: str | None = "x".join(map(str, picture.size))
    if request is not None:
        model, seed, size = request.model or model, request.seed, request.size
    values += [f"model={_literal(model)}"] if model else []
    if size is not None and re.fullmatch(r"\d+x\d+", size):
        values.append(f"size=({size.replace('x', ', ')})")
    values += [f"seed={seed}"] if seed is not None else []
    for name in ("steps", "guidance", "negative_prompt"):
        value = getattr(request, name, None)
        if value is not None:
            values.append(f"{name}={_literal(value)}")
    return values


def _literal(value: str | int | float) -> str:
    # JSON's strings are Python's, too, and stand in the quotes that people write.
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _call(name: str, values: list[str]) -> str:
    line = f"{name}({', '.join(values)})"
    if len(line) <= LINE_LENGTH:
        return line
    return "\n".join([f"{name}(", *(f"    {value}," for value in values), ")"])
