"""The teacher's word: what `metadata.genai` says about services, mode and fallback.

Real courses also keep words of their own there (`level`, `module`, `enabled: true`); those are
none of ours and stay.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from ..wire.policy import Fallback, Mode

WORDS = ("services", "mode", "fallback", "enabled")
"""The keys of `metadata.genai` that are the teacher's word; of `enabled` only false is."""
MODES: tuple[Mode, ...] = get_args(Mode)
FALLBACKS: tuple[Fallback, ...] = get_args(Fallback)
UNSET = "unset"
"""On the command line: take this word away."""


@dataclass(frozen=True)
class Change:
    """What is to become of the word; what is not named stays as it is."""

    values: Mapping[str, Any]
    """Key of `WORDS` -> its new value, None to take it away."""

    @classmethod
    def of(
        cls,
        *,
        services: Sequence[str] | None = None,
        mode: str | None = None,
        fallback: str | None = None,
        off: bool = False,
        auto: bool = False,
    ) -> Change:
        """Return the change that the options ask for.

        `services` switches a notebook on that was off, unless `off` is asked for too; an empty
        sequence takes the services away. `auto` takes everything away that is not given beside
        it. `mode` and `fallback` take a value or `unset`.
        """
        values: dict[str, Any] = dict.fromkeys(WORDS) if auto else {}
        if services is not None:
            values["services"] = list(services) or None
            values["enabled"] = None
        if off:
            values["enabled"] = False
        for key, value in (("mode", mode), ("fallback", fallback)):
            if value is not None:
                values[key] = None if value == UNSET else value
        return cls(values)

    def applied_to(self, genai: Mapping[str, Any]) -> dict[str, Any]:
        """Return the entries of `metadata.genai` as they shall be."""
        made = dict(genai)
        for key, value in self.values.items():
            if value is not None:
                made[key] = value
            elif key != "enabled":
                made.pop(key, None)
            elif made.get(key) is False:
                # A course that keeps words of its own here has `enabled` among them: our false
                # took the place of its true.
                if set(made) - set(WORDS):
                    made[key] = True
                else:
                    del made[key]
        return made


def word_of(genai: Mapping[str, Any]) -> dict[str, Any]:
    """Return the teacher's word among the entries of `metadata.genai`."""
    return {
        key: genai[key]
        for key in WORDS
        if key in genai and (key != "enabled" or genai[key] is False)
    }


def undo_options(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str] | None:
    """Return the options of `mark` that bring the word back; None where options cannot."""
    if not before:
        return ["--auto"]
    options: list[str] = []
    was_off, is_off = "enabled" in before, "enabled" in after
    services = before.get("services") != after.get("services") or (is_off and not was_off)
    # Services switch a notebook on.
    if was_off and (services or not is_off):
        options.append("--off")
    if services:
        names = before.get("services", [UNSET])
        if not isinstance(names, list) or not names or not all(map(_is_name, names)):
            return None
        options += ["--services", ",".join(names)]
    for key, known in (("mode", MODES), ("fallback", FALLBACKS)):
        if before.get(key) != after.get(key):
            value = before.get(key, UNSET)
            if value not in (*known, UNSET):
                return None
            options += [f"--{key}", str(value)]
    return options


def same(one: Any, other: Any) -> bool:
    """Return whether two values are the same JSON."""
    # In Python 0 equals False; in JSON it does not.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value.replace("-", "").isalnum() and value.isascii()
