"""Who is asking, resolved in one place (design, section 10)."""

from __future__ import annotations

import getpass
import os
from functools import lru_cache
from typing import TYPE_CHECKING

from ..wire.services import Role

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler


def person_of(handler: JupyterHandler) -> str:
    """Return the hub user, a trusted identity provider's name, else the server's Unix user.

    With token authentication Jupyter invents a new name for each request, so that name is none.
    """
    user = handler.current_user
    hub_user = getattr(user, "hub_user", None)
    if isinstance(hub_user, dict) and isinstance(hub_user.get("name"), str):
        return str(hub_user["name"])
    provider = type(handler.identity_provider)
    if provider.__module__.startswith("jupyter_server.") or user is None:
        return unix_user()
    return str(getattr(user, "username", "") or unix_user())


def role_of(handler: JupyterHandler) -> Role:
    """Return the caller's role; embedded and alone, everybody is admin of the own machine."""
    return "admin"


@lru_cache(maxsize=1)
def unix_user() -> str:
    """Return the name of the user that the server runs as."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's uid often has no name.
        return str(os.getuid()) if hasattr(os, "getuid") else "user"
