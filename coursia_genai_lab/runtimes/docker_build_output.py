"""What the engine says while it builds: steps, lines, and the images that it makes."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping
from typing import Any

from .building import Log

_LONGEST_LINE = 2000
_LAST_LINES = 20
_STEP = re.compile(r"^step ([0-9]{1,6})/([0-9]{1,6})\s*: (.*)$", re.IGNORECASE)
_MADE = re.compile(r"^(?: -)?--> ?([0-9a-f]{11,64})$")
_BUILT = re.compile(r"^(?:Successfully built )?([0-9a-f]{12,64})$")


class BuildOutput:
    """Read the events of one build; each whole line goes to `log`.

    Docker and Podman differ in spelling only: `Step 1/2 : FROM` and `STEP 1/2: FROM`.
    """

    def __init__(self, log: Log) -> None:
        self._log = log
        self._rest = ""
        self.number = 0
        """The step at work; 0 before the first."""
        self.steps = 0
        self.instruction = ""
        self.made: list[str] = []
        """Ids, as far as they are told, of the images after each step so far."""
        self.built = ""
        """Id of the result; empty until it is done."""
        self._told = False
        """Whether the engine itself named the result, past every line."""
        self.last: deque[str] = deque(maxlen=_LAST_LINES)
        """The last lines of what ran, without the engine's own words."""

    @property
    def step(self) -> str:
        """The present step in words: `step 2 of 9: RUN pip install`; empty before the first."""
        if not self.number:
            return ""
        return f"step {self.number} of {self.steps}: {self.instruction}"

    @property
    def percent(self) -> float:
        """How much of the steps is done, 0 to 100."""
        return round(100 * (self.number - 1) / self.steps, 1) if self.number else 0.0

    def take(self, event: Mapping[str, Any]) -> bool:
        """Note one event; say whether a new step began."""
        before = self.number
        auxiliary = event.get("aux")
        if isinstance(auxiliary, Mapping) and auxiliary.get("ID"):
            self.built, self._told = str(auxiliary["ID"]), True
        if text := event.get("stream"):
            *whole, self._rest = (self._rest + str(text)).split("\n")
            for line in whole:
                self._line(line)
            if len(self._rest) > _LONGEST_LINE:
                self._line(self._rest)
                self._rest = ""
        elif (status := event.get("status")) and not event.get("progressDetail"):
            identifier = event.get("id")
            self._log(f"{identifier}: {status}" if identifier else str(status))
        return self.number != before

    def end(self) -> None:
        """Take the last line, which nothing ended."""
        if self._rest:
            self._line(self._rest)
            self._rest = ""

    def _is_next(self, number: int, steps: int) -> bool:
        # What runs in a step may print such lines, too.
        return self.number < number <= steps and self.steps in (0, steps)

    def _line(self, line: str) -> None:
        line = line.rstrip("\r").rpartition("\r")[2].rstrip()  # a progress bar paints over itself
        if not line:
            return
        line = line[:_LONGEST_LINE]
        self._log(line)
        if (step := _STEP.match(line)) and self._is_next(int(step.group(1)), int(step.group(2))):
            self.number, self.steps = int(step.group(1)), int(step.group(2))
            self.instruction = step.group(3)
            self.last.clear()
        elif made := _MADE.match(line):
            self.made.append(made.group(1))
        elif (built := _BUILT.match(line)) and self.number == self.steps and not self._told:
            # The last such line: a step before it may print a number that looks like one.
            self.built = built.group(1)
        elif not line.startswith(" --->") and not line.startswith("Removing intermediate"):
            self.last.append(line)
