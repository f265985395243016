"""`make bench`: every benchmark in turn, each in an interpreter of its own.

With names as arguments only those: `python -m benchmarks imports door_overhead`.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NOT_BENCHMARKS = {
    "__init__",
    "__main__",
    "measure",
    "own_server",
    "detection_eval",
    "small_service",
    "word_heuristic",
}
LONGEST_SECONDS = 300


def names() -> list[str]:
    """Return the benchmarks that stand in this folder."""
    found = sorted(path.stem for path in Path(__file__).parent.glob("*.py"))
    return [name for name in found if name not in NOT_BENCHMARKS]


def main() -> int:
    """Run them; return 1 when one broke."""
    wanted = sys.argv[1:] or names()
    status = 0
    for name in wanted:
        print(f"== {name.replace('_', ' ')}", flush=True)
        run = [sys.executable, "-m", f"benchmarks.{name}"]
        status |= subprocess.run(run, check=False, timeout=LONGEST_SECONDS).returncode
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
