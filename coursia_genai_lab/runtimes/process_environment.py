"""What a child process sees of the Lab's environment: nothing that could be a key."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

PASSED_ON = frozenset(
    {
        "CONDA_PREFIX",
        "CUDA_DEVICE_ORDER",
        "CUDA_VISIBLE_DEVICES",
        "HOME",
        "LANG",
        "LANGUAGE",
        "LD_LIBRARY_PATH",
        "LOGNAME",
        "PATH",
        "PYTHONPATH",
        "SHELL",
        "SSL_CERT_FILE",
        "SYSTEMROOT",
        "TEMP",
        "TMP",
        "TMPDIR",
        "TZ",
        "USER",
        "VIRTUAL_ENV",
        "XDG_CACHE_HOME",
        "XDG_RUNTIME_DIR",
        # Set only while coverage is measured; without them children would not count.
        "COVERAGE_FILE",
        "COVERAGE_PROCESS_CONFIG",
        "COVERAGE_PROCESS_START",
    }
)


def child_environment(ours: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Return the passed-on part of `ours`, then what the spec says.

    An allowlist, because a key has no name by which one could know it.
    """
    passed = {name: ours[name] for name in ours if name in PASSED_ON or name.startswith("LC_")}
    if passed.get("PYTHONPATH"):
        # The child runs in another folder, where relative entries would mean something else.
        entries = filter(None, passed["PYTHONPATH"].split(os.pathsep))
        passed["PYTHONPATH"] = os.pathsep.join(str(Path(entry).absolute()) for entry in entries)
    return passed | dict(own)
