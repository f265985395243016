"""What the commands print: tables and sentences for people, JSON for programs."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from ..errors import GenAIError

# A pipe has no width; what reads it wants whole lines.
PIPE_WIDTH = 200
STATE_STYLES = {
    "ready": "green",
    "failed": "red",
    "unavailable": "dim",
    "stopped": "dim",
    "absent": "dim",
}


def console(*, stderr: bool = False) -> Console:
    """Return the terminal; a pipe is treated as a wide one without colours."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else PIPE_WIDTH
    return Console(file=stream, width=width, highlight=False, soft_wrap=False)


def plain(text: str, style: str = "") -> Text:
    """Return words from elsewhere as text: no markup, no control characters."""
    safe = "".join(
        c if c in "\n\t" or not unicodedata.category(c).startswith("C") else "�" for c in text
    )
    return Text(safe, style=style)


def state_text(state: str) -> Text:
    """Return a service's state in its colour; the word alone says it too."""
    return plain(state, STATE_STYLES.get(state, "yellow"))


def print_json(value: Any) -> None:
    """Print one JSON value on one line."""
    click.echo(json.dumps(value, ensure_ascii=False))


@contextmanager
def told(as_json: bool, status: int = 1) -> Iterator[None]:
    """Tell one of our errors in words or as JSON, and end with that status."""
    try:
        yield
    except GenAIError as error:
        if as_json:
            print_json({"error": error.to_dict()})
        else:
            screen = console(stderr=True)
            screen.print(plain(error.message, "bold red"))
            screen.print(plain(error.remedy))
            if error.command:
                screen.print(plain(f"  {error.command}", "bold"))
        raise SystemExit(status) from None
