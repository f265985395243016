"""What can be said of one picture: what its file says, what the record says, and how they agree."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import GenAIError, GenerationError, StoreError
from ..provenance import measure, prompt_hash, read, written_by
from ..wire.generations import GenerationView
from ..wire.provenance import Provenance
from .walk import shown_path

if TYPE_CHECKING:
    from ..client import Comparison

MOST_BYTES = 256 * 2**20
FORGED = (
    "What a file says of itself is not signed, and whoever can write the file can forge it. "
    "`unchanged` rests on the record of the Lab, and on those who run it."
)
NOT_KNOWN = (
    "The record does not know it: it was made elsewhere, its id was changed, or it was forgotten."
)
_NOTHING_OF_OURS = {
    None: "It says nothing of its making: it comes from elsewhere, or that was taken out.",
    "comfyui": "It holds the graph that ComfyUI wrote and nothing of the Lab: it comes as ComfyUI "
    "made it, through its own API or from elsewhere.",
    "webui": "It holds the settings that a WebUI wrote and nothing of the Lab: it comes as that "
    "made it, through its own API or from elsewhere.",
}
Verdict = Literal["unchanged", "changed", "unknown", "unchecked", "no provenance", "no picture"]
Look = Callable[[str], "GenerationView | None"]
"""Id -> what the record knows; None: nothing. Raises GenAIError: it cannot be asked."""
_SHOWN = frozenset(Provenance.model_fields) - {"prompt", "negative_prompt"}


@dataclass(frozen=True)
class Sources:
    """The pictures that another was made from, in their order, and the mask that was used."""

    images: tuple[Path, ...] = ()
    mask: Path | None = None

    def __len__(self) -> int:
        return len(self.images) + (self.mask is not None)


@dataclass(frozen=True)
class Finding:
    """One file with its verdict.

    unchanged: byte for byte the file that was recorded. changed: the record has its id, and
    another file. unknown: the record has no such id. unchecked: there is no record to ask.
    """

    path: Path
    verdict: Verdict
    why: tuple[str, ...] = ()
    facts: Provenance | None = field(default=None, repr=False)
    record: GenerationView | None = field(default=None, repr=False)
    data: bytes = field(default=b"", repr=False)
    replay: Comparison | None = None
    not_replayed: str = ""
    """Why it was not made again, a sentence."""

    def as_json(self) -> dict[str, Any]:
        """Return the finding for programs."""
        told: dict[str, Any] = {
            "path": shown_path(self.path),
            "verdict": self.verdict,
            "why": list(self.why),
            "provenance": None if self.facts is None else self.facts.model_dump(),
            "recorded": None if self.record is None else self.record.model_dump(),
            "signed": False,
        }
        if self.replay is not None:
            told["replay"] = {
                "verdict": self.replay.verdict,
                "decibels": self.replay.decibels,
                "why": list(self.replay.why),
            }
        elif self.not_replayed:
            told["replay"] = {"verdict": None, "decibels": None, "why": [self.not_replayed]}
        return told


def examined(path: Path, look: Look) -> Finding:
    """Return what can be said of a file; never raises for what the file is, or the record lacks."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        return Finding(path, "no picture", (f"It cannot be read: {error.strerror}.",))
    if len(data) > MOST_BYTES:
        return Finding(path, "no picture", (f"It is larger than {MOST_BYTES // 2**20} MiB.",))
    facts = read(data)
    if facts is None:
        return _without(path, data)
    try:
        record = look(facts.id)
    except GenAIError as error:
        return Finding(path, "unchecked", (error.message,), facts, data=data)
    if record is None:
        return Finding(path, "unknown", (NOT_KNOWN,), facts, data=data)
    if record.sha256 == hashlib.sha256(data).hexdigest():
        return Finding(path, "unchanged", (), facts, record, data)
    return Finding(path, "changed", tuple(_differences(facts, record)), facts, record, data)


def no_record(sentence: str) -> StoreError:
    """Return the error that there is no record to ask."""
    return StoreError(sentence, "Start JupyterLab, or name the record with --store.")


def _without(path: Path, data: bytes) -> Finding:
    try:
        measure(data)
    except GenerationError:
        return Finding(path, "no picture", ("It is no whole PNG, JPEG or WebP file.",))
    return Finding(path, "no provenance", (_NOTHING_OF_OURS[written_by(data)],))


def _differences(facts: Provenance, record: GenerationView) -> Iterator[str]:
    if record.sha256 is None:
        yield "The record has no hash of its file."
        return
    names = []
    if record.prompt_hash not in (None, prompt_hash(facts)):
        names.append("prompt")
    if record.facts is not None:
        names += sorted(
            name for name in _SHOWN if getattr(facts, name) != getattr(record.facts, name)
        )
    if names:
        yield f"What it says of its making is not what was recorded: {', '.join(names)}."
    else:
        yield (
            "What it says of its making is what was recorded, but the file is another: the "
            "picture was changed, or a program saved it anew."
        )
