"""What Podman leaves in the packet filter where it is killed: rules that lead loopback ports away.

Whatever is given such a port afterwards listens and is never reached, in any test of any run.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

IPTABLES = shutil.which("iptables")
SETTLE_SECONDS = 2.0
"""Podman makes the rules of a container a moment before the process that watches it."""
_OF_A_TEST = re.compile(r'name: \\?"cgl-[^"\\]*\\?" id: \\?"([0-9a-f]{64})')
_OWN_CHAIN = re.compile(r"-j (CNI-(?:DN-)?[0-9a-f]{10,})\b")


def forget_dead_containers() -> None:
    """Remove the rules of containers that tests had made and that do not run any more."""
    if IPTABLES is None or not _dead():
        return
    time.sleep(SETTLE_SECONDS)
    for rule in _dead():
        _iptables("-D", *shlex.split(rule)[1:])
        chain = _OWN_CHAIN.search(rule)
        if chain is not None:
            _iptables("-F", chain[1])
            _iptables("-X", chain[1])


def _dead() -> list[str]:
    """Return the rules that lead to a container of a test that no process watches."""
    rules = [line for line in _iptables("-S").splitlines() if line.startswith("-A ")]
    found = [(line, match[1]) for line in rules if (match := _OF_A_TEST.search(line))]
    if not found:
        return []
    watched = b"\0".join(_commands())
    return [line for line, container in found if container.encode() not in watched]


def _commands() -> Iterator[bytes]:
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            yield (entry / "cmdline").read_bytes()
        except OSError:
            continue  # it ended meanwhile


def _iptables(*arguments: str) -> str:
    command = [str(IPTABLES), "-w", "30", "-t", "nat", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stdout
