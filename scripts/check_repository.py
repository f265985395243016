"""Check promises about tracked files that no linter knows: no addresses in lock files, say."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LARGEST_FILE_BYTES = 2 * 1024 * 1024


def tracked() -> list[Path]:
    """Return the files that git tracks."""
    output = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    return [ROOT / name for name in output.split("\0") if name and (ROOT / name).is_file()]


def problems() -> list[str]:
    """Return what is wrong, a line each."""
    found = []
    for path in tracked():
        name = path.relative_to(ROOT).as_posix()
        if path.stat().st_size > LARGEST_FILE_BYTES:
            found.append(f"{name} is larger than 2 MiB")
        if path.name in {"yarn.lock", "package-lock.json"} and re.search(
            r"https?://", path.read_text(encoding="utf-8")
        ):
            found.append(f"{name} holds an address; remove it from the lock file")
        if path.suffix == ".ipynb" and name.startswith("examples/"):
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            if any(cell.get("outputs") or cell.get("execution_count") for cell in cells):
                found.append(f"{name} holds outputs; clear them")
    return found


def main() -> int:
    """Print what is wrong; return 1 if anything is."""
    found = problems()
    print("\n".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
