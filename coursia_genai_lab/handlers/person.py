"""The person's role on this server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import NotAllowed
from ..wire.services import Role

if TYPE_CHECKING:
    from jupyter_server.base.handlers import JupyterHandler


def role_of(handler: JupyterHandler) -> Role:
    """Return the caller's role; embedded and alone, everybody is admin of the own machine."""
    return "admin"


def need_admin(role: Role, wish: str) -> None:
    """Raise NotAllowed where a wish is only an admin's to have; `wish` as in `need_role`."""
    if role != "admin":
        raise NotAllowed(
            f"{wish} is for those who administer this server.",
            "Ask one of them.",
            code="role_needed",
        )


def need_role(role: Role, wish: str) -> None:
    """Raise NotAllowed where a wish is a teacher's or an admin's to have.

    `wish` begins the sentence: "Keeping a service".
    """
    if role == "student":
        raise NotAllowed(
            f"{wish} is for teachers and those who administer this server.",
            "Ask one of them.",
            code="role_needed",
        )
