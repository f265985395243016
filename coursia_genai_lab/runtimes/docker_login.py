"""The logins to registries that `docker login` keeps, as headers for the engine."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

import docker
import docker.auth

log = logging.getLogger(__name__)

PATIENCE_SECONDS = 20.0
"""A helper may ask a key ring over the network; one that waits for a password waits for ever."""


def login_for(client: docker.DockerClient, repository: str) -> dict[str, str]:
    """Return the header with the login for a repository's registry; empty where there is none.

    A helper that is missing, fails or does not answer is as good as none: most images are public.
    """
    registry, _ = docker.auth.resolve_repository_name(repository)

    def ask() -> bytes | None:
        found: bytes | None = docker.auth.get_config_header(client.api, registry)
        return found

    return _header("X-Registry-Auth", _asked(ask))


def all_logins() -> dict[str, str]:
    """Return the header with every login, for a build; see `login_for`."""

    def ask() -> bytes | None:
        config: Any = docker.auth.load_config()
        known = config.get_all_credentials()
        return docker.auth.encode_header(known) if known else None

    return _header("X-Registry-Config", _asked(ask))


def _header(name: str, value: bytes | None) -> dict[str, str]:
    return {name: value.decode("ascii")} if value else {}


def _asked(ask: Callable[[], bytes | None]) -> bytes | None:
    answers: list[bytes | None] = []

    def run() -> None:
        try:
            answers.append(ask())
        except Exception as error:  # noqa: BLE001 -- programs and files of others are read here
            # Its kind alone: what a helper says may hold what it keeps.
            log.warning("The logins of `docker login` cannot be read: %s", type(error).__name__)
            answers.append(None)

    # In a thread of its own, for the SDK runs helpers without a bound.
    asking = threading.Thread(target=run, name="genai-docker-login", daemon=True)
    asking.start()
    asking.join(PATIENCE_SECONDS)
    if not answers:
        log.warning("The login helper of Docker gave no answer in %.0f s.", PATIENCE_SECONDS)
    return answers[0] if answers else None
