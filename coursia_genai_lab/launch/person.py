"""Who is asking, resolved in one place for launches and for the REST API."""

from __future__ import annotations

import getpass
import os
from collections.abc import Mapping
from typing import Any

from ..lab.people import Identity, People
from ..wire.services import Role

HUB_TEACHER = "custom:coursia-genai:manage"
HUB_ADMIN = "custom:coursia-genai:admin"
"""Scopes that a hub's administrator may define and grant to a role."""
_OWN = "jupyter_server."


def unix_user() -> str:
    """Return the name of the Unix user that runs this server, its number if it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's uid often has no name.
        return str(os.getuid()) if hasattr(os, "getuid") else "user"


def people_of_server(
    environment: Mapping[str, str],
    identity_provider: Any,
    *,
    trust_usernames: bool = False,
    teachers: tuple[str, ...] = (),
    admins: tuple[str, ...] = (),
) -> People:
    """Return who people are on a server, from its environment and its login.

    Whose server it is on a hub is a student there, like everybody. Without a login, as in a
    command, there is the owner alone.
    """
    hub_user = environment.get("JUPYTERHUB_USER", "")
    on_hub = bool(hub_user or environment.get("JUPYTERHUB_API_TOKEN"))
    named = identity_provider is not None and not _invents_names(identity_provider)
    names = trust_usernames or named
    return People(
        hub_user or unix_user(),
        alone=not on_hub and not names,
        teachers=teachers,
        admins=admins,
    )


def identity_of(handler: Any, *, trust_usernames: bool = False) -> Identity:
    """Return who sends a request: the hub's user, a named user of an identity provider, else the
    user of the server.

    With token authentication Jupyter invents a name for each browser; that name is no person.
    """
    user = getattr(handler, "current_user", None)
    hub_user = getattr(user, "hub_user", None)
    if isinstance(hub_user, dict) and isinstance(hub_user.get("name"), str):
        groups = _texts(hub_user.get("groups"))
        return Identity(str(hub_user["name"]), True, groups, _role_on_hub(hub_user))
    name = getattr(user, "username", None) or getattr(user, "name", None)
    if not name or (
        _invents_names(getattr(handler, "identity_provider", None)) and not trust_usernames
    ):
        return Identity(unix_user())
    return Identity(str(name), True)


def person_of(handler: Any) -> str:
    """Return the name of who sends a request, see `identity_of`."""
    return identity_of(handler).person


class Callers:
    """Name who sends a request, and let `people` remember them for the doors."""

    def __init__(self, people: People, *, trust_usernames: bool = False) -> None:
        self._people = people
        self._trust_usernames = trust_usernames

    def __call__(self, handler: Any) -> str:
        """Return the person; without a request, as when a kernel restarts, the server's owner."""
        if handler is not None:
            identity = identity_of(handler, trust_usernames=self._trust_usernames)
            if identity.named:
                return self._people.meet(identity)
        return self._people.owner or unix_user()


def _invents_names(identity_provider: Any) -> bool:
    return type(identity_provider).__module__.startswith(_OWN)


def _role_on_hub(hub_user: Mapping[str, Any]) -> Role:
    scopes = _texts(hub_user.get("scopes"))
    if hub_user.get("admin") is True or HUB_ADMIN in scopes:
        return "admin"
    return "teacher" if HUB_TEACHER in scopes else "student"


def _texts(value: Any) -> frozenset[str]:
    found = value if isinstance(value, (list, tuple, set, frozenset)) else ()
    return frozenset(one for one in found if isinstance(one, str))
