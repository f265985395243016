"""What operator and class have laid down: mode, fallback, models, quotas, caps, text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..catalog.load import Catalog
from ..config import LabSettings
from ..wire.policy import Fallback, Mode, Quota
from ..wire.problems import Problem
from ..wire.services import Role

EVERY = "*"
"""Each provider by itself, as a key of `daily_cents`."""


@dataclass(frozen=True)
class TextRules:
    """What may be asked of text models."""

    models: tuple[str, ...] = ()
    """Models that may be asked, with `*` as in file names; empty: none."""
    max_input_characters: int = 20_000
    max_output_tokens: int = 1024


OWN_TEXT = TextRules(("*",), max_input_characters=1_000_000, max_output_tokens=16_384)
"""On one's own machine, where nobody is taught: what a notebook could ask before, at a price that
is known."""


@dataclass(frozen=True)
class Rules:
    """One source's word; what it leaves out is empty or None."""

    course: str = ""
    mode: Mode | None = None
    fallback: Fallback | None = None
    queue_seconds: float | None = None
    """A wait in line that is expected to be longer counts as "not to be had in time"."""
    teachers: frozenset[str] = frozenset()
    groups: Mapping[str, frozenset[str]] = field(default_factory=dict)
    models: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)
    """Models that a role may use, with `*` as in file names; a role that is not named: all."""
    quotas: tuple[Quota, ...] = ()
    text: TextRules | None = None
    daily_cents: Mapping[str, float] = field(default_factory=dict)
    """US cents a day that may be spent with a provider in all; `*` is each by itself."""


@dataclass(frozen=True)
class ClassWord:
    """The class's policy as it is known now."""

    rules: Rules = field(default_factory=Rules)
    source: str = ""
    """Where it is read from, without credentials; empty: there is none."""
    read_at: float | None = None
    """Unix time at which it was last read well; None: never."""
    problem: Problem | None = None
    """Why it cannot be read now; what was read before holds."""


UNREAD = Rules(mode="off", fallback="never", daily_cents={EVERY: 0.0})
"""What holds in a class whose policy could never be read: it may forbid anything."""


def rules_of_operator(settings: LabSettings, catalog: Catalog | None = None) -> Rules:
    """Return the traits, and what service files say of their providers, as rules."""
    caps = {EVERY: settings.daily_cents}
    for spec in (catalog or {}).values():
        if spec.cloud is not None and spec.cloud.daily_cents is not None:
            caps[spec.name] = spec.cloud.daily_cents
    return Rules(
        mode=settings.mode,
        fallback=settings.fallback,
        text=TextRules(models=settings.text_models),
        daily_cents=caps,
    )
