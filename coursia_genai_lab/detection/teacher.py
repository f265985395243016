"""The teacher's word in `metadata.genai`: it wins over what the code shows."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any, get_args

from ..wire.notebooks import Evidence, NotebookType, Profile, Resources
from ..wire.policy import Fallback, Mode

_MODES: tuple[Mode, ...] = get_args(Mode)
_FALLBACKS: tuple[Fallback, ...] = get_args(Fallback)


def metadata_digest(genai: object) -> str:
    """Return the SHA-256 of `metadata.genai` in canonical JSON, hexadecimal; "" for none.

    Canonical: keys sorted, no white space, ASCII only with `\\\\u` escapes.
    """
    if not isinstance(genai, dict) or not genai:
        return ""
    text = json.dumps(genai, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def with_the_teachers_word(
    profile: Profile, genai: Mapping[str, Any], known: Collection[str]
) -> Profile:
    """Return the profile as `metadata.genai` changes it; `known` are the catalogue's names.

    `services` replaces what was found (all of them are then required), `enabled: false` takes
    everything away, `mode` and `fallback` are kept for the launch.
    """
    changes: dict[str, Any] = {"metadata_digest": metadata_digest(genai)} if genai else {}
    if genai.get("mode") in _MODES:
        changes["mode"] = genai["mode"]
    if genai.get("fallback") in _FALLBACKS:
        changes["fallback"] = genai["fallback"]
    if genai.get("enabled") is False:
        changes.update(_nothing(), note="Its metadata turns GenAI off.")
        return profile.model_copy(update=changes)
    declared = genai.get("services")
    if isinstance(declared, list):
        names = [name for name in dict.fromkeys(map(str, declared)) if name in known]
        unknown = [str(name)[:40] for name in declared if str(name) not in known]
        changes.update(_declared(profile, names) if names else _nothing())
        if unknown:
            changes["note"] = f"Its metadata names unknown services: {', '.join(unknown[:5])}."
    return profile.model_copy(update=changes) if changes else profile


def _nothing() -> dict[str, Any]:
    return {
        "type": "CLASSIC",
        "needs_image_service": False,
        "services": [],
        "optional": [],
        "declared": True,
        "remote": False,
        "remote_services": [],
        "resources": Resources(),
        "sections": [],
    }


def _declared(profile: Profile, names: list[str]) -> dict[str, Any]:
    kind: NotebookType = profile.type if profile.type != "CLASSIC" else "GENAI_BASIC"
    word = [
        Evidence(service=name, cell=-1, line=0, rule="metadata", excerpt="metadata.genai.services")
        for name in names
    ]
    return {
        "type": kind,
        "needs_image_service": True,
        "services": names,
        "optional": [],
        "widened": [name for name in names if name not in profile.services],
        "remote_services": [name for name in profile.remote_services if name in names],
        "evidence": [*word, *profile.evidence],
        "declared": True,
    }
