"""A login as a hub's: each token is a person, whose name and rights the server believes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jupyter_server.auth.identity import IdentityProvider, User

from coursia_genai_lab.launch.person import HUB_TEACHER

PEOPLE: dict[str, dict[str, Any]] = {
    "bob": {"name": "bob", "groups": ["students"], "scopes": ["access:servers"]},
    "cyd": {"name": "cyd", "groups": ["students"]},
    "tea": {"name": "tea", "scopes": [HUB_TEACHER]},
    "ann": {"name": "ann", "admin": True},
}


@dataclass
class HubUser(User):
    """A user with what the hub says of them."""

    hub_user: dict[str, Any] = field(default_factory=dict)


class HubLogin(IdentityProvider):
    """Takes `Authorization: token NAME` for that person; other names are nobody."""

    def get_user(self, handler: Any) -> User | None:
        """Return who asks."""
        name = handler.request.headers.get("Authorization", "").removeprefix("token ")
        known = PEOPLE.get(name)
        return None if known is None else HubUser(username=name, hub_user=known)

    def is_token_authenticated(self, handler: Any) -> bool:
        """Say that no page of a browser asks."""
        return True
