"""Weigh the signs of a notebook: which services it needs, of which type it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..catalog import ServiceSpec
from ..wire.notebooks import NotebookType
from .optional import find_optional
from .signs import Sign, Way

LEAST_STUDY_CALLS = 2
_PROBES = 2

Group = tuple[str, ...]
"""Services that a sign may mean: of one dialect, or one alone."""


@dataclass(frozen=True)
class Finding:
    """What the signs come to."""

    services: tuple[str, ...] = ()
    """Those that are required first."""
    type: NotebookType = "CLASSIC"
    signs: tuple[tuple[str, Sign], ...] = ()
    """(service, sign), those that decided first."""
    decided: tuple[tuple[str, Sign], ...] = ()
    """(service, sign) of the work that is sent."""
    optional: Mapping[str, Way] = field(default_factory=dict)
    """Service without which the notebook still runs -> why."""
    chosen: Mapping[Group, str] = field(default_factory=dict)
    """Which service of a group is meant."""
    literal: tuple[tuple[str, Sign], ...] = ()


@dataclass(frozen=True)
class CodeReading:
    """What the code of a notebook shows."""

    finding: Finding
    touches: Mapping[int, Collection[Group]] = field(default_factory=dict)
    """Cell -> services that it uses, also through a function."""
    studies: Collection[int] = ()
    note: str = ""


def weigh(
    signs: Sequence[Sign],
    specs: Mapping[str, ServiceSpec],
    *,
    studies: Mapping[int, Sequence[int]],
    handled: Collection[int] = (),
    starts_own_server: bool = False,
) -> Finding:
    """Return the finding for a notebook.

    `studies` maps a cell to [calls of data libraries, those that begin a study]; `handled` are
    the cells that use a service through a function or work on its answers. A notebook
    that starts its own image server reaches that one by its fixed address: it needs no other.
    What a switch turns off counts beside something that runs; alone it is nothing, for what the
    notebook's author has turned off needs no service.
    """
    running = [sign for sign in signs if not sign.has_way("off")]
    claims = _claims(running, specs, starts_own_server=starts_own_server)
    if not claims:
        return Finding()
    asleep = _claims(
        [sign for sign in signs if sign.has_way("off")], specs, starts_own_server=starts_own_server
    )
    everything = [*claims, *asleep]
    chosen = {s.services: _choose(s.services, signs, specs) for s in everything}
    _prefer_chosen(chosen)
    decided = [(chosen[sign.services], sign) for sign in everything]
    optional = find_optional(decided)
    services = dict.fromkeys(service for service, _ in decided)
    live = [(chosen[sign.services], sign) for sign in claims]
    return Finding(
        services=tuple(sorted(services, key=lambda service: service in optional)),
        type=_type(live, running, studies, handled),
        signs=(*decided, *_supporting(decided, signs)),
        decided=tuple(decided),
        optional=optional,
        chosen=chosen,
        literal=tuple(
            (service, sign)
            for service, sign in decided
            if sign.address == "local" and specs[service].kind == "local"
        ),
    )


def _claims(
    signs: Sequence[Sign], specs: Mapping[str, ServiceSpec], *, starts_own_server: bool
) -> list[Sign]:
    work = [sign for sign in signs if sign.work and _is_supported(sign, signs)]
    if starts_own_server:
        work = [s for s in work if s.address not in {"local"} or _is_cloud(s, specs)]
    return work or _connection(signs)


def _is_cloud(sign: Sign, specs: Mapping[str, ServiceSpec]) -> bool:
    return all(specs[name].kind == "cloud" for name in sign.services)


def _is_supported(sign: Sign, signs: Sequence[Sign]) -> bool:
    if not sign.needs_support:
        return True
    return any(
        other.rule != sign.rule and set(other.services) & set(sign.services) for other in signs
    )


def _connection(signs: Sequence[Sign]) -> list[Sign]:
    # Nothing is sent, but two different routes of one dialect are asked, by something that also
    # names the service: a notebook about the connection itself.
    probes = [sign for sign in signs if sign.rule.startswith("route:") and not sign.needs_support]
    by_group: dict[tuple[str, ...], set[str]] = {}
    for sign in probes:
        by_group.setdefault(sign.services, set()).add(sign.rule)
    groups = {group for group, rules in by_group.items() if len(rules) >= _PROBES}
    named = {
        group
        for group in groups
        for sign in signs
        if not sign.rule.startswith("route:") and set(sign.services) & set(group)
    }
    return [replace(sign, work=True) for sign in probes if sign.services in named]


def _choose(group: tuple[str, ...], signs: Sequence[Sign], specs: Mapping[str, ServiceSpec]) -> str:
    """Return which of several services of one dialect is meant."""
    if len(group) == 1:
        return group[0]
    votes = Counter(
        sign.services[0]
        for sign in signs
        if len(sign.services) == 1
        and sign.services[0] in group
        and not sign.rule.startswith("node:")
    )
    if votes:
        best = max(votes.values())
        return min(name for name, count in votes.items() if count == best)
    # Nothing speaks for one: the plain service, named after its dialect.
    return next((name for name in group if specs[name].dialect == name), group[0])


def _prefer_chosen(chosen: dict[tuple[str, ...], str]) -> None:
    # One dialect is one server: a group that overlaps an earlier choice follows it.
    for group in sorted(chosen, key=len):
        for other, service in chosen.items():
            if service in group and set(other) < set(group):
                chosen[group] = service


def _supporting(
    decided: Sequence[tuple[str, Sign]], signs: Sequence[Sign]
) -> list[tuple[str, Sign]]:
    services = dict.fromkeys(service for service, _ in decided)
    shown = {(sign.cell, sign.line, sign.rule) for _, sign in decided}
    found = []
    for sign in signs:
        place = (sign.cell, sign.line, sign.rule)
        named = [service for service in services if service in sign.services]
        if not sign.work and named and place not in shown:
            shown.add(place)
            found.append((named[0], sign))
    return found


def _type(
    decided: Sequence[tuple[str, Sign]],
    signs: Sequence[Sign],
    studies: Mapping[int, Sequence[int]],
    handled: Collection[int],
) -> NotebookType:
    busy = {sign.cell for _, sign in decided} | {sign.cell for sign in signs if sign.graph}
    busy.update(handled)
    if any(
        calls >= LEAST_STUDY_CALLS and starts
        for cell, (calls, starts) in studies.items()
        if cell not in busy
    ):
        return "HYBRID"
    plain = [pair for pair in decided if not pair[1].has_way("setting")] or decided
    services = {service for service, _ in plain}
    claimed = [sign for _, sign in plain]
    graph = any(sign.graph for sign in signs)
    chain = any(sign.edits for sign in claimed) and any(not sign.edits for sign in claimed)
    return "GENAI_ADVANCED" if graph or chain or len(services) > 1 else "GENAI_BASIC"
