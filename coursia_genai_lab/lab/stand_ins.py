"""Which model of which provider a name means, and who may draw in place of a local service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ..catalog.load import Catalog
from ..catalog.retired import Today, retired, utc_today
from ..catalog.spec import ModelSpec, ServiceSpec
from .clouds import Clouds

_SNAPSHOT = re.compile(r"-20\d\d-\d\d-\d\d$")
PREFIXED = frozenset({"openrouter"})
"""Dialects whose models are many and anybody's: callers put the service's name before theirs."""


@dataclass(frozen=True)
class CloudName:
    """One model of one provider."""

    service: str
    """Of the provider, in the catalogue."""
    model: str
    """As the provider knows it."""
    name: str
    """As callers of the OpenAI door name it."""


def door_name(spec: ServiceSpec, model: str) -> CloudName:
    """Return a provider's model with the name that callers use."""
    name = f"{spec.name}/{model}" if spec.dialect in PREFIXED else model
    return CloudName(spec.name, model, name)


class StandIns:
    """Read names of providers' models; asks the catalogue and the clouds anew at each call.

    What its provider has withdrawn by `today` is offered no more, whatever lists still say.
    """

    def __init__(
        self,
        catalog: Catalog | Mapping[str, ServiceSpec],
        clouds: Clouds,
        today: Today = utc_today,
    ) -> None:
        self._catalog = catalog
        self._clouds = clouds
        self._today = today

    def offered(self, service: str) -> list[CloudName]:
        """Return the models of a provider: those of the catalogue, then what else it offers."""
        spec = self._catalog[service]
        ids = [model.id.removeprefix(f"{spec.name}/") for model in spec.models]
        live = self._clouds.models(service) or {}
        stays = (one for one in dict.fromkeys([*ids, *live]) if not self._gone(service, one))
        return [door_name(spec, one) for one in stays]

    def _gone(self, service: str, model: str) -> bool:
        # A list names what is withdrawn by its dated snapshots, too.
        plain = _SNAPSHOT.sub("", model)
        found = retired(plain, self._today())
        return found is not None and found.service == service

    def named(self, name: str) -> CloudName | None:
        """Return what a name means; None where no provider is known to have it.

        A provider with a prefix has whatever stands behind that: it says itself what it lacks.
        """
        for service in self._clouds.names:
            spec = self._catalog[service]
            if spec.dialect in PREFIXED and name.startswith(f"{spec.name}/"):
                return door_name(spec, name.removeprefix(f"{spec.name}/"))
        every = (one for service in self._clouds.names for one in self.offered(service))
        return next((one for one in every if one.name == name), None)

    def of(self, service: str, model: str = "", *, edit: bool = False) -> list[CloudName]:
        """Return who may draw in place of a local service's model, the best first.

        Only providers with a key; first those whose account is well.
        """
        spec = self._catalog.get(service)
        if spec is None or spec.kind != "local":
            return []
        found = [one for one in self._wanted(spec, model, edit) if self._able(one, edit)]
        found = list(dict.fromkeys(found))
        return sorted(found, key=lambda one: self._clouds.problem(one.service) is not None)

    def _wanted(self, spec: ServiceSpec, model: str, edit: bool) -> Iterator[CloudName]:
        own = next((one for one in spec.models if one.id == model), None)
        named = None if own is None or own.cloud_stand_in is None else own.cloud_stand_in
        if named is not None and (found := self.named(named)) is not None:
            yield found
        cloud = self._catalog.get(spec.cloud_stand_in or "")
        if cloud is not None and cloud.kind == "cloud":
            yield from self._best(cloud, edit)

    def _best(self, cloud: ServiceSpec, edit: bool) -> list[CloudName]:
        ranks = {
            door_name(cloud, one.id.removeprefix(f"{cloud.name}/")).model: one.rank
            for one in cloud.models
        }
        live = self._clouds.models(cloud.name) or {}

        def order(one: CloudName) -> tuple[int, float]:
            known = live.get(one.model)
            price = None if known is None else known.microusd
            return -ranks.get(one.model, 0), float("inf") if price is None else price

        able = (one for one in self.offered(cloud.name) if self._able(one, edit))
        return sorted(able, key=order)[:1]

    def _able(self, one: CloudName, edit: bool) -> bool:
        if not self._clouds.has_key(one.service):
            return False
        live = self._clouds.models(one.service)
        known = None if live is None else live.get(one.model)
        if live and known is None:
            return False
        return not edit or known is None or known.edits is not False


def model_of(spec: ServiceSpec, name: CloudName) -> ModelSpec | None:
    """Return a provider's model as the catalogue describes it; None where it does not."""
    names = (name.model, name.name)
    return next((one for one in spec.models if one.id in names), None)
