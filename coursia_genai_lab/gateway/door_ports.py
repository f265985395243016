"""Ports of doors: taken at once, before the library that serves on them is loaded."""

from __future__ import annotations

import errno
import socket
import sys

HOST = "127.0.0.1"
BACKLOG = 128
"""Callers that come before their door serves wait in the operating system, so many at most."""


def take_port(preferred: int | None) -> socket.socket:
    """Listen on `preferred` if it is free, else on any port; return the socket.

    Raises:
        OSError: there is no port, or no socket, to be had.
    """
    if preferred is not None:
        try:
            return _listening(preferred)
        except OSError as error:
            if error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    return _listening(0)


def _listening(port: int) -> socket.socket:
    # Python makes sockets that children do not inherit, so no kernel keeps a door open.
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":
            # A port in TIME_WAIT may be taken again; one with a listener still may not.
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, port))
        made.listen(BACKLOG)
        made.setblocking(False)
    except BaseException:
        made.close()
        raise
    return made
