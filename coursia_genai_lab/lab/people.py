"""Who people are: their role and their groups, as a hub, the operator and the class say."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass

from ..wire.services import Role
from .rules import Rules

REMEMBERED = 4096


@dataclass(frozen=True)
class Identity:
    """Who sent a request, as far as the server's login knows."""

    person: str
    named: bool = False
    """Whether a hub, or an identity provider that is trusted, gave the name; else it is the user
    who runs the server."""
    groups: frozenset[str] = frozenset()
    role: Role = "student"
    """What the login itself gives a right to."""


class People:
    """Answer from memory, at every request anew; the policy may change at any time.

    `owner` runs the server: the Unix user, or the hub's user whose server it is; None: whoever
    asks. `alone` says that the owner is on a machine of their own, whose admin they are then.
    """

    def __init__(
        self,
        owner: str | None = None,
        *,
        alone: bool = True,
        teachers: Collection[str] = (),
        admins: Collection[str] = (),
    ) -> None:
        self.owner = owner
        self.alone = alone
        self._teachers = frozenset(teachers)
        self._admins = frozenset(admins)
        self._class = Rules()
        self._met: OrderedDict[str, Identity] = OrderedDict()

    def meet(self, identity: Identity) -> str:
        """Remember who somebody is, for the doors, whose tokens know a name only; return it."""
        if identity.named or identity.person in self._met:
            self._met[identity.person] = identity
            self._met.move_to_end(identity.person)
            while len(self._met) > REMEMBERED:
                self._met.popitem(last=False)
        return identity.person

    def take(self, rules: Rules) -> None:
        """Learn teachers and groups of the class."""
        self._class = rules

    def role(self, person: str) -> Role:
        """Return a person's role; alone on one's own machine one is its admin."""
        met = self._met.get(person)
        named = met is not None and met.named
        # A name that somebody was given elsewhere may happen to be that of the server's user.
        if self.alone and not named and self.owner in (None, person):
            return "admin"
        given = met.role if met is not None else "student"
        own_groups = met.groups if met is not None else frozenset()
        # The class says who is in its groups, but not who administers the server.
        if given == "admin" or _named(person, own_groups, self._admins):
            return "admin"
        teachers = self._teachers | self._class.teachers
        if given == "teacher" or _named(person, self.groups(person), teachers):
            return "teacher"
        return "student"

    def groups(self, person: str) -> frozenset[str]:
        """Return the groups that a person is in, of the hub's and of the class's."""
        met = self._met.get(person)
        own = met.groups if met is not None else frozenset()
        return own | {name for name, members in self._class.groups.items() if person in members}


def _named(person: str, groups: Collection[str], names: Collection[str]) -> bool:
    # Some logins let anybody call themselves what names a group here.
    own = person in names and not person.startswith("@")
    return own or any(f"@{group}" in names for group in groups)
