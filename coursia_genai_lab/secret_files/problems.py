"""What can be wrong with a file of secrets, and what helps. No value ever stands in a sentence."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import ConfigurationError
from ..wire.problems import Problem

EXPOSED = "secrets_exposed"
GONE = "secrets_gone"
TOO_LARGE = "secrets_too_large"
NOT_TEXT = "secrets_not_text"
BROKEN_LINE = "secrets_broken_line"
BEING_WRITTEN = "secrets_being_written"
TWICE = "secret_twice"
UNFIT = "secret_unfit"
LAST_GOOD = "What it said before stays in force."


def exposed(path: Path, reason: str, remedy: str) -> Problem:
    """Others can read or replace it, so it is not used."""
    return Problem(
        code=EXPOSED,
        message=f"The secrets file {path} {reason}; it was not used.",
        remedy=remedy,
    )


def gone(path: Path) -> Problem:
    """It was there, and is not any more."""
    return Problem(
        code=GONE,
        message=f"The secrets file {path} was removed; its secrets are not used any more.",
        remedy="Set them again with `coursia-genai secrets set NAME`, if that was a mistake.",
    )


def too_large(path: Path, most: int) -> Problem:
    """It is no file of secrets at all."""
    return Problem(
        code=TOO_LARGE,
        message=f"The secrets file {path} has more than {most:,} bytes. {LAST_GOOD}",
        remedy="Keep only lines NAME=value in it.",
    )


def not_text(path: Path) -> Problem:
    """It has NUL bytes, or is no UTF-8."""
    return Problem(
        code=NOT_TEXT,
        message=f"The secrets file {path} is no text in UTF-8. {LAST_GOOD}",
        remedy="Save it as plain text in UTF-8, not as UTF-16 or as a document.",
    )


def broken_line(path: Path, line: int) -> Problem:
    """A line is no NAME=value: half a line, or a quote without its end."""
    return Problem(
        code=BROKEN_LINE,
        message=f"Line {line} of the secrets file {path} is no NAME=value. {LAST_GOOD}",
        remedy="Correct the line; a value with a space, '#' or '$' stands in single quotes.",
    )


def being_written(path: Path) -> Problem:
    """It changed a moment ago and its last line has no end yet."""
    return Problem(
        code=BEING_WRITTEN,
        message=f"The secrets file {path} seems to be being written. {LAST_GOOD}",
        remedy="Nothing, if its writer goes on; else end its last line.",
    )


def twice(path: Path, name: str, line: int) -> Problem:
    """A name stands there again; the last line counts, as with every .env file."""
    return Problem(
        code=TWICE,
        message=f"{name} stands more than once in the secrets file {path}; line {line} counts.",
        remedy="Remove the other lines.",
    )


def unfit(path: Path, name: str, line: int) -> Problem:
    """A value that no header, password or variable could carry."""
    return Problem(
        code=UNFIT,
        message=f"The value of {name} in line {line} of the secrets file {path} is too long or "
        "has a line break or a control character; it is not used.",
        remedy=f"Set it again: coursia-genai secrets set {name}",
    )


def own(path: Path, mode: str = "600") -> str:
    """Return what makes a path private."""
    owner = os.getuid() if hasattr(os, "getuid") else "you"
    return f"Run: chown {owner} {path} && chmod {mode} {path}"


def as_error(problem: Problem) -> ConfigurationError:
    """Return the problem as what is raised."""
    return ConfigurationError(problem.message, problem.remedy, code=problem.code)
