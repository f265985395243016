"""Make a picture again with what its file says, and compare the two."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from ..client import (
    Access,
    AsyncDoor,
    Comparison,
    EditRequest,
    ImageFile,
    Picture,
    compare,
    request_again,
)
from ..errors import GenAIError
from ..provenance import measure
from ..wire.images import GenerationRequest
from ..wire.provenance import Provenance
from ..wire.tokens import TokenRequest
from .borrowed import LIFETIME_SECONDS, attached
from .find import FoundLab
from .verdict import Finding, Sources

LOSSY = (
    "The file is no PNG: saving it rounded its pixels, so a picture that is similar may well be "
    "the same."
)


async def replayed(finding: Finding, sources: Sources, lab: FoundLab) -> Finding:
    """Return the finding with the comparison, or with why there is none.

    The Lab decides as ever what may be used and what it costs.
    """
    facts = finding.facts
    assert facts is not None
    if len(sources) != len(facts.inputs):
        return replace(finding, not_replayed=_wants_inputs(facts, sources))
    try:
        asked = _asked(facts, sources)
        picture = await _made(asked, facts, lab)
        comparison = await asyncio.to_thread(
            compare, finding.data, picture.data, facts, picture.provenance
        )
    except ValidationError:
        return replace(finding, not_replayed="What it says is beyond what a Lab takes.")
    except OSError as error:
        return replace(finding, not_replayed=f"An input cannot be read: {error.strerror}.")
    except GenAIError as error:
        return replace(finding, not_replayed=f"{error.message} {error.remedy}".strip())
    return replace(finding, replay=_fair(comparison, finding))


async def _made(
    asked: GenerationRequest | EditRequest, facts: Provenance, lab: FoundLab
) -> Picture:
    known = {service.name for service in lab.status.services}
    names = [name for name in (facts.asked_service or facts.service,) if name in known]
    wish = TokenRequest(
        label="coursia-genai verify", services=names, lifetime_seconds=LIFETIME_SECONDS
    )
    async with attached(lab, wish) as given:
        access = Access(given.variables["GENAI_API_URL"], given.variables["GENAI_API_TOKEN"])
        async with AsyncDoor(access) as door:
            (picture,) = await door.generate(asked)
            return picture


def _asked(facts: Provenance, sources: Sources) -> GenerationRequest | EditRequest:
    request = request_again(facts)
    if not facts.inputs:
        return request
    mask = None if sources.mask is None else _file(sources.mask)
    return EditRequest(request, tuple(map(_file, sources.images)), mask)


def _file(path: Path) -> ImageFile:
    data = path.read_bytes()
    return ImageFile(path.name, data, f"image/{measure(data).kind}")


def _wants_inputs(facts: Provenance, sources: Sources) -> str:
    if not facts.inputs:
        return "It was made from no other picture: leave --input and --mask out."
    return (
        f"It was made from {len(facts.inputs)} other files, of which it has the hashes only, and "
        f"{len(sources)} were given: name them with --input, in their order, and the mask with "
        "--mask."
    )


def _fair(comparison: Comparison, finding: Finding) -> Comparison:
    if comparison.verdict == "identical" or measure(finding.data).kind == "png":
        return comparison
    return replace(comparison, why=(LOSSY, *comparison.why))
