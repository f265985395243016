"""A client of a running kernel that believes in it for longer than a busy machine is silent."""

from __future__ import annotations

from pathlib import Path

from jupyter_client.blocking.client import BlockingKernelClient

SILENT_SECONDS = 60.0


def kernel_client(connection_file: Path) -> BlockingKernelClient:
    """Return a client with open channels; whoever asked for it stops them."""
    client = BlockingKernelClient(connection_file=str(connection_file))
    client.load_connection_file()
    # One second without a heartbeat, the library's own, is common while a kernel imports.
    client.hb_channel.time_to_dead = SILENT_SECONDS
    client.start_channels()
    return client
