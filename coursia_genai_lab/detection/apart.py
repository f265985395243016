"""Read a giant notebook in a process of its own, which can be stopped and is small.

A decoder of the standard library or of msgspec holds the interpreter until it is done, so a
thread would stall the server's event loop as long. The process gets the notebook on its standard
input and answers with the code that detection needs, in JSON.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from typing import Any

from .fragments import Fragments
from .odd import leniently
from .shapes import Cell, Draft, Malformed, Notebook, Unreadable

MOST_MEMORY = 300 * 1024 * 1024
"""Bytes of addresses that the process may take; what is really used stays below 300 MB."""
MOST_AT_ONCE = 2
_TURNS = threading.BoundedSemaphore(MOST_AT_ONCE)
_LONGEST_ANSWER = 8 * 1024 * 1024
_PROGRAM = f"""
import json, sys
sys.path[:] = json.loads(sys.argv.pop())
from {__name__} import main
sys.exit(main())
"""
_TOO_LONG = "It would take too long to examine, so it was not."


def read_apart(data: bytes, fragments: Fragments, seconds: float) -> Notebook:
    """Return what detection needs of a giant notebook. Blocks for at most `seconds`.

    Raises:
        Unreadable: it is no notebook, or takes too long or too much memory.
    """
    end = time.monotonic() + seconds
    if not sys.executable or not _TURNS.acquire(timeout=seconds):
        raise Unreadable(_TOO_LONG)
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-I", "-c", _PROGRAM, *_arguments(data, fragments)],
            input=data,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=max(0.0, end - time.monotonic()),
            check=False,
        )
    except (subprocess.TimeoutExpired, OSError):
        raise Unreadable(_TOO_LONG) from None
    finally:
        _TURNS.release()
    if done.returncode != 0 or len(done.stdout) > _LONGEST_ANSWER:
        raise Unreadable("It is too large to examine.")
    return _notebook(json.loads(done.stdout))


def _arguments(data: bytes, fragments: Fragments) -> list[str]:
    # An isolated interpreter does not look where the server's was told to: PYTHONPATH, the
    # user's own packages. An empty entry would be the working directory, which is a course's.
    places = [place for place in sys.path if place]
    return [str(len(data)), json.dumps(fragments.words), json.dumps(places)]


def _notebook(answer: dict[str, Any]) -> Notebook:
    if "unreadable" in answer:
        raise Unreadable(answer["unreadable"])
    cells = tuple(Cell(**{**cell, "tags": frozenset(cell["tags"])}) for cell in answer.pop("cells"))
    return Notebook(cells, **answer)


def answer_for(data: bytes | bytearray, fragments: Fragments) -> dict[str, Any]:
    """Return what the process answers."""
    try:
        try:
            draft = Draft(data)
        except Malformed:
            draft = Draft(leniently(data))
    except Unreadable as reason:
        return {"unreadable": str(reason)}
    matters = draft.matters(fragments)
    return asdict(draft.notebook(fragments) if matters else draft.without_code())


def _bounded() -> None:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))


def main() -> int:
    """Answer for the notebook on the standard input; 1 where memory does not suffice."""
    _bounded()
    try:
        data = bytearray(int(sys.argv[1]))
        with open(0, "rb", closefd=False) as stream:
            stream.readinto(data)
        answer = json.dumps(answer_for(data, Fragments(json.loads(sys.argv[2]))), default=list)
    except MemoryError:
        return 1
    sys.stdout.write(answer)
    return 0
