"""Figures side by side: median, spread, n, and the ratio to what they are compared with."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """Repeated timings of one thing, in milliseconds."""

    name: str
    milliseconds: Sequence[float]

    @property
    def median(self) -> float:
        """Return the middle one."""
        return statistics.median(self.milliseconds)

    def __str__(self) -> str:
        low, high = min(self.milliseconds), max(self.milliseconds)
        n = len(self.milliseconds)
        return f"{self.name}: median {self.median:.3f} ms ({low:.3f} to {high:.3f}, n={n})"


def interleaved(
    calls: dict[str, Callable[[], object]], *, n: int, warm: int = 1
) -> dict[str, Figures]:
    """Time each call `n` times in turn, so that what disturbs one disturbs the others as well."""
    for _ in range(warm):
        for call in calls.values():
            call()
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(n):
        for name, call in calls.items():
            begin = time.perf_counter()
            call()
            taken[name].append((time.perf_counter() - begin) * 1000)
    return {name: Figures(name, values) for name, values in taken.items()}


def show(ours: Figures, other: Figures | None = None, *, goal: str = "") -> None:
    """Print a figure, its ratio to another, and what it should be."""
    ratio = ""
    if other is not None and other.median:
        ratio = f"; {ours.median / other.median:.2f} x {other.name} ({other.median:.3f} ms)"
    print(f"  {ours}{ratio}{f'; goal {goal}' if goal else ''}", flush=True)
