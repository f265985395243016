"""Which notebooks a running Jupyter server has a kernel for."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .find import Address, running_servers

ANSWER_SECONDS = 1.0


def running_in_jupyter(paths: Iterable[Path]) -> set[Path]:
    """Return those of the notebooks that have a running kernel; a silent server is left out.

    Costs nothing where no server shows a folder above one of them.
    """
    by_place = {_place(path): path for path in paths}
    found: set[Path] = set()
    for server in running_servers():
        root = _place(Path(server.root)) if server.root else None
        if root is None or not any(place.is_relative_to(root) for place in by_place):
            continue
        open_there = {_place(root / name) for name in _sessions(server)}
        found |= {by_place[place] for place in open_there & set(by_place)}
    return found


def _place(path: Path) -> Path:
    # Not resolve(): it raises for a link in a circle.
    return Path(os.path.realpath(path))


def _sessions(server: Address) -> list[str]:
    import httpx

    try:
        answer = httpx.get(
            server.url.rstrip("/") + "/api/sessions",
            headers={"Authorization": f"token {server.token}"},
            timeout=ANSWER_SECONDS,
            trust_env=False,
        )
        sessions: Any = answer.raise_for_status().json()
        return [str(session["path"]) for session in sessions]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return []
