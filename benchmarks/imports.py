"""Import times in a fresh interpreter, beside an interpreter that imports nothing of ours.

Bytecode is kept in a folder of its own: where none is written, each run would compile anew.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from .measure import Figures, show

N = 7
KERNEL = "import IPython, json, asyncio, typing"
CASES = {
    "import coursia_genai_lab in a kernel": (
        KERNEL,
        "import coursia_genai_lab",
        "<= 5 ms",
    ),
    "first generate: what it imports": (
        KERNEL,
        "from coursia_genai_lab import generate; import coursia_genai_lab.client.door, PIL.Image",
        "<= 150 ms",
    ),
    "extension load: what it imports": (
        "import jupyter_server.serverapp, jupyter_server.extension.application",
        "import coursia_genai_lab.app",
        "<= 120 ms",
    ),
}


def milliseconds(before: str, code: str, bytecode: str) -> float:
    """Return how long `code` takes after `before` in a fresh interpreter."""
    program = (
        f"import time\n{before}\nb = time.perf_counter()\n{code}\nprint(time.perf_counter() - b)"
    )
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
        env={**kept, "PYTHONPYCACHEPREFIX": bytecode},
    )
    return float(done.stdout.split()[-1]) * 1000


def main() -> None:
    """Print each case; the baseline imports something of the standard library."""
    other = "import email.mime.multipart, http.server"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as bytecode:
        for name, (before, code, goal) in CASES.items():
            milliseconds(before, f"{code}\n{other}", bytecode)
            ours, base = [], []
            for _ in range(N):
                ours.append(milliseconds(before, code, bytecode))
                base.append(milliseconds(before, other, bytecode))
            show(Figures(name, ours), Figures("http.server", base), goal=goal)


if __name__ == "__main__":
    main()
