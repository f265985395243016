"""Four Labs on one host do as they like with real processes, and leave nothing."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

from coursia_genai_lab.lab.ownership import claim_slots

TESTS = Path(__file__).parent.parent
PROCESSES = 4
SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
OPERATIONS = 200 if SOAK else 32
"""Of all processes together."""
CRASHED = 9
PATIENCE = 400
SPEC = """
name = "{name}"
title = "Tiny {name}"
dialect = "comfyui"
stop_grace_seconds = 2

[process]
command = ["{{python}}", "{server}", "--port", "{{port}}", "--token-file", "{{token_file}}"]

[readiness]
path = "/ready"
interval_seconds = 0.05
"""


def begun(state: Path, services: Path, seed: str, operations: int) -> subprocess.Popen[str]:
    worker = str(TESTS / "host_worker.py")
    return subprocess.Popen(
        [sys.executable, worker, str(state), str(services), seed, str(operations)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def processes_that_name(folder: Path) -> list[str]:
    """Return the command lines of processes that have something to do with a folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(folder) in line:
            found.append(line)
    return found


def test_four_labs_on_one_host_follow_the_model_and_leave_nothing(tmp_path: Path) -> None:
    state, services = tmp_path / "state", tmp_path / "services"
    services.mkdir(mode=0o700)
    for name in ("tiny-one", "tiny-two"):
        text = SPEC.format(name=name, server=TESTS / "chatty_server.py")
        (services / f"{name}.toml").write_text(text, encoding="utf-8")
    seed = os.environ.get("SHARED_HOST_SEED") or random.SystemRandom().randrange(2**32)
    seed = seed if SOAK else 7
    first = [
        begun(state, services, f"{seed}-{number}", OPERATIONS // PROCESSES)
        for number in range(PROCESSES)
    ]
    told = [process.communicate(timeout=PATIENCE)[0] for process in first]
    for process, words in zip(first, told, strict=True):
        assert process.returncode in (0, CRASHED), f"seed {seed}\n{words}"
    # One more, so that somebody comes after those that crashed. A credential that nothing refers
    # to yet is spared for a minute, for its Lab may be about to start the service.
    for credential in state.glob("*/credentials/*"):
        os.utime(credential, (0, 0))
    last = begun(state, services, f"{seed}-last", 0)
    words = last.communicate(timeout=PATIENCE)[0]
    assert last.returncode == 0, f"seed {seed}\n{words}"
    assert processes_that_name(tmp_path) == []
    mine, abandoned = claim_slots(state)
    assert abandoned == []
    mine.release(forget=True)
    left = [str(path.relative_to(state)) for path in sorted(state.rglob("*"))]
    assert left == [], f"seed {seed}"
