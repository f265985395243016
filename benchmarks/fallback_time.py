"""How long the door takes to let a provider stand in, beside a call that names the provider."""

from __future__ import annotations

import asyncio
import importlib
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from coursia_genai_lab.errors import ImageMissing

from .measure import Figures, show

N = 60


async def timed(ask: Any, model: str) -> float:
    """Return the milliseconds of one picture."""
    begin = time.perf_counter()
    answer = await ask(model=model)
    assert answer["status"] == 200, answer
    return (time.perf_counter() - begin) * 1000


async def measure() -> None:
    """Print what the decision adds to the picture of a provider."""
    lesson = importlib.import_module("test_fallback")
    with tempfile.TemporaryDirectory() as folder:
        async with lesson.painted(Path(folder)) as (b, _):
            b.agree()
            b.g.lab.is_gone("forge-turbo")
            b.g.lab.has_failed(ImageMissing("The image is not here.", "Build it."))
            instead: list[float] = []
            named: list[float] = []
            for turn in range(N + 3):
                took = await timed(b.ask, "paint-1"), await timed(b.ask, "gpt-image-2")
                if turn >= 3:
                    instead.append(took[0])
                    named.append(took[1])
    by_name = Figures("the provider by its name", named)
    show(Figures("a provider in place of what cannot start", instead), by_name)
    added = [one - other for one, other in zip(instead, named, strict=True)]
    show(Figures("the decision", added), goal="<= 50 ms")


def main() -> None:
    """Run the measurement against a provider on loopback."""
    tests = Path(__file__).parent.parent / "tests"
    sys.path[:0] = [str(tests), str(tests / "gateway")]
    asyncio.run(measure())


if __name__ == "__main__":
    main()
