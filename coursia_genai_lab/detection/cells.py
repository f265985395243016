"""Read the cells of a notebook, each by the reader of its language, and weigh what they show."""

from __future__ import annotations

from collections.abc import Sequence

from .dotenv import Surroundings
from .indicators import Indicators
from .other_code import TextReader, is_csharp
from .python_code import PythonReader
from .read import LONG_NOTE, Cell, Notebook
from .rules import CodeReading, weigh

_OTHER_LANGUAGES = (
    "f#", "fsharp", "r", "ir", "julia", "pwsh", "powershell", "sql", "html", "javascript",
    "mermaid", "markdown", "bash", "lean4", "scala", "java", "kql", "rust", "go", "c++", "cpp",
)  # fmt: skip


def read_cells(
    notebook: Notebook, indicators: Indicators, surroundings: Surroundings
) -> CodeReading:
    """Return what the code of a notebook shows; that of a long one is scanned, not followed."""
    python = PythonReader(indicators, surroundings)
    text = TextReader(indicators)
    if notebook.long:
        for cell in notebook.cells:
            _scan(cell, notebook, text)
    else:
        follow = [cell for cell in notebook.cells if _may_be_python(cell, notebook.language)]
        python.read(follow)
        for cell, chunk in python.broken:
            _scan_chunk(cell, chunk.lines, chunk.first_line, notebook.language, text)
        followed = {cell.index for cell in follow}
        for cell in notebook.cells:
            if cell.index not in followed:
                _scan(cell, notebook, text)
            elif "curl" in cell.source:
                text.shell(cell.source, cell.index)
    text.finish()
    finding = weigh(
        [*python.signs.values(), *text.signs],
        indicators.specs,
        studies=python.studies,
        handled=python.touches,
        starts_own_server=python.starts_own_server,
    )
    studies = {cell for cell, (calls, starts) in python.studies.items() if calls > 1 or starts}
    note = LONG_NOTE if notebook.long else ""
    return CodeReading(finding, python.touches, studies, note)


def _scan(cell: Cell, notebook: Notebook, text: TextReader) -> None:
    language = cell.language or notebook.language
    if is_csharp(language) or is_csharp(notebook.language):
        text.csharp(cell.source, cell.index)
    elif _may_be_python(cell, notebook.language):
        text.python(cell.source, cell.index, cell.first_line)


def _scan_chunk(
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


def _may_be_python(cell: Cell, language: str) -> bool:
    first = cell.source.lstrip()
    if first.startswith("#!") and not first.startswith(("#!python", "#!/", "#!pip", "#!value")):
        return False
    if is_csharp(language):
        return first.startswith("#!python")
    if language.startswith("python") or "python" in language or not language:
        return cell.language not in _OTHER_LANGUAGES
    return not language.startswith(_OTHER_LANGUAGES)
