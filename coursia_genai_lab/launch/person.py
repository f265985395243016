"""Who is asking, resolved in one place for launches and for the REST API."""

from __future__ import annotations

import getpass
import os
from typing import Any


def unix_user() -> str:
    """Return the name of the Unix user that runs this server, its number if it has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's uid often has no name.
        return str(os.getuid()) if hasattr(os, "getuid") else "user"


def person_of(handler: Any) -> str:
    """Return who sends a request: the hub user, a named user of an identity provider, else the
    Unix user.

    With token authentication Jupyter invents a name for each browser; that name is no person.
    """
    user = getattr(handler, "current_user", None)
    hub_user = getattr(user, "hub_user", None)
    if isinstance(hub_user, dict) and isinstance(hub_user.get("name"), str):
        return str(hub_user["name"])
    provider = type(getattr(handler, "identity_provider", None))
    invented = provider.__module__.startswith("jupyter_server.")
    name = getattr(user, "username", None) or getattr(user, "name", None)
    return str(name) if name and not invented else unix_user()
