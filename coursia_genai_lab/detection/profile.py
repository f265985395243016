"""From a notebook to its profile: what it needs, and why we think so."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from ..catalog import Catalog
from ..wire.notebooks import Evidence, Profile
from .dotenv import Consulted, Surroundings
from .indicators import Indicators
from .optional import RULES
from .read import LONG_NOTE, PATIENCE_SECONDS, Cell, Notebook, Unreadable, read_file, read_notebook
from .remote import find_remote
from .resources import sum_resources
from .rules import CodeReading, Finding
from .sections import find_sections
from .signs import Sign, Way, excerpt_of
from .teacher import with_the_teachers_word

log = logging.getLogger(__name__)

MOST_EVIDENCE = 40


class Detector:
    """Tell what notebooks need, by the indicators of a catalogue."""

    def __init__(self, catalog: Catalog, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._specs = dict(catalog)
        self._patience_seconds = patience_seconds
        self._indicators = Indicators(self._specs)

    def profile_bytes(
        self, data: bytes, *, path: str = "", beside: Path | None = None, root: Path | None = None
    ) -> Profile:
        """Return the profile of a notebook's bytes; CLASSIC with a note if it cannot be read.

        `beside` is the folder from which its nearest `.env` is looked for, up to `root` (None:
        to the top); None looks for none.
        """
        return self._profile_bytes(data, path, Surroundings(beside, root))

    def _profile_bytes(self, data: bytes, path: str, surroundings: Surroundings) -> Profile:
        try:
            return self._profile(self._opened(data), path, surroundings)
        except Unreadable as reason:
            return Profile(path=path, note=str(reason), unreadable=True)
        except Exception:
            # A boundary: whatever goes wrong in here, the kernel must still start.
            log.exception("Detection failed on a notebook")
            note = "It could not be examined; this is a defect of ours."
            return Profile(path=path, note=note, unreadable=True)

    def _opened(self, data: bytes) -> Notebook:
        patience, fragments = self._patience_seconds, self._indicators.fragments
        return read_notebook(data, fragments, patience_seconds=patience)

    def profile_file(self, path: Path, *, root: Path | None = None, api_path: str = "") -> Profile:
        """Return the profile of a file under root (None: anywhere); it never raises.

        `api_path` is what the profile shall call the notebook; default: the path itself.
        """
        return self.examine_file(path, root=root, api_path=api_path)[0]

    def examine_file(
        self, path: Path, *, root: Path | None = None, api_path: str = ""
    ) -> tuple[Profile, tuple[Consulted, ...]]:
        """Return the profile of a file, and the places beside it on which it rests."""
        shown = api_path or str(path)
        surroundings = Surroundings(path.parent, root)
        try:
            profile = self._profile_bytes(read_file(path, root), shown, surroundings)
        except Unreadable as reason:
            return Profile(path=shown, note=str(reason), unreadable=True), ()
        return profile, surroundings.consulted

    def _profile(self, notebook: Notebook, path: str, surroundings: Surroundings) -> Profile:
        read = self._read(notebook, surroundings)
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
        return self._completed(profile, notebook, read, surroundings)

    def _completed(
        self, profile: Profile, notebook: Notebook, read: CodeReading, surroundings: Surroundings
    ) -> Profile:
        finding = read.finding
        proofs = find_remote(profile.services, finding, self._specs, surroundings)
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

    def _read(self, notebook: Notebook, surroundings: Surroundings) -> CodeReading:
        joined = "\n".join(cell.source for cell in notebook.cells)
        if not self._indicators.mentioned_in(joined.lower()):
            return CodeReading(Finding(), note=LONG_NOTE if notebook.long else "")
        # By the first notebook that mentions something: most servers meet none at their start.
        from .cells import read_cells

        return read_cells(notebook, self._indicators, surroundings)


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
