"""Where the Docker engine is, and whether this user may speak to it."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from ..errors import RuntimeUnavailable

_KNOCK_SECONDS = 2.0
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def usual_sockets(environ: Mapping[str, str]) -> list[Path]:
    """Return the places where engines listen: system, rootless, Docker Desktop."""
    places = [Path("/var/run/docker.sock")]
    if environ.get("XDG_RUNTIME_DIR"):
        places.append(Path(environ["XDG_RUNTIME_DIR"]) / "docker.sock")
    if environ.get("HOME"):
        home = Path(environ["HOME"]) / ".docker"
        places += [home / "run" / "docker.sock", home / "desktop" / "docker.sock"]
    return places


def engine_address(host: str | None, environ: Mapping[str, str], sockets: Sequence[Path]) -> str:
    """Return the address of an engine that takes connections; blocks for two seconds at most.

    Raises:
        RuntimeUnavailable: there is none, it is closed to us, it does not run, it takes no
            calls, or it is on another machine.
    """
    named = host or environ.get("DOCKER_HOST", "")
    if named:
        if named.startswith("unix://"):
            _knock(Path(named.removeprefix("unix://")))
        elif not named.startswith("npipe://") and urlsplit(named).hostname not in _LOOPBACK:
            raise RuntimeUnavailable(
                "The Docker engine is on another machine, where this server's folders and ports "
                "are not.",
                "Unset DOCKER_HOST and GenAILab.docker_host, or run the Lab beside the engine.",
                code="docker_remote",
            )
        return named
    present = [path for path in sockets if _is_there(path)]
    if not present:
        raise docker_absent()
    usable = next((path for path in present if os.access(path, os.R_OK | os.W_OK)), present[0])
    _knock(usable)
    return f"unix://{usable}"


def docker_absent(where: str = "") -> RuntimeUnavailable:
    """Return the error of a machine without Docker."""
    command = None
    if shutil.which("apt-get"):
        command = "sudo apt-get install -y docker.io"
    elif shutil.which("dnf"):
        command = "sudo dnf install -y moby-engine && sudo systemctl enable --now docker"
    return RuntimeUnavailable(
        f"There is no Docker engine at {where}."
        if where
        else "There is no Docker engine on this machine.",
        "Install Docker and start it; the demo service works without.",
        code="docker_absent",
        command=command,
    )


def docker_forbidden() -> RuntimeUnavailable:
    """Return the error of a user who may not speak to the engine."""
    return RuntimeUnavailable(
        "Docker is here, but this user may not use it.",
        "Add the user to the group docker, then log out and in again, and restart the server.",
        code="docker_forbidden",
        command="sudo usermod -aG docker $USER",
    )


def docker_stopped() -> RuntimeUnavailable:
    """Return the error of an engine that is installed and does not run."""
    return RuntimeUnavailable(
        "Docker is installed, but its engine does not run.",
        "Start the engine, then try again.",
        code="docker_not_running",
        command="sudo systemctl start docker",
    )


def docker_hangs() -> RuntimeUnavailable:
    """Return the error of an engine that takes calls and keeps silent."""
    return RuntimeUnavailable(
        "The Docker engine does not answer.",
        "Restart it, then try again.",
        code="docker_hangs",
        command="sudo systemctl restart docker",
    )


def _is_there(path: Path) -> bool:
    try:
        path.stat()
    except PermissionError:
        return True  # behind a closed door, but then the remedy is a permission
    except OSError:
        return False
    return True


def _knock(path: Path) -> None:
    """Connect once: only that tells for certain, and the SDK leaks a socket when it cannot."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(_KNOCK_SECONDS)
        try:
            probe.connect(str(path))
        except PermissionError:
            raise docker_forbidden() from None
        except ConnectionRefusedError:
            raise docker_stopped() from None
        except (TimeoutError, BlockingIOError):
            raise docker_hangs() from None
        except OSError:
            raise docker_absent(str(path)) from None
