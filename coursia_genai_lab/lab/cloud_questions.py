"""What people are asked before anything of theirs goes to a provider, and who waits for it.

Asked is once a person and wording of a provider's terms: where prompts go, and separately whether
pictures of one's own may go there. A call waits for the answer; a question that nobody answered
in time stays open for a while, so that the next call need not wait.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from ..catalog.spec import ServiceSpec
from ..errors import Conflict, ConsentMissing, NotFound
from ..wire.consents import ConsentKind, ConsentNeeded
from ..wire.problems import Problem
from .consents import Consent, Consents

CLOUD: ConsentKind = "cloud"
UPLOAD: ConsentKind = "upload"
CLOUD_KINDS: tuple[ConsentKind, ...] = (CLOUD, UPLOAD)
OPEN_SECONDS = 900.0
"""How long a question that no call waits for any more is still shown."""
MOST_OPEN = 500


def terms_digest(spec: ServiceSpec) -> str:
    """Return the SHA-256 of a provider's terms as people are shown them, prices left out."""
    cloud = spec.cloud
    terms = [] if cloud is None else [str(cloud.url), cloud.data, str(cloud.policy_url or "")]
    return hashlib.sha256(json.dumps([spec.name, *terms]).encode()).hexdigest()


@dataclass(frozen=True)
class Ask:
    """One thing that a person is asked before a call goes on."""

    person: str
    kind: ConsentKind
    provider: str
    """The service of the catalogue."""
    model: str = ""
    """As callers name it."""
    reason: Problem | None = None
    """Why the provider is asked; None: it was called by its name."""
    price_cents: float | None = None
    services: tuple[str, ...] = ()
    """What it would stand in for."""
    path: str = ""


@dataclass
class _Open:
    ask: Ask
    at: float
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: int = 0
    declined: bool = False


