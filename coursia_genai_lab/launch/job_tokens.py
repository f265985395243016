"""Tokens for programs outside a kernel: what a launch gives, for as long as it is renewed."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Mapping

from ..catalog.load import Catalog
from ..errors import NotAllowed, NotFound, TooManyRequests
from ..wire.launches import OUTSIDE_KERNELS
from ..wire.notebooks import Profile
from ..wire.tokens import TokenGiven, TokenRenewed, TokenRequest
from .desk import LocalLaunchDesk
from .needs import narrowest
from .orders import LaunchOrder
from .variables import PROXY_EXCEPTIONS

MOST_OF_ONE = 32
"""Tokens that one person may have at a time."""


class JobTokens:
    """Give, renew and end them; the desk holds their leases, which end by themselves in time."""

    def __init__(self, desk: LocalLaunchDesk, catalog: Catalog) -> None:
        self._desk = desk
        self._catalog = catalog
        self._owners: dict[str, str] = {}
        self._giving: Counter[str] = Counter()

    async def give(self, request: TokenRequest, person: str) -> TokenGiven:
        """Claim what is asked for and return a token with its variables.

        Raises:
            NotFound: there is no such service.
            NotAllowed: the mode is off.
            TooManyRequests: the person has as many as one may have.
        """
        self._refuse_more(person)
        token_id = uuid.uuid4().hex
        order = self._order(token_id, request, person)
        self._giving[person] += 1
        try:
            grant = await self._desk.prepare(order)
        finally:
            self._giving[person] -= 1
        if not grant.variables:
            await self._desk.release(token_id)
            raise NotAllowed(grant.view.reason, "Choose another mode in the GenAI panel.")
        self._owners[token_id] = person
        return TokenGiven(
            id=token_id,
            expires_at=self._desk.hold(token_id, request.lifetime_seconds),
            variables={
                name: value
                for name, value in grant.variables.items()
                if name not in PROXY_EXCEPTIONS
            },
            launch=grant.view,
        )

    def renew(self, token_id: str, person: str, lifetime_seconds: float) -> TokenRenewed:
        """Let a token end so many seconds from now, and not before.

        Raises:
            NotFound: it has ended, or is somebody else's.
        """
        self._need_own(token_id, person)
        expires_at = self._desk.hold(token_id, lifetime_seconds)
        return TokenRenewed(id=token_id, expires_at=expires_at)

    async def end(self, token_id: str, person: str, *, anybody: bool = False) -> None:
        """End a token and its claims; `anybody` is for who may end everybody's.

        Raises:
            NotFound: it has ended, or is somebody else's.
        """
        if not anybody:
            self._need_own(token_id, person)
        elif token_id not in self._owners:
            raise _unknown()
        self._owners.pop(token_id, None)
        await self._desk.release(token_id)

    def _order(self, token_id: str, request: TokenRequest, person: str) -> LaunchOrder:
        return LaunchOrder(
            launch_id=token_id,
            kernel_id=f"{OUTSIDE_KERNELS}{token_id}",
            profile=self._profile(request),
            path=request.path or request.label,
            person=person,
            base_environment={},
            kernelspec_environment={},
            # A place is all that is told of a variable; its value stays where it is.
            dotenv=_places(request.taken),
            asked=True,
        )

    def _profile(self, request: TokenRequest) -> Profile:
        profile = request.profile or Profile()
        for name in request.services:
            if name not in self._catalog:
                raise NotFound(f"There is no service {name[:40]!r}.")
        services = list(dict.fromkeys([*profile.services, *request.services]))
        # Whoever names a service on a command line has asked for it; nobody else did.
        asked = set(request.services)
        return profile.model_copy(
            update={
                "type": "GENAI_BASIC" if profile.type == "CLASSIC" else profile.type,
                "services": services,
                "optional": [name for name in profile.optional if name not in asked],
                "widened": [name for name in profile.widened if name not in asked],
                "mode": narrowest([profile.mode, request.mode]),
            }
        )

    def _refuse_more(self, person: str) -> None:
        standing = {view.launch_id for view in self._desk.views()}
        self._owners = {one: who for one, who in self._owners.items() if one in standing}
        if list(self._owners.values()).count(person) + self._giving[person] >= MOST_OF_ONE:
            raise TooManyRequests(
                f"You have {MOST_OF_ONE} tokens already.",
                "End those that are not needed any more; each ends by itself in time.",
                code="too_many_tokens",
            )

    def _need_own(self, token_id: str, person: str) -> None:
        # Somebody else's is told apart from none to nobody.
        if self._owners.get(token_id) != person:
            raise _unknown()


def _unknown() -> NotFound:
    return NotFound("There is no such token, or it has ended.", "Ask for a new one.")


def _places(taken: Mapping[str, str]) -> Mapping[str, str]:
    return {name: place[:200] or "the program's environment" for name, place in taken.items()}
