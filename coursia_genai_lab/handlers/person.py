"""What only some roles may wish."""

from __future__ import annotations

from ..errors import NotAllowed
from ..wire.services import Role


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
