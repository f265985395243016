"""Which variables a kernel gets: pure, from specs and from what the user has set.

An address and its credential are one group: if the user has set any of it, none of it is
injected, so that our token never goes to a foreign host.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ..catalog.spec import ServiceSpec

LAB_GROUPS: tuple[Mapping[str, str], ...] = (
    {"GENAI_API_URL": "{openai}", "GENAI_API_TOKEN": "{token}"},
    {"GENAI_MODE": "{mode}"},
    {"FALLBACK_REASON": "{fallback_reason}"},
    {"GENAI_NOTEBOOK_TYPE": "{type}"},
    {"GENAI_SERVICES": "{services}"},
)
"""What every kernel with GenAI gets, whatever the service."""

PROXY_EXCEPTIONS = ("NO_PROXY", "no_proxy")
LOOPBACK = ("127.0.0.1", "localhost")
_FIELD = re.compile(r"\{(\w+)\}")
_ADDRESS_FIELDS = {"door", "door_host", "openai"}


@dataclass(frozen=True)
class Group:
    """Variables that are set together or not at all; `service` is empty for the Lab's own."""

    service: str
    templates: Mapping[str, str]

    @property
    def fields(self) -> frozenset[str]:
        """The fields without which the group is not set."""
        return frozenset(f for template in self.templates.values() for f in _fields(template))


@dataclass(frozen=True)
class Plan:
    """What will be set, before any door is open."""

    groups: tuple[Group, ...]
    """In order: of two groups that share a name, the first that can be set has it."""
    skipped: Mapping[str, str]
    """Variable -> why it is left alone, a sentence."""
    external: frozenset[str]
    """Services whose address is the user's own affair: nothing is started for them."""

    @property
    def doors(self) -> list[str]:
        """The services whose own door is needed, each once."""
        wanted = [group.service for group in self.groups if group.fields & {"door", "door_host"}]
        return list(dict.fromkeys(wanted))

    @property
    def openai_door(self) -> bool:
        """Whether the OpenAI door is needed."""
        return any("openai" in group.fields for group in self.groups)

    def fill(
        self, *, doors: Mapping[str, str], openai: str, facts: Mapping[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        """Return the variables with their values, and why others are left alone.

        `doors` maps services to http://host:port; an absent one, or an empty `openai`, has not
        opened, and its group is left out: a token without our address would go elsewhere.
        `facts` are the other fields; a variable whose fact is empty is left out silently.
        """
        values: dict[str, str] = {}
        skipped = dict(self.skipped)
        for group in self.groups:
            door = doors.get(group.service, "")
            addresses = {"door": door, "door_host": door.partition("://")[2], "openai": openai}
            fields = {**facts, **addresses}
            missing = [field for field in group.fields if not fields.get(field)]
            if not missing:
                for name, template in group.templates.items():
                    values.setdefault(name, _filled(template, fields))
            elif _ADDRESS_FIELDS.intersection(missing):
                skipped.update(dict.fromkeys(group.templates, "Its local address did not open."))
        return values, {name: why for name, why in skipped.items() if name not in values}


def plan(
    specs: Sequence[ServiceSpec], *, taken: Mapping[str, str], refused: Mapping[str, str]
) -> Plan:
    """Return what to set for these services.

    `taken` maps variables that the user has set to the place where; `refused` maps services
    whose groups must not be injected to the reason.
    """
    exported = [Group(spec.name, group.variables) for spec in specs for group in spec.exports]
    everything = [*exported, *(Group("", templates) for templates in LAB_GROUPS)]
    blocked = _blocked([group.templates for group in everything], taken)
    skipped = {name: _because(name, blocked, taken) for name in blocked}
    groups: list[Group] = []
    for group in everything:
        if blocked.keys() & group.templates.keys():
            continue
        if group.service in refused:
            skipped.update(dict.fromkeys(group.templates, refused[group.service]))
        else:
            groups.append(group)
    external = frozenset(spec.name for spec in specs if _is_external(spec, blocked, taken))
    return Plan(tuple(groups), skipped, external)


def names_that_matter(specs: Iterable[ServiceSpec]) -> frozenset[str]:
    """Return every variable that we might set for these services."""
    groups = [*LAB_GROUPS, *(group.variables for spec in specs for group in spec.exports)]
    return frozenset(name for group in groups for name in group)


def taken_names(
    names: Iterable[str],
    *,
    kernelspec: Mapping[str, str],
    environment: Mapping[str, str],
    dotenv: Mapping[str, str],
) -> dict[str, str]:
    """Return which names the user has set, each with the place where.

    `dotenv` maps names to their file. An empty value sets nothing, as in the shell's `NAME= cmd`.
    """
    places: dict[str, str] = {}
    for name in names:
        if kernelspec.get(name):
            places[name] = "the kernel's own settings (kernel.json)"
        elif environment.get(name):
            places[name] = "the server's environment"
        elif dotenv.get(name):
            places[name] = dotenv[name]
    return places


def proxy_exceptions(environment: Mapping[str, str]) -> dict[str, str]:
    """Return NO_PROXY and no_proxy with the loopback names appended.

    Where only one of them is set, the other repeats it: programs read either, and some let an
    own `no_proxy` hide `NO_PROXY` altogether.
    """
    values: dict[str, str] = {}
    for name, other in (PROXY_EXCEPTIONS, PROXY_EXCEPTIONS[::-1]):
        present = environment.get(name, environment.get(other, ""))
        entries = [entry.strip() for entry in present.split(",") if entry.strip()]
        missing = [] if "*" in entries else [host for host in LOOPBACK if host not in entries]
        values[name] = ",".join([*filter(None, [present.strip().strip(",")]), *missing])
    return values


def _fields(template: str) -> set[str]:
    return set(_FIELD.findall(template))


def _filled(template: str, fields: Mapping[str, str]) -> str:
    return _FIELD.sub(lambda match: fields[match[1]], template)


def _exports(spec: ServiceSpec) -> list[tuple[str, str]]:
    return [item for group in spec.exports for item in group.variables.items()]


def _is_external(spec: ServiceSpec, blocked: Mapping[str, str], taken: Mapping[str, str]) -> bool:
    addresses = [name for name, value in _exports(spec) if _fields(value) & _ADDRESS_FIELDS]
    return any(name in taken for name in addresses) or (
        bool(addresses) and all(name in blocked for name in addresses)
    )


def _blocked(groups: Sequence[Iterable[str]], taken: Mapping[str, str]) -> dict[str, str]:
    """Return the names of groups that the user has touched, each with the name that did it.

    Two services may share names, so a group that loses a name to another is lost as well.
    """
    blocked: dict[str, str] = {}
    spread = True
    while spread:
        before = len(blocked)
        for group in groups:
            culprit = next((name for name in group if name in taken or name in blocked), None)
            if culprit is not None:
                reason = blocked.get(culprit, culprit)
                blocked.update({n: n if n in taken else blocked.get(n, reason) for n in group})
        spread = len(blocked) > before
    return blocked


def _because(name: str, blocked: Mapping[str, str], taken: Mapping[str, str]) -> str:
    if name in taken:
        return f"Set in {taken[name]}."
    return f"Left alone, for {blocked[name]} is set in {taken[blocked[name]]}."
