"""Which providers may draw in place of what cannot be had here, and what is known of that."""

from __future__ import annotations

import time
from collections.abc import Callable

from ..errors import GenAIError, NotAllowed
from ..lab.fallback import Cause, cause, cause_of, decide
from ..wire.policy import Mode
from .needs import LabView
from .openai_bill import Detour
from .openai_clouds import CloudModels
from .openai_models import Choice
from .tokens import Grant

AWAY = frozenset({"local_not_ready", "local_unavailable", "local_died"})
REMEMBERED_SECONDS = 120.0
"""How long a service that was not there in time is not waited for again: it goes on starting, and
as soon as it is there it draws again."""


class Detours:
    """Decide by mode, policy and the notebook's own word. `clock` is monotonic seconds."""

    def __init__(
        self,
        lab: LabView,
        models: CloudModels,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lab = lab
        self._models = models
        self._clock = clock
        self._away: dict[str, float] = {}

    def of(self, grant: Grant, choice: Choice, error: GenAIError, *, edit: bool) -> list[Detour]:
        """Return who may draw in place of what failed, the best first; none: the error stands."""
        spec = self._lab.catalog[choice.service]
        why = cause_of(error, spec.title)
        found = self.because(grant, choice, why, edit=edit)
        if found and why is not None and why.code in AWAY:
            self._away[choice.service] = self._clock()
        return found

    def because(
        self, grant: Grant, choice: Choice, why: Cause | None, *, edit: bool
    ) -> list[Detour]:
        """Return who may draw in place of a service for a reason; none where nobody may."""
        if choice.cloud is not None or choice.workflow is not None or why is None:
            return []
        names = self._models.stand_ins.of(choice.service, choice.model, edit=edit)
        allowed = list(self._models.allowed(names, grant.person))
        step = decide(
            self._lab.policy.fallback(grant.fallback),
            self._lab.policy.effective(grant.mode),
            why,
            stand_in=bool(allowed),
        )
        if step == "local":
            return []
        return [Detour(one, why) for one in allowed]

    def by_mode(self, grant: Grant, choice: Choice, *, edit: bool) -> list[Detour]:
        """Return who draws what is local where the mode is cloud; none in every other mode."""
        spec = self._lab.catalog[choice.service]
        if spec.kind != "local" or self._lab.policy.effective(grant.mode) != "cloud":
            return []
        return self.because(grant, choice, cause("mode_cloud", spec.title), edit=edit)

    def meanwhile(self, grant: Grant, choice: Choice, *, edit: bool) -> list[Detour]:
        """Return who draws at once where a service was not there in time a moment ago."""
        since = self._clock() - self._away.get(choice.service, float("-inf"))
        if since >= REMEMBERED_SECONDS:
            return []
        title = self._lab.catalog[choice.service].title
        return self.because(grant, choice, cause("local_not_ready", title), edit=edit)

    def is_back(self, service: str) -> None:
        """Note that a service draws again."""
        self._away.pop(service, None)


def refuse_clouds(lab: LabView, mode: Mode | None) -> None:
    """Return where the mode lets providers be asked.

    Raises:
        NotAllowed: it does not; the code names the mode.
    """
    effective = lab.policy.effective(mode)
    if effective not in ("auto", "cloud"):
        raise NotAllowed(
            f"Providers are not asked while the mode is {effective}.",
            'The GenAI panel says who set the mode, under "Mode and policy"; they can change it.',
            code=f"mode_{effective}",
        )


def own_key(lab: LabView, provider: str, grant: Grant) -> bool:
    """Say whether whoever calls a provider by name spends their own key on their own machine.

    Whom an open door lets in without a token may be any user of it.
    """
    return bool(grant.lease_id) and lab.policy.on_own_machine and lab.clouds.is_own(provider)
