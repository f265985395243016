"""Which quotas and caps concern a person's work with a provider."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..wire.policy import Quota, Scope, Window
from .charge import MICROUSD_A_CENT, Limit
from .rules import EVERY, Rules

_LARGEST = 2**62
"""What databases count up to, and more than anybody has."""


def limits_of(
    rules: Iterable[Rules], person: str, groups: Collection[str], provider: str
) -> list[Limit]:
    """Return the limits of every source; all of them hold at a time.

    `provider` is empty for work that nobody is paid for.
    """
    found: list[Limit] = []
    caps: list[float] = []
    for one in rules:
        for quota in quotas_of(one.quotas, person, groups, provider):
            found.append(_limit(quota))
        caps += [one.daily_cents[name] for name in (EVERY, provider) if name in one.daily_cents]
    if provider and caps:
        # What is no number is no permission.
        cap = min(cents if cents >= 0 else 0.0 for cents in caps)
        found.append(Limit("provider", provider, "day", microusd=_microusd(cap)))
    return [limit for limit in found if _says_something(limit)]


def quotas_of(
    quotas: Iterable[Quota], person: str, groups: Collection[str], provider: str
) -> list[Quota]:
    """Return the quotas that concern somebody, under the names by which they count.

    One that names the person, or else a group `@name` of theirs, stands in the place of `*`.
    """
    chosen: dict[tuple[Scope, str, Window], tuple[int, Quota]] = {}
    for quota in quotas:
        for rank, name in _whose(quota, person, groups, provider):
            key = (quota.scope, name, quota.window)
            named = quota.model_copy(update={"name": name})
            if key not in chosen or rank > chosen[key][0]:
                chosen[key] = (rank, named)
            elif rank == chosen[key][0]:
                chosen[key] = (rank, _tighter(chosen[key][1], named))
    return [quota for _, quota in chosen.values()]


def _whose(
    quota: Quota, person: str, groups: Collection[str], provider: str
) -> list[tuple[int, str]]:
    """Return how exactly a quota names whom it concerns, and their name; [] for others."""
    if quota.scope == "course":
        return [(0, "")]
    if quota.scope == "group":
        return [
            (2 if quota.name == group else 0, group)
            for group in sorted(groups)
            if quota.name in (group, EVERY)
        ]
    mine = provider if quota.scope == "provider" else person
    if quota.scope == "person" and quota.name.startswith("@"):
        return [(1, mine)] if quota.name[1:] in groups else []
    if quota.name == mine and mine not in ("", EVERY):
        return [(2, mine)]
    return [(0, mine)] if quota.name == EVERY and mine else []


def _tighter(one: Quota, other: Quota) -> Quota:
    # Two of one name for one window: both hold.
    def least(field: str) -> float | None:
        said = [getattr(quota, field) for quota in (one, other)]
        return min((value for value in said if value is not None), default=None)

    return one.model_copy(
        update={field: least(field) for field in ("pictures", "gpu_seconds", "cents")}
    )


def _limit(quota: Quota) -> Limit:
    return Limit(
        scope=quota.scope,
        name=quota.name,
        window=quota.window,
        pictures=quota.pictures,
        gpu_seconds=quota.gpu_seconds,
        microusd=None if quota.cents is None else _microusd(quota.cents),
    )


def _microusd(cents: float) -> int:
    return int(min(cents * MICROUSD_A_CENT, _LARGEST))


def _says_something(limit: Limit) -> bool:
    return not (limit.pictures is limit.gpu_seconds is limit.microusd is None)
