"""Turn a notebook cell into Python that `ast` can read, as IPython would run it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

LONGEST_PARSED = 100_000
HEAVIEST_PARSED = 8_000
"""Weight of code above which it is not given to the parser, which holds the interpreter, and so
the server, until it is done: about 40 ms at the worst, 30 KB of ordinary code."""
MOST_PARSED = 30_000
"""Weight of everything that is parsed for one notebook, what is tried twice counted twice."""
LONGEST_MAGIC = 2_000
MOST_PIECES = 80
"""Parts of a broken or heavy cell that are tried; of more statements several make a part."""

_FOREIGN_CELL = re.compile(
    r"\s*%%(?:bash|sh|script|cmd|html|HTML|javascript|js|latex|markdown|svg|SVG|writefile|file|"
    r"perl|ruby|R|sql|cython|cu|java|pypy|powershell|mermaid|aimagic|ai)\b"
)
_MAGIC_CELL = re.compile(r"\s*%%\w+[^\n]*")
_LINE_MAGIC = re.compile(r"^(\s*)(?:[!%?#]!?|\?\?)(?![ =]*=)(.*)$")
_ASSIGNED_MAGIC = re.compile(r"^([\w\.,\s\[\]'\"]+=\s*)[!%](?!\s*=).*$")
_HELP = re.compile(r"^(\s*)[\w\.]+\?{1,2}\s*$")
_SET_VARIABLE = re.compile(
    r"^[ \t]*%(?:set_)?env[ \t]+(\w+)[ \t]*(?:=[ \t]*)?(\S.*)$", re.MULTILINE
)
_TOKEN_SIGNS = "()[]},;:.=+-*/<>&|@%\n"
_OWN_SERVERS = ("main.py", "launch.py", "webui.py", "webui.sh", "comfy launch")
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_KNOWN_ESCAPES = frozenset("\\'\"abfnrtvxuUN01234567\n\r")


@dataclass(frozen=True)
class Chunk:
    """A piece of a cell: its tree, or None where it does not parse."""

    lines: tuple[str, ...]
    first_line: int
    tree: ast.Module | None
    variables: tuple[tuple[str, str], ...] = ()
    """Environment variables that magics of the cell set."""
    starts_own_server: bool = False


class Effort:
    """What the parser may still take on for one notebook."""

    def __init__(self) -> None:
        self.left = MOST_PARSED
        self.parsed = 0
        """How often the parser was asked."""

    def allows(self, source: str) -> bool:
        """Take on a text; False for one that is too heavy, or more than is left."""
        weight = _weight(source)
        if weight > min(HEAVIEST_PARSED, self.left):
            return False
        self.left -= weight
        self.parsed += 1
        return True


def _weight(source: str) -> int:
    """Return how much the parser has to do: about its tokens, of which a hole in a text is four."""
    return len(source) // 40 + sum(map(source.count, _TOKEN_SIGNS)) + 4 * source.count("{")


def chunks_of(source: str, effort: Effort | None = None) -> list[Chunk]:
    """Return the Python of a cell: one piece, or several when one of them is broken or it is long.

    A cell of another language (`%%bash`, `%%html`) gives none. Line numbers are those of the
    cell as its reader sees it. `effort` is what remains for the notebook (default: all of it).
    """
    effort = effort or Effort()
    found = tuple(_SET_VARIABLE.findall(source)) if "%" in source else ()
    foreign = _FOREIGN_CELL.match(source) is not None
    own = any(_starts_server(line, foreign) for line in source.split("\n"))
    nothing = Chunk((), 0, ast.Module([], []), found, own)
    if foreign:
        return [nothing]
    if len(source) > LONGEST_PARSED:
        return [Chunk(tuple(source.split("\n")), 0, None, found, own)]
    tree = parse(source, effort)
    lines = source.split("\n")
    if tree is None:
        plain = _without_magics(lines)
        tree = parse("\n".join(plain), effort)
        if tree is None:
            pieces = list(_pieces(plain, lines, effort))
            if found or own:
                pieces.insert(0, nothing)
            return pieces
    return [Chunk(tuple(lines), 0, tree, found, own)]


def _starts_server(line: str, foreign: bool) -> bool:
    called = foreign or line.lstrip()[:1] in {"!", "%"}
    return called and any(server in line for server in _OWN_SERVERS)


def parse(source: str, effort: Effort) -> ast.Module | None:
    """Return the syntax tree, or None where there is none, or none that is worth it."""
    if not effort.allows(source):
        return None
    if "\\" in source:
        # An unknown escape makes the parser warn on the server's standard error.
        source = _ESCAPE.sub(_known_escape, source)
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _known_escape(found: re.Match[str]) -> str:
    text = found.group(0)
    return text if text[1] in _KNOWN_ESCAPES else "\\" + text


def _without_magics(lines: list[str]) -> list[str]:
    plain = list(lines)
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        if _MAGIC_CELL.fullmatch(line):
            plain[index] = ""
            continue
        break
    for index, line in enumerate(plain):
        if len(line) > LONGEST_MAGIC:
            continue
        stripped = line.lstrip()
        if stripped[:1] in {"!", "%", "?"} or _HELP.match(line):
            found = _LINE_MAGIC.match(line)
            indent = found.group(1) if found else line[: len(line) - len(stripped)]
            plain[index] = indent + _python_of(stripped)
        elif ("!" in line or "%" in line) and _ASSIGNED_MAGIC.match(line):
            plain[index] = line[: line.index("=") + 1] + " None"
    return plain


def _python_of(magic: str) -> str:
    timed = re.match(r"%(?:time|timeit)\s+(?!-)(.+)", magic)
    if timed:
        return timed.group(1)
    # The names of a script that is run are here afterwards, as after a star import.
    script = re.match(r"%run\s+(?:-\w+\s+)*['\"]?(?:[^\s'\"]*[/\\])?([A-Za-z_]\w*)\.py\b", magic)
    return f"from {script.group(1)} import *" if script else "pass"


def _pieces(plain: list[str], lines: list[str], effort: Effort) -> Iterator[Chunk]:
    # Top-level statements, split where a line starts at the margin: one broken exercise must
    # not hide the rest of its cell.
    starts = [
        index
        for index, line in enumerate(plain)
        if line and not line[0].isspace() and line[0] not in ")]}#"
        and not re.match(r"(?:else|elif|except|finally)\b", line)
    ]  # fmt: skip
    starts = _packed([0, *[start for start in starts if start > 0]], plain)
    ends = [*starts[1:], len(plain)]
    waiting = 0
    for start, end in zip(starts, ends, strict=True):
        if start < waiting:
            continue
        piece = "\n".join(plain[start:end])
        tree = parse(piece, effort) if piece.strip() else None
        if tree is None and piece.strip():
            tree, end = _longer(plain, start, end, ends, effort)
        if piece.strip():
            yield Chunk(tuple(lines[start:end]), start, tree)
        waiting = end


def _packed(starts: list[int], plain: list[str]) -> list[int]:
    """Return at most MOST_PIECES of the starts, so that the pieces are about equally long."""
    if len(starts) <= MOST_PIECES:
        return starts
    ends = [*starts[1:], len(plain)]
    sizes = [sum(map(len, plain[a:b])) for a, b in zip(starts, ends, strict=True)]
    share, kept, gathered = sum(sizes) / MOST_PIECES, [0], 0
    for start, size in zip(starts[1:], sizes, strict=False):
        gathered += size
        if gathered > share:
            kept.append(start)
            gathered = 0
    return kept


def _longer(
    plain: list[str], start: int, end: int, ends: list[int], effort: Effort
) -> tuple[ast.Module | None, int]:
    # A decorator, or a string whose later lines touch the margin, belongs to what follows.
    for later in [one for one in ends if one > end][:4]:
        tree = parse("\n".join(plain[start:later]), effort)
        if tree is not None:
            return tree, later
    return None, end
