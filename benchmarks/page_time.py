"""What the front end adds to JupyterLab's start, and how soon an open page shows a change.

In Chromium, on two real servers that differ in our front end alone, in turn; the browser's cache is
warm. Needs Node, Chromium and the packages of `ui-tests`; without them it says so and does nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from contextlib import ExitStack
from pathlib import Path

from .measure import Figures, show
from .own_server import TOKEN, jupyter_server

N = 9
CHANGES = 20
ROOT = Path(__file__).resolve().parent.parent
LONGEST_SECONDS = 270
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def lacking() -> str:
    """Return what this machine lacks for it; empty: nothing."""
    if not _browser():
        return "no Chromium"
    if shutil.which("node") is None:
        return "no Node"
    if not (ROOT / "ui-tests/node_modules/@playwright/test").is_dir():
        return "the packages of ui-tests are not installed"
    return ""


def _browser() -> str | None:
    found = (shutil.which(name) for name in BROWSERS)
    return os.environ.get("CHROMIUM_PATH") or next(filter(None, found), None)


def main() -> None:
    """Print both."""
    lack = lacking()
    if lack:
        print(f"  skipped: {lack}")
        return
    with ExitStack() as stack:
        urls = [
            stack.enter_context(
                jupyter_server(module="jupyterlab", front_end=ours, traits={"runtime": "fake"})
            ).url
            for ours in (True, False)
        ]
        command = ["node", str(ROOT / "benchmarks/page_time.mjs"), *urls, TOKEN]
        done = subprocess.run(
            [*command, str(N), str(CHANGES)],
            check=False,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "CHROMIUM_PATH": _browser() or ""},
            timeout=LONGEST_SECONDS,
        )
    if done.returncode:
        raise SystemExit("the browser's part broke")
    found = json.loads(done.stdout)
    for what, name in (
        ("wall", "start of the page until restored"),
        ("busy", "the same, processor time of the main thread"),
    ):
        ours = Figures(f"{name}, with our front end", found[what]["with"])
        without = Figures("without", found[what]["without"])
        show(ours, without)
        print(f"    adds {ours.median - without.median:.0f} ms; goal <= 50 ms")
    show(Figures("a change reaches an open page", found["change"]), goal="<= 300 ms")


if __name__ == "__main__":
    main()
