"""How downloads and checks are shown: bars for people, lines of JSON for programs."""

from __future__ import annotations

import sys
import time
from types import TracebackType

import click
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from ..catalog.spec import ModelFileSpec
from ..weights.bring import Brought
from ..weights.check import Checked
from ..weights.inventory import amount
from ..weights.stock import Stock
from ..weights.terms import Step
from .shown import console, plain, print_json

LINE_SECONDS = 1.0
_VERDICTS = {
    "right": "is the published file",
    "wrong": "is NOT the published file",
    "unknown": "was read; nobody published a hash to compare it with",
    "absent": "is not here",
}


def size_text(size: int | None) -> str:
    """Return a number of bytes for people."""
    return "–" if size is None else amount(size) if size else "0 bytes"


class Shown:
    """Shows steps: bars on a terminal, one line a phase in a pipe, JSON lines with --json."""

    def __init__(self, as_json: bool) -> None:
        self._as_json = as_json
        self._bars: Progress | None = None
        self._tasks: dict[str, TaskID] = {}
        self._told: dict[str, tuple[str, float]] = {}
        if not as_json and sys.stderr.isatty():
            self._bars = Progress(
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=console(stderr=True),
            )

    def __enter__(self) -> Shown:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def step(self, model_id: str, file: ModelFileSpec, step: Step) -> None:
        """Show how far a file is; may be called from a thread."""
        name = f"{file.folder}/{file.name}"
        if self._bars is not None:
            self._bar(name, step)
            return
        phase, at = self._told.get(name, ("", 0.0))
        now = time.monotonic()
        if phase == step.phase and (now - at < LINE_SECONDS or not self._as_json):
            return
        self._told[name] = (step.phase, now)
        if self._as_json:
            print_json(
                {
                    "model": model_id,
                    "file": name,
                    "phase": step.phase,
                    "done_bytes": step.done_bytes,
                    "total_bytes": step.total_bytes,
                }
            )
        else:
            total = size_text(step.total_bytes)
            self.say(f"{name}: {step.phase}, {size_text(step.done_bytes)} of {total}")

    def done(self, model_id: str, stock: Stock) -> None:
        """Show that a model is here."""
        if self._as_json:
            print_json(stock.view(model_id).model_dump(mode="json"))
        else:
            click.echo(f"{model_id} is here.")

    def checked(self, model_id: str, checked: Checked) -> None:
        """Show what a check found."""
        name = f"{checked.file.folder}/{checked.file.name}"
        if self._as_json:
            print_json(
                {
                    "model": model_id,
                    "file": name,
                    "verdict": checked.verdict,
                    "sha256": checked.sha256 or None,
                    "skipped": checked.skipped,
                }
            )
        elif checked.verdict != "absent":
            click.echo(f"{name} {_VERDICTS[checked.verdict]}.")

    def brought(self, model_id: str, brought: Brought) -> None:
        """Show what an import did about a file."""
        name = f"{brought.file.folder}/{brought.file.name}"
        if self._as_json:
            print_json(
                {
                    "model": model_id,
                    "file": name,
                    "from": None if brought.origin is None else str(brought.origin),
                    "linked": brought.linked,
                    "reason": brought.reason or None,
                }
            )
        elif brought.origin is not None:
            verb = "linked to" if brought.linked else "copied from"
            click.echo(plain(f"{name} {verb} {brought.origin}").plain)
        else:
            click.echo(plain(f"{name} was not taken: {brought.reason}").plain)

    def say(self, sentence: str) -> None:
        """Tell a person something that no program needs."""
        if not self._as_json:
            console(stderr=True).print(plain(sentence))

    def _bar(self, name: str, step: Step) -> None:
        assert self._bars is not None
        task = self._tasks.get(name)
        if task is None:
            task = self._tasks[name] = self._bars.add_task(name, total=step.total_bytes)
        # Renewed phases begin anew: the hash of what is here is not part of the download's speed.
        if self._told.get(name, ("", 0.0))[0] != step.phase:
            self._told[name] = (step.phase, 0.0)
            self._bars.reset(task, total=step.total_bytes, description=f"{name}: {step.phase}")
        self._bars.update(task, completed=step.done_bytes, total=step.total_bytes)
