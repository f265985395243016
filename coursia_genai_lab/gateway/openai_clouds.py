"""Models that providers draw: what they are called, what they cost, whether they may be asked."""

from __future__ import annotations

from collections.abc import Iterator

from ..catalog.retired import Today, utc_today
from ..errors import NotAllowed
from ..lab.charge import MICROUSD_A_CENT
from ..lab.routing import DEMO
from ..lab.stand_ins import CloudName, StandIns, model_of
from ..wire.images import ModelInfo
from ..wire.policy import Fallback, Mode
from .needs import LabView

GONE = "{title} does not offer it any more."
ASKED = ("auto", "cloud")
"""Modes in which providers are asked."""


class CloudModels:
    """Read catalogue, keys, mode and policy anew at each call."""

    def __init__(self, lab: LabView, today: Today = utc_today) -> None:
        self._lab = lab
        self.stand_ins = StandIns(lab.catalog, lab.clouds, today)

    def named(self, name: str, mode: Mode | None) -> CloudName | None:
        """Return what a name means to a provider; None where none has it, or demo stands in."""
        found = self.stand_ins.named(name)
        drawn_here = found is None or self._lab.backend(found.service, mode) == DEMO
        return None if drawn_here else found

    def listed(self, service: str, mode: Mode | None, person: str) -> list[ModelInfo]:
        """Return a provider's models; where demo stands in, those of the catalogue."""
        spec = self._lab.catalog[service]
        demo = self._lab.backend(service, mode) == DEMO
        offered = self.stand_ins.offered(service)
        kept = [one for one in offered if not demo or model_of(spec, one) is not None]
        return [self._info(one, mode, person, demo=demo) for one in kept]

    def instead(
        self, info: ModelInfo, mode: Mode | None, person: str, word: Fallback | None
    ) -> ModelInfo:
        """Return a local model that cannot be drawn here as it is drawn by a provider meanwhile.

        Unchanged where none may, or it can be had.
        """
        if info.available or info.demo or not self.asked(mode, word):
            return info
        found = next(iter(self.allowed(self.stand_ins.of(info.service, info.id), person)), None)
        if found is None:
            return info
        return info.model_copy(
            update={
                "available": True,
                "reason": "",
                "cloud": True,
                "price_cents": self.price(found),
            }
        )

    def asked(self, mode: Mode | None, word: Fallback | None) -> bool:
        """Say whether providers may draw in place of what is local."""
        effective = self._lab.policy.effective(mode)
        return effective == "cloud" or (
            effective == "auto" and self._lab.policy.fallback(word) != "never"
        )

    def allowed(self, names: list[CloudName], person: str) -> Iterator[CloudName]:
        """Give those that a person's role may use."""
        for one in names:
            try:
                self._lab.policy.refuse_model(person, one.name)
            except NotAllowed:
                continue
            yield one

    def any(self, person: str) -> list[CloudName]:
        """Return the best model of each provider that has a key."""
        clouds = self._lab.clouds
        able = (one for one in clouds.names if clouds.has_key(one))
        first = (next(iter(self.stand_ins.offered(service)), None) for service in able)
        return list(self.allowed([one for one in first if one is not None], person))

    def price(self, name: CloudName) -> float | None:
        """Return the US cents that a picture of usual size costs at most; None: not known yet."""
        live = (self._lab.clouds.models(name.service) or {}).get(name.model)
        return None if live is None or live.microusd is None else live.microusd / MICROUSD_A_CENT

    def _info(self, name: CloudName, mode: Mode | None, person: str, *, demo: bool) -> ModelInfo:
        spec = self._lab.catalog[name.service]
        live = (self._lab.clouds.models(name.service) or {}).get(name.model)
        known = model_of(spec, name)
        title = known.title if known else live.title if live else name.model
        reason = "" if demo else self._reason(name, mode, person)
        return ModelInfo(
            id=name.name,
            title=title,
            service=name.service,
            available=not reason,
            reason=reason,
            demo=demo,
            cloud=not demo,
            price_cents=0.0 if demo else self.price(name),
            edits=None if live is None else live.edits,
        )

    def _reason(self, name: CloudName, mode: Mode | None, person: str) -> str:
        effective = self._lab.policy.effective(mode)
        if effective == "off":
            return "GenAI is switched off on this server."
        if effective not in ASKED:
            return f"The mode is {effective}: clouds are not asked."
        problem = self._lab.clouds.problem(name.service)
        if problem is not None:
            return f"{problem.message} {problem.remedy}".strip()
        live = self._lab.clouds.models(name.service)
        if live and name.model not in live:
            return GONE.format(title=self._lab.catalog[name.service].title)
        try:
            self._lab.policy.refuse_model(person, name.name)
        except NotAllowed as error:
            return f"{error.message} {error.remedy}".strip()
        return ""
