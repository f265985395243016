"""Add up the coverage of all test groups, children included, and fail below the gate."""

from __future__ import annotations

import subprocess
import sys

GATE_PERCENT = 90


def main() -> int:
    """Print the summary; return 1 below the gate."""
    run = [sys.executable, "-m", "coverage"]
    subprocess.run([*run, "combine", "--quiet", "--keep"], check=False)
    report = subprocess.run(
        [*run, "report", f"--fail-under={GATE_PERCENT}", "--format=total"],
        check=False,
        capture_output=True,
        text=True,
    )
    total = report.stdout.strip() or report.stderr.strip()
    print(f"Line coverage of the Python package: {total} % (gate: {GATE_PERCENT} %)")
    if report.returncode:
        subprocess.run([*run, "report", "--skip-covered", "--sort=miss"], check=False)
    return report.returncode


if __name__ == "__main__":
    sys.exit(main())
