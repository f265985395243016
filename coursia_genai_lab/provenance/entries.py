"""The facts of a picture as text: our JSON, and the line that picture browsers understand."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Iterator

from ..wire.provenance import Provenance
from .file_parts import MOST_TEXT

KEYWORD = "coursia_genai"
"""Keyword of our JSON among the text chunks of a PNG."""
PARAMETERS = "parameters"
"""Keyword under which WebUIs keep prompt and settings; many programs show it."""
XMP_KEYWORD = "XML:com.adobe.xmp"
_ODD = re.compile("[\x7f-\x9f\ufffe\uffff]")
_HALF = re.compile("[\ud800-\udfff]")
"""Halves of letters: JSON may hold them, no file of text can."""


def as_json(facts: Provenance) -> str:
    """Return the facts as JSON that every container takes; what nobody knows is left out."""
    known = facts.model_dump(exclude_none=True)
    text = json.dumps(known, ensure_ascii=False, separators=(",", ":"))
    text = _HALF.sub("\ufffd", text)
    return _ODD.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def prompt_hash(facts: Provenance) -> str:
    """Return a hash of both prompts that only whoever has the picture can compare.

    The id in it makes equal prompts of two people look different.
    """
    said = "\0".join((facts.id, facts.prompt, facts.negative_prompt or ""))
    return hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()


def from_json(text: str) -> Provenance | None:
    """Return the facts; None where the text holds none. Never raises, whatever it is."""
    if len(text) > MOST_TEXT:
        return None
    known = Provenance.model_fields
    try:
        found = json.loads(text, parse_constant=_no_number)
        # A newer version may say more.
        facts = Provenance.model_validate({k: v for k, v in found.items() if k in known})
    except (ValueError, AttributeError, RecursionError):
        return None
    if facts.guidance is not None and not math.isfinite(facts.guidance):
        return None
    return None if any(_HALF.search(one) for one in _words(facts)) else facts


def as_parameters(facts: Provenance) -> str:
    """Return prompt and settings in the convention of the WebUIs."""
    lines = [facts.prompt]
    if facts.negative_prompt:
        lines.append(f"Negative prompt: {facts.negative_prompt}")
    settings = {
        "Steps": facts.steps,
        "CFG scale": facts.guidance,
        "Seed": facts.seed,
        "Size": f"{facts.width}x{facts.height}",
        "Model hash": facts.model_hash and facts.model_hash.removeprefix("sha256:")[:10],
        "Model": facts.model,
        "Version": facts.software,
    }
    lines.append(", ".join(f"{k}: {v}" for k, v in settings.items() if v is not None))
    return _HALF.sub("\ufffd", "\n".join(lines))


def _words(facts: Provenance) -> Iterator[str]:
    for value in facts.model_dump().values():
        yield from value if isinstance(value, list) else [str(value)]


def _no_number(word: str) -> float:
    raise ValueError(word)
