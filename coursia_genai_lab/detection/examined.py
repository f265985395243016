"""The profile of a notebook that mentions something of ours, or whose teacher does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..catalog import ServiceSpec
from ..wire.notebooks import Evidence, Profile
from .cells import read_cells
from .dotenv import Surroundings
from .indicators import Indicators
from .optional import RULES
from .read import LONG_NOTE, Cell, Notebook
from .remote import find_remote
from .resources import sum_resources
from .rules import CodeReading, Finding
from .sections import find_sections
from .signs import Sign, Way, excerpt_of
from .teacher import with_the_teachers_word

MOST_EVIDENCE = 40


class Examination:
    """Examine one notebook, in its surroundings."""

    def __init__(
        self, specs: Mapping[str, ServiceSpec], indicators: Indicators, surroundings: Surroundings
    ) -> None:
        self._specs, self._indicators, self._surroundings = specs, indicators, surroundings

    def profile(self, notebook: Notebook, path: str, *, mentioned: bool) -> Profile:
        """Return what it needs and why; code that mentions nothing is not read."""
        read = self._read(notebook) if mentioned else _nothing(notebook)
        finding = read.finding
        profile = Profile(
            path=path,
            type=finding.type,
            needs_image_service=bool(finding.services),
            services=list(finding.services),
            optional=[name for name in finding.services if name in finding.optional],
            evidence=[_evidence(service, sign) for service, sign in finding.signs[:MOST_EVIDENCE]],
            literal_addresses=_literals(finding.literal, notebook.cells),
            note=read.note,
        )
        profile = with_the_teachers_word(profile, notebook.genai, self._specs)
        if profile.type == "CLASSIC":
            return profile
        return self._completed(profile, notebook, read)

    def _completed(self, profile: Profile, notebook: Notebook, read: CodeReading) -> Profile:
        finding = read.finding
        proofs = find_remote(profile.services, finding, self._specs, self._surroundings)
        remote = {proof.service for proof in proofs}
        local = [name for name in profile.services if self._specs[name].kind == "local"]
        wanted = [n for n in local if n not in remote and n not in profile.optional]
        reasons = [_reason(name, finding.optional[name]) for name in profile.optional]
        return profile.model_copy(
            update={
                "remote": bool(local) and remote.issuperset(local),
                "remote_services": [name for name in profile.services if name in remote],
                "resources": sum_resources(wanted, self._specs),
                "sections": find_sections(
                    [cell.index for cell in notebook.cells],
                    notebook.count,
                    uses=_uses(read, profile.services),
                    studies=read.studies,
                ),
                "evidence": [*profile.evidence, *reasons, *proofs],
            }
        )

    def _read(self, notebook: Notebook) -> CodeReading:
        return read_cells(notebook, self._indicators, self._surroundings)


def _nothing(notebook: Notebook) -> CodeReading:
    return CodeReading(Finding(), note=LONG_NOTE if notebook.long else "")


def _uses(read: CodeReading, services: Sequence[str]) -> dict[int, list[str]]:
    """Return which of the services each cell uses."""
    found: dict[int, set[str]] = {}
    for service, sign in read.finding.signs:
        found.setdefault(sign.cell, set()).add(service)
    for cell, groups in read.touches.items():
        for group in groups:
            if group in read.finding.chosen:
                found.setdefault(cell, set()).add(read.finding.chosen[group])
    ordered = {cell: [name for name in services if name in named] for cell, named in found.items()}
    return {cell: named for cell, named in ordered.items() if named}


def _reason(service: str, way: Way) -> Evidence:
    return Evidence(
        service=service,
        cell=way.cell,
        line=way.line,
        rule=RULES[way.kind],
        excerpt=way.excerpt,
        strong=False,
    )


def _evidence(service: str, sign: Sign) -> Evidence:
    return Evidence(
        service=service,
        cell=sign.cell,
        line=sign.line,
        rule=sign.rule,
        excerpt=sign.excerpt,
        strong=sign.work,
    )


def _literals(literal: Sequence[tuple[str, Sign]], cells: Sequence[Cell]) -> list[Evidence]:
    """Return where fixed addresses stand: the line to change, not the line that uses it."""
    found: dict[tuple[int, int], Evidence] = {}
    for service, sign in literal:
        address = sign.address_text.split("://", 1)[-1].split("/", 1)[0]
        cell, line, excerpt = _where(address, cells) or (sign.cell, sign.line, sign.excerpt)
        found.setdefault(
            (cell, line),
            Evidence(service=service, cell=cell, line=line, rule="literal", excerpt=excerpt),
        )
    return list(found.values())[:MOST_EVIDENCE]


def _where(address: str, cells: Sequence[Cell]) -> tuple[int, int, str] | None:
    for cell in cells:
        if address and address in cell.source:
            for number, line in enumerate(cell.source.split("\n"), start=1 + cell.first_line):
                if address in line.split("#", 1)[0]:
                    return cell.index, number, excerpt_of(line)
    return None
