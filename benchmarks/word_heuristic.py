"""The heuristic that detection replaces: count telling words in the code, as first designed.

It stands here as the baseline of `detection_eval`, with its behaviour kept: plain UTF-8 JSON only,
words looked for in comments and strings alike, `metadata.genai.enabled` worth three words, and
each part of `source` put on a line of its own, which for a text is each letter.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from coursia_genai_lab.wire.notebooks import NotebookType

GENAI_WORDS = (
    "from diffusers import", "import comfyui", "flux_model", "stable_diffusion",
    "generate_image", "openrouter", "genai_utils",
)  # fmt: skip
CLASSIC_WORDS = (
    "import semantic_kernel", "import sklearn", "import torch", "import tensorflow",
    "import numpy", "import pandas",
)  # fmt: skip
WEIGHT_OF_METADATA = 3


def classify(path: Path) -> NotebookType | None:
    """Return the type that the heuristic gives a notebook; None where it raises."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return _type(document)
    except (OSError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
        return None


def _type(document: dict[str, Any]) -> NotebookType:
    genai = classic = 0
    for source in _sources(document):
        genai += sum(word in source for word in GENAI_WORDS)
        classic += sum(word in source for word in CLASSIC_WORDS)
    if document.get("metadata", {}).get("genai", {}).get("enabled", False):
        genai += WEIGHT_OF_METADATA
    if genai and classic:
        return "HYBRID"
    if not genai:
        return "CLASSIC"
    return "GENAI_ADVANCED" if genai > 2 else "GENAI_BASIC"


def _sources(document: dict[str, Any]) -> Iterator[str]:
    for cell in document.get("cells", []):
        if cell.get("cell_type") == "code":
            yield "\n".join(cell.get("source", []))
