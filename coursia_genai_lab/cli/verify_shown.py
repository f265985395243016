"""What `verify` says to people."""

from __future__ import annotations

from collections.abc import Iterator

from ..wire.provenance import Provenance
from .shown import console, plain
from .verdict import Finding
from .walk import shown_path

_STYLES = {"unchanged": "green", "changed": "bold red", "unknown": "yellow", "unchecked": "yellow"}
_HEADS = {
    "unchanged": "unchanged since it was made",
    "changed": "CHANGED since it was made",
    "unknown": "not known to the record",
    "unchecked": "not checked",
    "no provenance": "no provenance",
    "no picture": "no picture",
}
LONGEST = 500


def in_words(finding: Finding) -> None:
    """Print the verdict, the reasons, and what the file says."""
    screen = console()
    head = plain(f"{shown_path(finding.path)}: ", "bold")
    screen.print(head + plain(_HEADS[finding.verdict], _STYLES.get(finding.verdict, "dim")))
    for sentence in finding.why:
        screen.print(plain(f"  {sentence}"))
    if finding.facts is not None:
        for name, text in _lines(finding.facts):
            screen.print(plain(f"  {name:<9} ", "dim") + plain(_short(text)))
    if finding.replay is not None:
        noise = finding.replay.decibels
        about = "" if noise is None else f" ({noise:g} dB)"
        screen.print(plain(f"  made again: {finding.replay.verdict}{about}", "bold"))
        for sentence in finding.replay.why:
            screen.print(plain(f"    {sentence}"))
    elif finding.not_replayed:
        screen.print(plain(f"  not made again: {finding.not_replayed}", "yellow"))


def _lines(facts: Provenance) -> Iterator[tuple[str, str]]:
    maker = f"{facts.service} ({facts.engine})"
    if facts.asked_service:
        maker += f" in place of {facts.asked_service}"
    yield "made", f"{facts.made_at} by {maker}, mode {facts.mode}"
    if facts.demo:
        yield "demo", "a picture of the demo engine, no model made it"
    yield "model", _joined(facts.model, ", ".join(facts.model_files), facts.model_hash)
    yield "prompt", facts.prompt
    if facts.negative_prompt:
        yield "negative", facts.negative_prompt
    settings = [f"seed {facts.seed}", f"{facts.width}x{facts.height}"]
    settings += [] if facts.steps is None else [f"{facts.steps} steps"]
    settings += [] if facts.guidance is None else [f"guidance {facts.guidance:g}"]
    yield "settings", ", ".join(settings)
    if facts.workflow or facts.workflow_hash:
        yield "workflow", _joined(facts.workflow, facts.workflow_hash)
    if facts.image_digest:
        yield "image", facts.image_digest
    if facts.inputs:
        yield "inputs", ", ".join(facts.inputs)
    yield "id", facts.id


def _joined(*parts: str | None) -> str:
    return ", ".join(part for part in parts if part)


def _short(text: str) -> str:
    one_line = " ".join(text.split())
    return one_line if len(one_line) <= LONGEST else f"{one_line[:LONGEST]}…"
