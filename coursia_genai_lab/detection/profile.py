"""From a notebook to its profile: what it needs, and why we think so."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from ..catalog import Catalog
from ..wire.notebooks import Evidence, NotebookType, Profile
from ..wire.policy import Mode
from .indicators import Indicators
from .other_code import TextReader, is_csharp
from .python_code import PythonReader
from .read import Cell, Notebook, Unreadable, read_file, read_notebook
from .rules import Finding, weigh
from .signs import Sign

log = logging.getLogger(__name__)

LONGEST_NOTEBOOK = 300_000
"""Characters of code above which nothing is parsed (a parser holds the interpreter)."""

MOST_FOLLOWED_CELLS = 2_000
MOST_EVIDENCE = 40
_MODES: tuple[Mode, ...] = get_args(Mode)
_OTHER_LANGUAGES = (
    "f#", "fsharp", "r", "ir", "julia", "pwsh", "powershell", "sql", "html", "javascript",
    "mermaid", "markdown", "bash", "lean4", "scala", "java", "kql", "rust", "go", "c++", "cpp",
)  # fmt: skip


class Detector:
    """Tell what notebooks need, by the indicators of a catalogue."""

    def __init__(self, catalog: Catalog) -> None:
        self._specs = dict(catalog)
        self._indicators = Indicators(self._specs)

    def profile_bytes(self, data: bytes, *, path: str = "") -> Profile:
        """Return the profile of a notebook's bytes; CLASSIC with a note if it cannot be read."""
        try:
            return self._profile(read_notebook(data), path)
        except Unreadable as reason:
            return Profile(path=path, note=str(reason))
        except Exception:
            # A boundary: whatever goes wrong in here, the kernel must still start.
            log.exception("Detection failed on a notebook")
            return Profile(path=path, note="It could not be examined; this is a defect of ours.")

    def profile_file(self, path: Path, *, root: Path | None = None, api_path: str = "") -> Profile:
        """Return the profile of a file under root (None: anywhere); it never raises.

        `api_path` is what the profile shall call the notebook; default: the path itself.
        """
        shown = api_path or str(path)
        try:
            return self.profile_bytes(read_file(path, root), path=shown)
        except Unreadable as reason:
            return Profile(path=shown, note=str(reason))

    def _profile(self, notebook: Notebook, path: str) -> Profile:
        finding, note = self._finding(notebook)
        profile = Profile(
            path=path,
            type=finding.type,
            needs_image_service=bool(finding.services),
            services=list(finding.services),
            evidence=[_evidence(service, sign) for service, sign in finding.signs[:MOST_EVIDENCE]],
            remote=finding.remote,
            literal_addresses=_literals(finding.literal, notebook.cells),
            note=note,
        )
        return self._with_the_teachers_word(profile, notebook.genai)

    def _finding(self, notebook: Notebook) -> tuple[Finding, str]:
        size = sum(len(cell.source) for cell in notebook.cells)
        joined = "\n".join(cell.source for cell in notebook.cells)
        if not self._indicators.mentioned_in(joined.lower()):
            return Finding(), ""
        python, text = PythonReader(self._indicators), TextReader(self._indicators)
        note = ""
        if size > LONGEST_NOTEBOOK or len(notebook.cells) > MOST_FOLLOWED_CELLS:
            note = "It is very long: its code was scanned, not followed."
            for cell in notebook.cells:
                self._scan(cell, notebook, text)
        else:
            follow = [cell for cell in notebook.cells if _may_be_python(cell, notebook.language)]
            python.read(follow)
            for cell, chunk in python.broken:
                self._scan_chunk(cell, chunk.lines, chunk.first_line, notebook.language, text)
            followed = {cell.index for cell in follow}
            for cell in notebook.cells:
                if cell.index not in followed:
                    self._scan(cell, notebook, text)
                elif "curl" in cell.source:
                    text.shell(cell.source, cell.index)
        finding = weigh(
            [*python.signs.values(), *text.signs],
            self._specs,
            studies=python.studies,
            starts_own_server=python.starts_own_server,
        )
        return finding, note

    def _scan(self, cell: Cell, notebook: Notebook, text: TextReader) -> None:
        language = cell.language or notebook.language
        if is_csharp(language) or is_csharp(notebook.language):
            text.csharp(cell.source, cell.index)
        elif _may_be_python(cell, notebook.language):
            text.python(cell.source, cell.index)

    def _scan_chunk(
        self,
        cell: Cell,
        lines: Sequence[str],
        first_line: int,
        language: str,
        text: TextReader,
    ) -> None:
        source = "\n".join(lines)
        # A cell tagged C# in a notebook that does not name its kernel is read as what parses.
        tagged = is_csharp(cell.language) and "python" not in language
        looks = not language and ";" in source and ("using " in source or "var " in source)
        if tagged or looks:
            text.csharp(cell.source, cell.index)
        else:
            text.python(source, cell.index, first_line)

    def _with_the_teachers_word(self, profile: Profile, genai: Mapping[str, Any]) -> Profile:
        changes: dict[str, Any] = {}
        mode = genai.get("mode")
        if mode in _MODES:
            changes["mode"] = mode
        if genai.get("enabled") is False:
            return profile.model_copy(
                update={**changes, **_narrowed([]), "note": "Its metadata turns GenAI off."}
            )
        declared = genai.get("services")
        if isinstance(declared, list):
            names = [name for name in dict.fromkeys(map(str, declared)) if name in self._specs]
            unknown = [str(name)[:40] for name in declared if str(name) not in self._specs]
            changes.update(_declared(profile, names))
            if unknown:
                changes["note"] = f"Its metadata names unknown services: {', '.join(unknown[:5])}."
        return profile.model_copy(update=changes) if changes else profile


def _narrowed(services: list[str]) -> dict[str, Any]:
    return {
        "type": "CLASSIC",
        "needs_image_service": False,
        "services": services,
        "declared": True,
        "remote": False,
    }


def _declared(profile: Profile, names: list[str]) -> dict[str, Any]:
    if not names:
        return _narrowed([])
    kind: NotebookType = profile.type if profile.type != "CLASSIC" else "GENAI_BASIC"
    word = [
        Evidence(service=name, cell=-1, line=0, rule="metadata", excerpt="metadata.genai.services")
        for name in names
    ]
    return {
        "type": kind,
        "needs_image_service": True,
        "services": names,
        "evidence": [*word, *profile.evidence],
        "declared": True,
    }


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
            for number, line in enumerate(cell.source.split("\n"), start=1):
                if address in line.split("#", 1)[0]:
                    return cell.index, number, line.strip()[:120]
    return None


def _may_be_python(cell: Cell, language: str) -> bool:
    first = cell.source.lstrip()
    if first.startswith("#!") and not first.startswith(("#!python", "#!/", "#!pip", "#!value")):
        return False
    if is_csharp(language):
        return first.startswith("#!python")
    if language.startswith("python") or "python" in language or not language:
        return cell.language not in _OTHER_LANGUAGES
    return not language.startswith(_OTHER_LANGUAGES)
