"""What a person confirms: more than a notebook's code shows, and what goes to a provider."""

from __future__ import annotations

import asyncio

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import Conflict, NotFound
from ..lab.cloud_questions import CLOUD, CLOUD_KINDS, Ask
from ..lab.consents import METADATA, Widening
from ..launch.resolve import Claim, Resolver
from ..launch.withholding import widening_of
from ..wire.consents import ConsentGiven, ConsentList, ConsentNeeded, ConsentRequest
from ..wire.notebooks import Profile
from .base import LabHandler
from .notebooks import clean_path


class ConsentsHandler(LabHandler):
    """GET consents, POST consents, DELETE consents?path= or ?provider=."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """List the caller's consents; with `path`, also what that notebook asks for.

        With `provider` and `kind` (`cloud`, unless it is said), the terms of that provider.
        """
        path = clean_path(self.get_query_argument("path", ""))
        provider = self.get_query_argument("provider", "")
        asked = await self._asked(path) if path else self._terms(provider) if provider else None
        questions = self.parts.cloud_questions.open(self.person)
        self.answer(ConsentList(consents=self._mine(), asked=asked, questions=questions))

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Keep a consent: 201, or 200 when it was given before."""
        wish = self.body_as(ConsentRequest)
        if wish.kind != METADATA:
            self._agree(wish)
            return
        path = clean_path(wish.path)
        profile, _ = await self._profile(path)
        if not wish.digest or wish.digest != profile.metadata_digest:
            raise Conflict(
                "The notebook's GenAI metadata is not what was shown.",
                "Save the notebook and restart its kernel, or enable GenAI for it again: it then "
                "asks for what is saved.",
                code="digest_changed",
            )
        new = self.parts.consents.give(self.person, path, wish.digest)
        if new:
            self.parts.audit.note(self.person, "consent", path, "metadata: given")
        kept = ConsentNeeded(path=path, digest=wish.digest, services=profile.widened, given=True)
        self.answer(kept, 201 if new else 200)

    @web.authenticated
    @authorized
    async def delete(self) -> None:
        """Withdraw every consent of the caller for a notebook or a provider; what runs goes on.

        Of a provider it also answers what is asked now: with no. `kind` narrows it to one kind.
        """
        provider = self.get_query_argument("provider", "")
        if provider:
            self._take_back(provider)
            return
        path = clean_path(self.get_query_argument("path"))
        if not self.parts.consents.withdraw(self.person, path):
            raise NotFound(
                f"You have confirmed nothing for {path!r}.", "Look at GET consents first."
            )
        self.answer(ConsentList(consents=self._mine()))

    def _mine(self) -> list[ConsentGiven]:
        given = self.parts.consents.of(self.person)
        return [
            ConsentGiven(
                kind=one.kind,
                path=one.subject if one.kind == METADATA else "",
                provider="" if one.kind == METADATA else one.subject,
                digest=one.digest,
                since=one.since,
            )
            for one in given
        ]

    def _agree(self, wish: ConsentRequest) -> None:
        questions = self.parts.cloud_questions
        new = questions.give(self.person, wish.kind, wish.provider, wish.digest)
        if new:
            self.parts.audit.note(self.person, "consent", wish.provider, f"{wish.kind}: given")
        asked = Ask(self.person, wish.kind, wish.provider)
        self.answer(questions.shown(asked), 201 if new else 200)

    def _terms(self, provider: str) -> ConsentNeeded:
        kind = self.get_query_argument("kind", CLOUD)
        return self.parts.cloud_questions.terms(
            self.person, next((one for one in CLOUD_KINDS if one == kind), CLOUD), provider
        )

    def _take_back(self, provider: str) -> None:
        kind = self.get_query_argument("kind", "")
        kinds = [one for one in CLOUD_KINDS if kind in ("", one)]
        if not self.parts.cloud_questions.withdraw(self.person, provider, kinds):
            raise NotFound(
                f"You have confirmed nothing for {provider[:100]!r}.", "Look at GET consents first."
            )
        self.parts.audit.note(self.person, "consent", provider, "withdrawn")
        self.answer(ConsentList(consents=self._mine()))

    async def _asked(self, path: str) -> ConsentNeeded | None:
        consents = self.parts.consents
        _, widening = await self._profile(path)
        if widening is None or consents.trusts(widening.real_path or path):
            return None
        return ConsentNeeded(
            path=path,
            digest=widening.digest,
            services=list(widening.services),
            given=consents.given(self.person, widening),
        )

    async def _profile(self, path: str) -> tuple[Profile, Widening | None]:
        """Return the profile of a notebook as it is saved, and what its metadata widens.

        Raises:
            NotFound: there is no such notebook under the root.
        """
        parts = self.parts
        absent = NotFound(
            f"There is no notebook {path[:200]!r}.",
            "Refresh the file browser; after a new name restart the notebook's kernel.",
        )
        if parts.contents is not None:
            profile = await parts.contents.get(path)
            if profile.unreadable:
                raise absent
            return profile, widening_of(profile, path)
        located = await asyncio.to_thread(Resolver(root_dir=parts.root).locate, [Claim(path)])
        if not located:
            raise absent
        file = located[0].file
        profile = await asyncio.to_thread(parts.profiles.get, file, api_path=path)
        return profile, widening_of(profile, path, file.relative_to(parts.root).as_posix())
