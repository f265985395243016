"""The group of all commands: it prints what the terminal can show, and never a traceback of it."""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any

import click

UNWRITABLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG})


class Commands(click.Group):
    """Commands whose output may go to any terminal, file or pipe."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command; letters that the output has no code for become question marks.

        Status 1 where the output cannot be written, as on a full disk.
        """
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="replace")
        try:
            return super().main(*args, **extra)
        except OSError as error:
            if error.errno not in UNWRITABLE:
                raise
            _give_up_output()
            with suppress(OSError):
                click.echo(
                    f"What this command says cannot be written: {error.strerror}.\n"
                    "Free some room, or send its output elsewhere.",
                    err=True,
                )
            sys.exit(1)


def _give_up_output() -> None:
    # Python would try once more at its end, and complain of it.
    with suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
