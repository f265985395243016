"""What `coursia-genai mark` prints: what changed in each file, and the way back."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import GenAIError
from ..notebooks.word import undo_options
from .shown import console, plain, print_json
from .walk import shown_path

COMMAND = ("coursia-genai", "mark")
FILES_A_COMMAND = 20


@dataclass(frozen=True)
class Outcome:
    """What became of one file: its word before and after, or why it was refused."""

    path: Path
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    changed: bool = False
    error: GenAIError | None = None
    widened: tuple[str, ...] = ()
    """Services that its code does not show."""
    running: bool = False
    """Whether a Jupyter server has a kernel for it."""

    @property
    def undo(self) -> list[str] | None:
        """Options that bring the word back; None where nothing changed or options cannot."""
        return undo_options(self.before, self.after) if self.changed else None


def print_outcome(outcome: Outcome, *, dry_run: bool, as_json: bool) -> None:
    """Print what became of one file."""
    if as_json:
        print_json(_line(outcome, dry_run))
        return
    name = shown_path(outcome.path)
    if outcome.error is not None:
        words = f"{name}: {outcome.error.message} {outcome.error.remedy}"
        console(stderr=True).print(plain(words, "red"))
        return
    screen = console()
    screen.print(plain(f"{name}: {_said(outcome)}"))
    for hint in _hints(outcome):
        screen.print(plain(f"  {hint}", "yellow"))


def print_end(done: Sequence[Outcome], *, dry_run: bool) -> None:
    """Print the totals, and the commands that lead back."""
    changed = [item for item in done if item.changed]
    if len(done) > 1 or dry_run:
        verb = "would change" if dry_run else "changed"
        refused = sum(item.error is not None for item in done)
        as_is = len(done) - len(changed) - refused
        console().print(f"{len(changed)} {verb}, {as_is} as before, {refused} refused.")
    if not dry_run:
        _print_way_back(changed)


def _line(outcome: Outcome, dry_run: bool) -> dict[str, Any]:
    path = shown_path(outcome.path)
    if outcome.error is not None:
        return {"path": path, "error": outcome.error.to_dict()}
    undo = outcome.undo
    return {
        "path": path,
        "changed": outcome.changed,
        "dry_run": dry_run,
        "before": dict(outcome.before),
        "after": dict(outcome.after),
        "undo": None if undo is None else _command(undo, [path]),
        "widened": list(outcome.widened),
        "running": outcome.running,
    }


def _said(outcome: Outcome) -> str:
    if not outcome.changed:
        return f"as before: {_in_words(outcome.after)}"
    return f"{_in_words(outcome.before)} → {_in_words(outcome.after)}"


def _in_words(word: Mapping[str, Any]) -> str:
    parts = ["off"] if word.get("enabled") is False else []
    if "services" in word:
        names = word["services"]
        listed = isinstance(names, list)
        parts.append("services " + (", ".join(map(str, names)) if listed else repr(names)))
    parts += [f"{key} {word[key]}" for key in ("mode", "fallback") if key in word]
    return "; ".join(parts)[:300] or "auto, its code decides"


def _hints(outcome: Outcome) -> list[str]:
    hints = []
    if outcome.widened:
        names = ", ".join(outcome.widened)
        hints.append(f"Its code does not show {names}: started only after a person agrees once.")
    if outcome.running:
        hints.append("It runs in Jupyter now: reload it there from disk, or saving undoes this.")
    return hints


def _print_way_back(changed: Sequence[Outcome]) -> None:
    groups: dict[tuple[str, ...], list[str]] = {}
    lost = []
    for item in changed:
        if item.undo is None:
            lost.append(item)
        else:
            groups.setdefault(tuple(item.undo), []).append(shown_path(item.path))
    screen = console()
    if groups:
        screen.print("The way back:")
    for options, names in groups.items():
        for first in range(0, len(names), FILES_A_COMMAND):
            # Whole on one line, however long: it is there to be copied.
            command = _command(options, names[first : first + FILES_A_COMMAND])
            screen.print(plain(f"  {command}"), soft_wrap=True)
    for item in lost:
        screen.print(
            plain(f"{shown_path(item.path)} said what no option writes: note it.", "yellow")
        )


def _command(options: Sequence[str], names: Sequence[str]) -> str:
    ends = ["--"] if any(name.startswith("-") for name in names) else []
    return shlex.join([*COMMAND, *options, *ends, *names])
