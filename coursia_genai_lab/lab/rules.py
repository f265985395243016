"""What operator and class have laid down besides the mode: fallback, models, quotas, text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ..wire.policy import Fallback, Mode, Quota
from ..wire.services import Role


@dataclass(frozen=True)
class TextRules:
    """What may be asked of text models."""

    models: tuple[str, ...] = ()
    """Models that may be asked, with `*` as in file names; empty: none."""
    max_input_characters: int = 20_000
    max_output_tokens: int = 1024


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