class CloudQuestions:
    """Ask, and let calls wait for the answer. `changed` is called when what is asked changes.

    `clock` is monotonic seconds.
    """

    def __init__(
        self,
        catalog: Mapping[str, ServiceSpec],
        consents: Consents,
        *,
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = catalog
        self._consents = consents
        self._changed = changed
        self._clock = clock
        self._open: dict[tuple[str, ConsentKind, str], _Open] = {}
        consents.listen(self._heard)

    def given(self, person: str, kind: ConsentKind, provider: str) -> bool:
        """Say whether a person has agreed to a provider's terms as they are now."""
        return self._consents.has(person, provider, terms_digest(self._catalog[provider]), kind)

    def give(self, person: str, kind: ConsentKind, provider: str, digest: str) -> bool:
        """Keep a person's agreement; return whether it is a new one.

        Raises:
            NotFound: there is no such provider.
            Conflict: its terms are not what was shown.
        """
        spec = self._provider(provider)
        if kind not in CLOUD_KINDS:
            raise NotFound(f"A provider is not asked for {kind}.", "Look at its card again.")
        if digest != terms_digest(spec):
            raise Conflict(
                f"The terms of {spec.title} are not what was shown.",
                "Read what the panel shows now, and confirm that.",
                code="digest_changed",
            )
        return self._consents.give(person, provider, digest, kind)

    def withdraw(
        self, person: str, provider: str, kinds: Collection[ConsentKind] = CLOUD_KINDS
    ) -> int:
        """Take agreements back, and answer open questions with no; return how many there were."""
        declined = [
            one
            for key, one in self._open.items()
            if key[0] == person and key[1] in kinds and key[2] == provider
        ]
        for one in declined:
            one.declined = True
            one.answered.set()
            self._drop(one)
        return self._consents.withdraw(person, provider, kinds) + len(declined)

    def terms(self, person: str, kind: ConsentKind, provider: str) -> ConsentNeeded:
        """Return a provider's terms as a person would be asked to agree to them.

        Raises:
            NotFound: there is no such provider.
        """
        self._provider(provider)
        return self.shown(Ask(person, kind, provider))

    def shown(self, ask: Ask) -> ConsentNeeded:
        """Return a question as its person sees it, asked or not."""
        spec = self._catalog[ask.provider]
        cloud = spec.cloud
        return ConsentNeeded(
            kind=ask.kind,
            path=ask.path,
            digest=terms_digest(spec),
            services=list(ask.services),
            given=self.given(ask.person, ask.kind, ask.provider),
            provider=ask.provider,
            title=spec.title,
            model=ask.model,
            reason=ask.reason,
            price_cents=ask.price_cents,
            data="" if cloud is None else cloud.data,
            policy_url="" if cloud is None else str(cloud.policy_url or ""),
        )

    def open(self, person: str) -> list[ConsentNeeded]:
        """Return what a person is asked now, the newest last."""
        self._forget_old()
        return [
            self.shown(one.ask).model_copy(update={"waiting": one.waiting})
            for key, one in self._open.items()
            if key[0] == person
        ]

    async def agreed(self, ask: Ask, seconds: float) -> None:
        """Return when a person has agreed; asks unless that is so already.

        Raises:
            ConsentMissing: not within so many seconds, or the answer is no.
        """
        if self.given(ask.person, ask.kind, ask.provider):
            return
        question = self._asked(ask)
        question.waiting += 1
        self._changed()
        waiting = asyncio.ensure_future(question.answered.wait())
        try:
            await asyncio.wait([waiting], timeout=max(0.0, seconds))
        finally:
            waiting.cancel()
            question.waiting -= 1
            question.at = self._clock()
            self._changed()
        if not self.given(ask.person, ask.kind, ask.provider):
            raise self.missing(ask, declined=question.declined)

    def missing(self, ask: Ask, *, declined: bool = True) -> ConsentMissing:
        """Return what a call hears that may not go on without an agreement."""
        title = self._catalog[ask.provider].title
        what = "your pictures" if ask.kind == UPLOAD else "your prompts"
        why = "" if ask.reason is None else f"{ask.reason.message} "
        said = "You have not allowed" if declined else "Nobody has allowed yet"
        # A question that was answered no is gone from the panel; the next call asks it anew.
        helps = (
            'Run the cell again to be asked again, and press "Allow" in the GenAI side panel.'
            if declined
            else 'Open the GenAI side panel and press "Allow" below its question, then run the '
            "cell again."
        )
        return ConsentMissing(
            f"{why}{said} that {what} go to {title}.",
            helps,
            code=f"{ask.kind}_consent_needed",
        )

    # -- inner workings ------------------------------------------------------------------------

    def _provider(self, name: str) -> ServiceSpec:
        spec = self._catalog.get(name)
        if spec is None or spec.kind != "cloud":
            raise NotFound(f"There is no provider {name[:100]!r}.", "Look at its card again.")
        return spec

    def _asked(self, ask: Ask) -> _Open:
        self._forget_old()
        key = (ask.person, ask.kind, ask.provider)
        known = self._open.get(key)
        if known is None:
            known = self._open[key] = _Open(ask, self._clock())
        else:
            # What is asked for now says more than what was asked for then.
            known.ask = ask
        return known

    def _forget_old(self) -> None:
        now = self._clock()
        idle = [one for one in self._open.values() if not one.waiting]
        crowded = len(self._open) - MOST_OPEN
        for number, one in enumerate(sorted(idle, key=lambda one: one.at)):
            if number < crowded or now - one.at > OPEN_SECONDS:
                self._drop(one)

    def _drop(self, question: _Open) -> None:
        ask = question.ask
        self._open.pop((ask.person, ask.kind, ask.provider), None)

    def _heard(self, given: Consent | None) -> None:
        for one in list(self._open.values()):
            if self.given(one.ask.person, one.ask.kind, one.ask.provider):
                one.answered.set()
                self._drop(one)
        self._changed()
