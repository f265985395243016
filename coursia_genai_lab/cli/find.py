"""Find the Lab that runs: by option or variable, else among this user's Jupyter servers."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click
from jupyter_core.paths import jupyter_runtime_dir

from ..client import LabClient
from ..errors import GenAIError, LabUnreachable
from ..wire.services import StatusView

Command = TypeVar("Command", bound=Callable[..., Any])

URL_VARIABLE = "COURSIA_GENAI_URL"
TOKEN_VARIABLE = "COURSIA_GENAI_TOKEN"
HOW_TO_RUN = "jupyter lab"


@dataclass(frozen=True)
class Address:
    """Where a Jupyter server is, and its token."""

    url: str
    token: str = field(repr=False)
    root: str = ""


@dataclass(frozen=True)
class FoundLab:
    """A Lab that answered."""

    address: Address
    status: StatusView

    def client(self) -> LabClient:
        """Return a client of it."""
        return LabClient(self.address.url, self.address.token)


def where(command: Command) -> Command:
    """Add the options that say which Lab is meant."""
    token = click.option(
        "--token",
        envvar=TOKEN_VARIABLE,
        default="",
        help="Token of that server. Other users of this machine can read it on the command line: "
        f"better set {TOKEN_VARIABLE}.",
    )
    url = click.option(
        "--url",
        envvar=URL_VARIABLE,
        default="",
        help="Address of the Jupyter server, http://127.0.0.1:8888/. Default: the one that runs "
        f"here. Also {URL_VARIABLE}.",
    )
    return url(token(command))


def as_json(command: Command) -> Command:
    """Add --json."""
    option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
    return option(command)


def find_lab(url: str, token: str) -> FoundLab | None:
    """Return the Lab at `url`; without one the Lab of a Jupyter server that runs here, or None.

    Of several the one is taken whose notebooks are nearest to the present folder.

    Raises:
        GenAIError: `url` was given, and what is there does not answer as a Lab.
    """
    if url:
        return _ask_there(Address(url, token))
    for address in running_servers():
        try:
            return _ask(address)
        except GenAIError:
            # A server without the extension, or one that is just stopping.
            continue
    return None


def need_lab(url: str, token: str) -> FoundLab:
    """As `find_lab`, when there must be one.

    Raises:
        LabUnreachable: none runs; the remedy says how to run one.
    """
    found = find_lab(url, token)
    if found is None:
        raise LabUnreachable(
            "No Lab is running for this user.",
            "It lives in JupyterLab. Start that, then run this command again in another terminal:",
            command=HOW_TO_RUN,
        )
    return found


def running_servers() -> list[Address]:
    """Return this user's Jupyter servers, the one nearest to the present folder first."""
    # Jupyter Server's own function for this takes a second and a half to import.
    servers = [
        Address(info["url"], str(info.get("token", "")), str(info.get("root_dir", "")))
        for path in Path(jupyter_runtime_dir()).glob("jpserver-*.json")
        if (info := _live(path)) is not None
    ]
    here = Path.cwd()
    return sorted(servers, key=lambda server: -_nearness(server.root, here))


def _live(path: Path) -> dict[str, Any] | None:
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
        # The port of a server that has ended may be a stranger's by now, and gets no token.
        if os.name == "posix":
            os.kill(int(info["pid"]), 0)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return info if str(info.get("url", "")).startswith("http") else None


def _nearness(root: str, here: Path) -> int:
    return len(Path(root).parts) if root and here.is_relative_to(root) else 0


def _ask_there(address: Address) -> FoundLab:
    try:
        return _ask(address)
    except LabUnreachable as error:
        if error.remedy != LabUnreachable.default_remedy:
            raise
        # That one is for code in a kernel.
        raise LabUnreachable(
            error.message,
            "Check the address, and that its Jupyter server runs. This shows those of this user:",
            command="jupyter server list",
        ) from None


def _ask(address: Address) -> FoundLab:
    with LabClient(address.url, address.token) as client:
        return FoundLab(address, client.status())
