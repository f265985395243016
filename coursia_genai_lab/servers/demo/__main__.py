"""Run the demo engine: `python -m coursia_genai_lab.servers.demo --port N --token-file F`.

Every switch is an environment variable too (`GENAI_DEMO_PORT`, `GENAI_DEMO_TOKEN_FILE`, ...); the
command line wins. The folder also runs alone, copied anywhere, as `python -m demo`. It prints its
phases while it boots, then one line `{"event": "listening", "port": N}`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import sys
import threading
from collections.abc import Sequence

from .access import is_loopback
from .lifetime import stop_on_signals, stop_with_parent
from .server import DemoServer
from .settings import Settings, SettingsError, read_settings

PHASES = 10
GRACE_SECONDS = 0.4
CRASHED = 70
"""Exit status after a crash on purpose."""


def say(line: str) -> None:
    """Print one line for whoever reads the log; a reader that is gone is no error."""
    with contextlib.suppress(OSError, ValueError):
        print(line, flush=True)


async def boot(seconds: float, stop: asyncio.Event) -> None:
    """Take `seconds` to load, saying how far it is; ends at once when `stop` is set."""
    for phase in range(PHASES if seconds else 0):
        say(f"loading model {phase * 100 // PHASES}%")
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds / PHASES)
            return


async def serve(settings: Settings) -> int:
    """Boot, listen, and work until told to stop; return the exit status."""
    stop = asyncio.Event()
    stop_on_signals(stop.set)
    watch = None
    if settings.parent_pid is not None:
        watch = asyncio.create_task(stop_with_parent(settings.parent_pid, stop.set))
    await boot(settings.boot_seconds, stop)
    server = DemoServer(settings, die=lambda: os._exit(CRASHED))
    try:
        if not stop.is_set():
            port = await server.open()
            say(json.dumps({"event": "listening", "port": port}))
            await stop.wait()
    except OSError as error:
        print(f"Port {settings.port} cannot be used: {error.strerror}.", file=sys.stderr)
        return 1
    finally:
        await server.close()
        if watch is not None:
            watch.cancel()
            await asyncio.wait({watch}, timeout=GRACE_SECONDS)
    say("stopped")
    return 0


def main(argv: Sequence[str]) -> int:
    """Run the engine with these arguments and return its exit status."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")
    try:
        settings = read_settings(argv, os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    if settings.token is None and not is_loopback(settings.host):
        logging.getLogger(__name__).warning("no token file: the engine is open to the network")
    return asyncio.run(serve(settings))


def leave(status: int) -> None:
    """End the process, even when a picture is still being drawn."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join(GRACE_SECONDS)
            if thread.is_alive():
                # Python would wait for the drawing thread, and whoever stops us would not.
                sys.stdout.flush()
                os._exit(status)
    sys.exit(status)


if __name__ == "__main__":
    leave(main(sys.argv[1:]))
