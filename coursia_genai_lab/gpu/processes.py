"""Whose a process is: its program, its user, its container, as the system tells it."""

from __future__ import annotations

import contextlib
import re
import threading
from pathlib import Path

from .reading import GPUProcess

try:
    import pwd
except ImportError:  # native Windows
    pwd = None  # type: ignore[assignment]

_INITIAL_PIDS = "pid:[4026531836]"
"""PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h: the namespace of the machine."""
_NAME_SECONDS = 0.2
_CONTAINER = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])")


class ProcessTable:
    """Look processes up in /proc; a process that is closed to us keeps its pid alone.

    In a container of our own the driver's pids are the machine's, and /proc shows other
    processes under the same numbers: there nothing is looked up. `same_pids` says that both
    count alike; None asks the system.
    """

    def __init__(self, proc: Path = Path("/proc"), *, same_pids: bool | None = None) -> None:
        self._proc = proc
        self._same_pids = _same_pids(proc) if same_pids is None else same_pids
        self._names: dict[int, str] = {}

    def process(self, pid: int, used_mib: int | None) -> GPUProcess:
        """Return what is known of a process that holds so much."""
        if not self._same_pids:
            return GPUProcess(pid, used_mib)
        folder = self._proc / str(pid)
        try:
            user = folder.stat().st_uid
            stat = (folder / "stat").read_text(errors="replace")
        except OSError:
            return GPUProcess(pid, used_mib)
        # proc(5): pid (program) state ppid pgrp; the program's name may hold any character.
        head, _, tail = stat.rpartition(")")
        try:
            cgroups = (folder / "cgroup").read_text(errors="replace")
        except OSError:
            cgroups = ""
        containers = _CONTAINER.findall(cgroups)
        return GPUProcess(
            pid,
            used_mib,
            program=head.partition("(")[2],
            owner=self._name(user),
            # Of a container in a container, the inner one comes last.
            container=containers[-1] if containers else None,
            group=int(tail.split()[2]),
        )

    def _name(self, user: int) -> str:
        if user not in self._names:
            # A directory service may take its time; the next reading has the name then.
            self._names[user] = str(user)
            asking = threading.Thread(target=self._ask_name, args=(user,), daemon=True)
            asking.start()
            asking.join(_NAME_SECONDS)
        return self._names[user]

    def _ask_name(self, user: int) -> None:
        if pwd is not None:
            with contextlib.suppress(KeyError, OSError):
                self._names[user] = pwd.getpwuid(user).pw_name


def _same_pids(proc: Path) -> bool:
    try:
        return str((proc / "self" / "ns" / "pid").readlink()) == _INITIAL_PIDS
    except OSError:
        return False
