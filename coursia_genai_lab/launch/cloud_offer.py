"""What a launch is told of clouds: who draws while its services cannot, and the offer to agree."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ..errors import NotAllowed
from ..lab.charge import MICROUSD_A_CENT
from ..lab.cloud_questions import CLOUD, Ask, CloudQuestions
from ..lab.fallback import Cause, cause, decide
from ..lab.lab import Lab
from ..lab.routing import DEMO, PASSING
from ..lab.stand_ins import CloudName, StandIns
from ..wire.consents import ConsentNeeded
from ..wire.policy import Fallback, Mode
from ..wire.problems import Problem
from .raw_calls import no_cloud_for

ON_ITS_WAY = frozenset({"building", "pulling", "starting"})


class CloudOffers:
    """Look at services, keys and policy anew at each call."""

    def __init__(self, lab: Lab, questions: CloudQuestions | None = None) -> None:
        """Without `questions` nothing is offered: nobody could agree."""
        self._lab = lab
        self._questions = questions
        self._stand_ins = StandIns(lab.catalog, lab.clouds)

    def genai_mode(
        self,
        services: Sequence[str],
        mode: Mode | None,
        word: Fallback | None,
        person: str,
        raw: Collection[str] = (),
    ) -> tuple[str | None, str | None]:
        """Return GENAI_MODE and FALLBACK_REASON for a kernel; (None, None) injects nothing.

        `raw` are the services that the notebook calls in a dialect that no cloud speaks.
        """
        said, reason = self._lab.genai_mode(services, mode)
        asked = [name for name in services if name in self._lab.catalog and name != DEMO]
        if said != "local" or self._lab.policy.effective(mode) != "auto" or not asked:
            return said, reason
        local = [name for name in asked if self._lab.catalog[name].kind == "local"]
        if not local:
            keys = all(map(self._lab.clouds.has_key, asked))
            return ("cloud" if keys else said), reason
        whys = [self._away(name) for name in local]
        if raw:
            return said, reason
        if all(
            why is not None and self._stands_in(name, why, mode, word, person) is not None
            for name, why in zip(local, whys, strict=True)
        ):
            return "cloud", next(why.code for why in whys if why is not None)
        return said, reason

    def of(
        self,
        services: Sequence[str],
        *,
        mode: Mode | None,
        word: Fallback | None,
        person: str,
        path: str,
        raw: Collection[str] = (),
    ) -> tuple[ConsentNeeded | None, Problem | None]:
        """Return the cloud that could draw while a service is not to be had; None: none may.

        What draws already, for its person has agreed, is `given`. Where there is one, and only
        `raw` services are not to be had, the second says why it is not offered.
        """
        refused: Problem | None = None
        if self._questions is None:
            return None, None
        for name in services:
            why = self._away(name) or self._awaited(name, mode)
            found = None if why is None else self._stands_in(name, why, mode, word, person)
            if found is None or why is None:
                continue
            if name not in raw:
                return self._shown(name, found, why, person, path, word), None
            refused = refused or no_cloud_for(self._lab.catalog[name])
        return None, refused

    # -- inner workings ------------------------------------------------------------------------

    def _shown(
        self,
        service: str,
        cloud: CloudName,
        why: Cause,
        person: str,
        path: str,
        word: Fallback | None,
    ) -> ConsentNeeded:
        assert self._questions is not None
        drawing = self._drawing(service, cloud, person)
        shown = self._questions.shown(
            Ask(
                person,
                CLOUD,
                cloud.service,
                model=", ".join(drawing),
                reason=why.problem,
                price_cents=_most(drawing.values()),
                services=(service,),
                path=path,
            )
        )
        # Where policy takes clouds, nobody is to be asked.
        by_policy = self._lab.policy.fallback(word) == "auto"
        return shown.model_copy(update={"given": shown.given or by_policy})

    def _drawing(self, service: str, cloud: CloudName, person: str) -> dict[str, float | None]:
        """Return every model of the provider that calls may come to use, with its price in cents.

        A call that names no model draws with the best of all services; agreeing covers it too.
        """
        every = [spec for spec in self._lab.catalog.values() if spec.kind == "local"]
        found = {cloud.name: cloud}
        best = sorted((-one.rank, one.id, spec.name) for spec in every for one in spec.models)
        unnamed = next(
            filter(None, (self._allowed(name, one, person) for _, one, name in best)), None
        )
        named = [
            self._allowed(service, one.id, person) for one in self._lab.catalog[service].models
        ]
        found |= {one.name: one for one in (*named, unnamed) if one is not None}
        live = self._lab.clouds.models(cloud.service) or {}
        return {
            name: None
            if (known := live.get(one.model)) is None or known.microusd is None
            else known.microusd / MICROUSD_A_CENT
            for name, one in found.items()
            if one.service == cloud.service
        }

    def _allowed(self, service: str, model: str, person: str) -> CloudName | None:
        """Return who would draw a model of a service; None where nobody may."""
        allows = self._lab.policy.allows_model
        found = self._stand_ins.of(service, model)
        return next((one for one in found if allows(person, one.name)), None)

    def _away(self, service: str) -> Cause | None:
        """Return why a local service cannot draw; None where it can, or nobody has looked."""
        spec = self._lab.catalog[service]
        if spec.kind != "local" or spec.name == DEMO:
            return None
        cell, problem = self._lab.service(service), self._lab.survey.problems.get(service)
        if cell.state == "failed":
            return cause("local_died", spec.title)
        hindered = problem is not None and problem.code not in PASSING
        if hindered and cell.instance is None:
            return cause("local_unavailable", spec.title)
        return None

    def _awaited(self, service: str, mode: Mode | None) -> Cause | None:
        spec = self._lab.catalog[service]
        if spec.kind != "local":
            return None
        if self._lab.policy.effective(mode) == "cloud":
            return cause("mode_cloud", spec.title)
        on_its_way = self._lab.service(service).state in ON_ITS_WAY
        return cause("local_not_ready", spec.title) if on_its_way else None

    def _stands_in(
        self,
        service: str,
        why: Cause,
        mode: Mode | None,
        word: Fallback | None,
        person: str,
    ) -> CloudName | None:
        policy = self._lab.policy
        models = sorted(self._lab.catalog[service].models, key=lambda one: -one.rank)
        names = [one for model in models for one in self._stand_ins.of(service, model.id)]
        for one in names or self._stand_ins.of(service):
            try:
                policy.refuse_model(person, one.name)
            except NotAllowed:
                continue
            step = decide(policy.fallback(word), policy.effective(mode), why, stand_in=True)
            return None if step == "local" else one
        return None


def _most(prices: Iterable[float | None]) -> float | None:
    """Return the highest price; None where one of them is not known."""
    known = list(prices)
    return None if None in known else max(filter(None, known), default=0.0)
