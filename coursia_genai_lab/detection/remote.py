"""Which local services a notebook reaches as hosted servers, by its own word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from ..catalog import ServiceSpec
from ..wire.notebooks import Evidence
from .dotenv import Surroundings
from .rules import Finding
from .signs import LONGEST_EXCERPT, Sign

Where = Literal["local", "hosted"]
_NOWHERE = Sign(services=(), rule="metadata", cell=-1, line=0, excerpt="", work=True)
"""Of a service that only the notebook's metadata names."""


def find_remote(
    services: Sequence[str],
    finding: Finding,
    specs: Mapping[str, ServiceSpec],
    surroundings: Surroundings,
) -> list[Evidence]:
    """Return, for each local one of `services` that is hosted elsewhere, the place that says so.

    An address in the nearest `.env` wins over the default that the code gives its variable. A
    service is hosted when every address of it that is known is.
    """
    found: list[Evidence] = []
    for service in services:
        if specs[service].kind == "local":
            proof = _proof(service, finding, specs[service], surroundings)
            if proof is not None:
                found.append(proof)
    return found


def _proof(
    service: str, finding: Finding, spec: ServiceSpec, surroundings: Surroundings
) -> Evidence | None:
    sent = [sign for name, sign in finding.decided if name == service]
    running = [sign for sign in sent if not sign.has_way("off")] or sent
    places = [_place(service, sign, surroundings) for sign in running]
    known = [place for place in places if place is not None]
    if not known:
        read = [
            (rule.removeprefix("variable:"), sign)
            for name, sign in finding.signs
            if name == service and (rule := sign.rule).startswith("variable:")
        ]
        # A client of its own may read what the notebook does not: all names of the service.
        nowhere = running[0] if running else _NOWHERE
        read = read or [(name, nowhere) for name in spec.detect.variables]
        known = [
            (where, _from_file(service, name, sign, surroundings))
            for name, sign in read
            if (where := surroundings.address(name)) is not None
        ]
    if known and all(where == "hosted" for where, _ in known):
        return known[0][1]
    return None


def _place(service: str, sign: Sign, surroundings: Surroundings) -> tuple[Where, Evidence] | None:
    for name in sorted(sign.variables):
        where = surroundings.address(name)
        if where is not None:
            return where, _from_file(service, name, sign, surroundings)
    if sign.address == "unknown" or (sign.address == "variable" and not _has_host(sign)):
        return None
    return (
        "hosted" if sign.address == "hosted" else "local",
        _evidence(service, sign, "remote:address", sign.excerpt),
    )


def _has_host(sign: Sign) -> bool:
    return "://" in sign.address_text and not sign.address_text.partition("://")[2].startswith("…")


def _from_file(service: str, name: str, sign: Sign, surroundings: Surroundings) -> Evidence:
    says = f"{name} names a hosted server in {surroundings.place}"
    return _evidence(service, sign, "remote:.env", says)


def _evidence(service: str, sign: Sign, rule: str, excerpt: str) -> Evidence:
    return Evidence(
        service=service,
        cell=sign.cell,
        line=sign.line,
        rule=rule,
        excerpt=excerpt[:LONGEST_EXCERPT],
        strong=False,
    )
