"""Which services of a launch are not started: those that wait for a consent, and optional ones.

**Who attacks.** The author of a notebook, who wants that opening it pulls an image, evicts what
others use or spends money. What the code calls stands before the reader's eyes and asks nothing;
metadata does not, so for what only metadata names the person is asked, and the answer is kept for
them, the path and the wording.

**What a consent does not stop.** Code that the person runs acts as the person: it may read
Jupyter's own token, and a page's script that the person trusts may call this API, so both could
press the button, or start the service directly. The same holds for the profile that a page posts
when GenAI is enabled by hand: only an authenticated page can post it. Even so the page's word is
only added to what the saved file says, never put in its place: a page that leaves the metadata's
services out of `widened` is not believed while the file names them there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ..errors import NotAllowed
from ..lab.consents import Consent, Consents, Widening
from ..lab.lab import Lab
from ..wire.consents import ConsentNeeded
from ..wire.notebooks import Profile
from ..wire.policy import Mode

DEMO = "demo"


def widening_of(profile: Profile, path: str, real_path: str | None = None) -> Widening | None:
    """Return what the metadata of a notebook asks for beyond its code; None for nothing."""
    if not profile.widened:
        return None
    return Widening(path, profile.metadata_digest, tuple(profile.widened), real_path)


def limited(widenings: Iterable[Widening], services: Sequence[str]) -> tuple[Widening, ...]:
    """Return the widenings reduced to these services, empty ones left out."""
    reduced = (
        replace(one, services=tuple(name for name in one.services if name in services))
        for one in widenings
    )
    return tuple(one for one in reduced if one.services)


class Withholding:
    """Say, at any moment, what one launch may not start. Asks the Lab and the consents anew."""

    def __init__(
        self,
        lab: Lab,
        consents: Consents,
        *,
        person: str,
        mode: Mode | None,
        widenings: tuple[Widening, ...],
    ) -> None:
        self._lab = lab
        self._consents = consents
        self._person = person
        self._mode = mode
        self._widenings = widenings

    def holds(self, service: str) -> bool:
        """Say whether a service waits for a consent.

        The demo engine never does, for it pulls, evicts and spends nothing; nor does what the
        mode forbids, for no consent would start it. Where several notebooks of a kernel ask for a
        service, one that is confirmed is enough.
        """
        asking = [one for one in self._widenings if service in one.services]
        if not asking or any(self._consents.given(self._person, one) for one in asking):
            return False
        backend = self._lab.backend(service, self._mode)
        if backend == DEMO or backend not in self._lab.catalog:
            return False
        try:
            self._lab.routing.refuse(self._lab.catalog[backend], self._mode)
        except NotAllowed:
            return False
        return True

    def freed_by(self, consent: Consent) -> frozenset[str]:
        """Return the services that a consent of this person is about and that wait no longer."""
        if consent.person != self._person:
            return frozenset()
        about = [one for one in self._widenings if consent.is_about(one)]
        return frozenset(name for one in about for name in one.services if not self.holds(name))

    def needed(self, services: Iterable[str]) -> ConsentNeeded | None:
        """Return what to ask the person for now, of these services; None when nothing waits."""
        held = [name for name in services if self.holds(name)]
        for one in self._widenings:
            waiting = [name for name in one.services if name in held]
            if waiting:
                return ConsentNeeded(path=one.path, digest=one.digest, services=waiting)
        return None
