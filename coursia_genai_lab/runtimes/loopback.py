"""Ports on 127.0.0.1: a free one, and who listens on one."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

_LISTEN = "0A"
_LOWEST_PORT = 15_000
_TRIES = 50


@dataclass(frozen=True)
class Listener:
    """A listening socket: the user it belongs to and its inode."""

    user: int
    inode: str


def free_port() -> int:
    """Return a port that nobody used a moment ago and that the system gives nobody by itself.

    A service may load for minutes before it listens. Until then any connection of any program
    could be given a port of the dynamic range (ip(7), ip_local_port_range).
    """
    for port in (*_outside_the_dynamic_range(), 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            free: int = probe.getsockname()[1]
            return free
    raise OSError("no port is free")


def _outside_the_dynamic_range() -> Iterator[int]:
    try:
        first = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return
    # At random: another program may look for one at this very moment.
    if first - _LOWEST_PORT > _TRIES:
        yield from random.sample(range(_LOWEST_PORT, first), _TRIES)


async def takes_connections(url: str, timeout_seconds: float = 1.0) -> bool:
    """Say whether anybody listens at the address; whoever is slow to answer does."""
    place = urlsplit(url)
    try:
        _, writer = await asyncio.wait_for(
            asyncio.open_connection(place.hostname, place.port), timeout_seconds
        )
    except asyncio.TimeoutError:
        return True
    except OSError:
        return False
    writer.close()
    return True


def can_see_listeners() -> bool:
    """Say whether the system lists its listening sockets with their owners."""
    return Path("/proc/net/tcp").exists()


def listeners(port: int) -> list[Listener]:
    """Return who listens on the port, of whichever address; see proc(5), /proc/net/tcp."""
    found = []
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = Path(table).read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            # sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode …
            parts = row.split()
            if parts[3] == _LISTEN and int(parts[1].rpartition(":")[2], 16) == port:
                found.append(Listener(int(parts[7]), parts[9]))
    return found


def holds(pid: int, listener: Listener) -> bool:
    """Say whether the process has the socket open."""
    wanted = f"socket:[{listener.inode}]"
    try:
        return any(str(link.readlink()) == wanted for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False  # it ended, or closed something while we looked
