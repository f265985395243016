"""One generation as it ended, and as it is kept: without its prompts, unless those are wanted."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from ..provenance import as_json, from_json, prompt_hash
from ..wire.generations import GenerationView, Outcome
from ..wire.jobs import JobKind
from ..wire.provenance import Provenance
from .store.kept_text import kept_text

LONGEST_NAME = 200
LONGEST_PROMPT = 8000


@dataclass(frozen=True)
class Generation:
    """What became of one job: a picture of the OpenAI door, or a raw job with all its pictures."""

    id: str
    """UUID; that of the facts where there are any."""
    person: str
    kind: JobKind
    """The dialect in which it was asked for."""
    service: str
    """Who worked on it; the demo engine where that stood in."""
    model: str = ""
    outcome: Outcome = "done"
    code: str | None = None
    """Code of the problem, for `failed`."""
    seconds: float = 0.0
    """Time for which the engine worked on it, the time in line left out."""
    pictures: int = 1
    """How many came of it; 0 unless it was done."""
    sha256: str = ""
    """Hex, of the file as it was given out; empty: of a raw job, or there is none."""
    facts: Provenance | None = field(default=None, repr=False)
    at: float = field(default_factory=time.time)
    """Unix time of its end."""


Note = Callable[[Generation], None]
"""Called on the event loop when a job has ended; it neither blocks nor raises."""


def forget(generation: Generation) -> None:
    """Keep no record."""


@dataclass(frozen=True)
class KeptGeneration:
    """A row of the record."""

    id: str
    at: float
    person: str
    kind: JobKind
    service: str
    model: str
    outcome: Outcome
    code: str | None
    seconds: float
    pictures: int
    sha256: str
    prompt_hash: str
    prompt: str | None = field(repr=False)
    facts: str = field(repr=False)
    """JSON without prompts; empty: none are known."""

    def anonymous(self) -> KeptGeneration:
        """Return the row without whose it was and what was asked for."""
        return replace(self, person="", prompt=None, prompt_hash="", facts="")

    def view(self, *, with_prompt: bool) -> GenerationView:
        """Return the row for somebody who has its id; the prompt is only for who asked."""
        return GenerationView(
            id=self.id,
            at=self.at,
            kind=self.kind,
            service=self.service,
            model=self.model,
            outcome=self.outcome,
            code=self.code,
            seconds=self.seconds,
            pictures=self.pictures,
            sha256=self.sha256 or None,
            prompt_hash=self.prompt_hash or None,
            prompt=self.prompt if with_prompt else None,
            facts=from_json(self.facts) if self.facts else None,
        )


def kept(one: Generation, *, with_prompt: bool) -> KeptGeneration:
    """Return the row of a generation."""
    facts, prompt, text = one.facts, None, ""
    if facts is not None:
        bare = facts.model_copy(update={"prompt": "", "negative_prompt": None})
        text = kept_text(as_json(bare), 10 * LONGEST_PROMPT)
        prompt = kept_text(facts.prompt, LONGEST_PROMPT) if with_prompt else None
    return KeptGeneration(
        id=kept_text(one.id, LONGEST_NAME),
        at=one.at,
        person=kept_text(one.person, LONGEST_NAME),
        kind=one.kind,
        service=kept_text(one.service, LONGEST_NAME),
        model=kept_text(one.model, LONGEST_NAME),
        outcome=one.outcome,
        code=None if one.code is None else kept_text(one.code, LONGEST_NAME),
        seconds=max(0.0, one.seconds),
        pictures=one.pictures if one.outcome == "done" else 0,
        sha256=one.sha256,
        prompt_hash="" if facts is None else prompt_hash(facts),
        prompt=prompt,
        facts=text,
    )
