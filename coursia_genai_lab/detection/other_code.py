"""Read code that is not followed: C#, shell lines, Python that does not parse or is too long.

A tokenizer that knows comments and strings parts the words from the texts; a line counts when
its words call something and, for an address, when one of its texts holds the route.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from .indicators import Call, Indicators, Route
from .signs import Sign, excerpt_of, judge_address
from .values import HOLE, LONGEST_TEXT, Text

LONGEST_SCANNED = 2_000_000
MOST_SIGNS = 100
MOST_TEXTS = 20_000

# An escape outside of a text is stepped over: were its quote the start of a text, a run of them
# would be searched to its end from each.
_PYTHON = re.compile(
    r"(?P<escape>\\.)|(?P<comment>#[^\n]*)"
    r"|(?P<text>[rRbBfFuU]{0,2}(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'))",
    re.DOTALL,
)
_CSHARP = re.compile(
    r"(?P<escape>\\.)|(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<text>\${0,3}\"\"\".*?\"\"\"|[$@]{0,2}@[$@]{0,2}\"(?:[^\"]|\"\")*\""
    r"|\$?\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)')",
    re.DOTALL,
)
_SENDS = re.compile(
    r"\.post\s*\(|\.request\s*\(|\burlopen\s*\(|\bRequest\s*\(|\bPostAsync\b|\bPostAsJsonAsync\b"
    r"|\bSendAsync\b|\bHttpMethod\.Post\b"
)
_SENDING = ("ost", "equest", "urlopen", "SendAsync")
_CURL = re.compile(r"\bcurl\b.*(?:-d\b|--data|--json|-F\b|-X\s*POST|--request\s*POST)")
_SHELL_URL = re.compile(r"https?://[^\s'\"\\]+")
_HOLES = re.compile(r"\{[^{}]*\}")
_SHORTEST_CSHARP_CALL = 12
_PACKAGE = re.compile(r"^[ \t]*#r[ \t]+\"nuget:[^\"\n]*", re.MULTILINE)
_ASSIGNED = re.compile(r"\b([A-Za-z_]\w*)\s*=(?!=)")


@dataclass(frozen=True)
class _Parted:
    words: str
    """The code, comments and texts blanked, line for line."""
    texts: list[tuple[int, str]]
    """(line, text), the line counted from 1; only those that may be an address."""
    lines: list[str]
    cell: int
    first_line: int


class TextReader:
    """Scan code of one notebook; `signs` holds what it shows."""

    def __init__(self, indicators: Indicators) -> None:
        self.indicators = indicators
        self.signs: list[Sign] = []
        self._csharp: list[_Parted] = []

    def python(self, source: str, cell: int, first_line: int = 0) -> None:
        """Scan Python that `ast` did not read."""
        parted = _part(source[:LONGEST_SCANNED], _PYTHON, cell, first_line)
        for call in self.indicators.calls:
            if len(call.words) > 1 and call.words[-1] != "*":
                pattern = r"\.\s*".join(re.escape(word.removesuffix("()")) for word in call.words)
                self._calls(rf"\.\s*{pattern}\s*\(", call.services, parted)
        self._routes(parted)

    def csharp(self, source: str, cell: int) -> None:
        """Scan C#: the picture clients of Semantic Kernel and Azure, and HttpClient."""
        self._csharp.append(_part(source[:LONGEST_SCANNED], _CSHARP, cell, 0))

    def finish(self) -> None:
        """Weigh the C# cells together: an address or a client may stand in another cell."""
        if not self._csharp:
            return
        named = "\n".join(_named(parted) for parted in self._csharp).lower()
        for call in self.indicators.calls:
            word = call.words[-1]
            plain = len(call.words) == 1 and len(word) >= _SHORTEST_CSHARP_CALL
            if plain and word[0].isupper() and _is_of(call, named):
                for parted in self._csharp:
                    self._calls(rf"\.\s*{re.escape(word)}\s*[(<]", call.services, parted)
        sending = "\n".join(p.words for p in self._csharp if _SENDS.search(p.words))
        for parted in self._csharp:
            self._routes(parted, sending, named)

    def shell(self, source: str, cell: int) -> None:
        """Scan the shell lines of a cell for a curl that posts to a route."""
        everything = source.lstrip().startswith(("%%bash", "%%sh", "%%script"))
        joined = source[:LONGEST_SCANNED].replace("\\\n", "  ")
        parted = _Parted("", [], joined.split("\n"), cell, 0)
        for number, line in enumerate(parted.lines, start=1):
            if (everything or line.lstrip().startswith("!")) and _CURL.search(line[:LONGEST_TEXT]):
                for url in _SHELL_URL.findall(line):
                    self._route(url, parted, number)

    def _calls(self, pattern: str, services: tuple[str, ...], parted: _Parted) -> None:
        for found in islice(re.finditer(pattern, parted.words), MOST_SIGNS):
            line = parted.words.count("\n", 0, found.start()) + 1
            self._sign(services, "call:" + found.group(0).strip(" .(<\n"), parted, line, None)

    def _routes(self, parted: _Parted, sending: str = "", named: str = "") -> None:
        here = _SENDS.search(parted.words) is not None
        for line, text in parted.texts[:MOST_TEXTS]:
            if here or (sending and _is_sent_to(parted.lines[line - 1], sending)):
                self._route(text, parted, line, named)

    def _route(self, text: str, parted: _Parted, line: int, named: str = "") -> None:
        address = _HOLES.sub(HOLE, text)
        for route in self.indicators.route(address)[:1]:
            services: tuple[str, ...] = route.services
            by_host = self.indicators.host(address)
            if judge_address(Text(address)) == "hosted" and self._all_cloud(services):
                services = (by_host,) if by_host else ()
            if services:
                known = self.indicators.dialect_word(services) in named
                self._sign(services, f"route:{route.path}", parted, line, address, route, known)

    def _all_cloud(self, services: tuple[str, ...]) -> bool:
        return all(self.indicators.specs[name].kind == "cloud" for name in services)

    def _sign(
        self,
        services: tuple[str, ...],
        rule: str,
        parted: _Parted,
        line: int,
        address: str | None,
        route: Route | None = None,
        known: bool = False,
    ) -> None:
        if len(self.signs) >= MOST_SIGNS:
            return
        text = parted.lines[line - 1] if line <= len(parted.lines) else ""
        self.signs.append(
            Sign(
                services=services,
                rule=rule,
                cell=parted.cell,
                line=parted.first_line + line,
                excerpt=excerpt_of(text[:LONGEST_TEXT]),
                work=route is None or route.work,
                address=judge_address(Text(address)) if address else "unknown",
                address_text=(address or "").replace(HOLE, "…"),
                needs_support=route is not None and route.common and not known,
            )
        )


def _named(parted: _Parted) -> str:
    """Return the code and the packages that it loads."""
    return "\n".join([parted.words, *_PACKAGE.findall("\n".join(parted.lines))])


def _is_of(call: Call, named: str) -> bool:
    # In C# a type does not stand at its call: that its library is named somewhere must do.
    modules = [module.replace("_", "") for module in call.modules]
    return "Generations" in call.name or any(module in named for module in modules)


def _is_sent_to(line: str, sending: str) -> bool:
    """Return whether the line gives a name that other cells, which send, mention."""
    found = _ASSIGNED.search(line[:LONGEST_TEXT])
    return found is not None and re.search(rf"\b{found.group(1)}\b", sending) is not None


def is_csharp(language: str) -> bool:
    """Return whether a kernel or cell language means C#."""
    return language in {"c#", "csharp"} or language.startswith(".net-csharp")


def _part(source: str, pattern: re.Pattern[str], cell: int, first_line: int) -> _Parted:
    texts: list[tuple[int, str]] = []
    words: list[str] = []
    end, line = 0, 1
    for found in pattern.finditer(source):
        between = source[end : found.start()]
        words.append(between)
        line += between.count("\n")
        token = found.group(0)
        if found.lastgroup == "text" and len(token) <= LONGEST_TEXT and "/" in token:
            texts.append((line, _inner(token)))
        breaks = token.count("\n")
        words.append("\n" * breaks if breaks else " ")
        line += breaks
        end = found.end()
    words.append(source[end:])
    return _Parted("".join(words), texts, source.split("\n"), cell, first_line)


def _inner(token: str) -> str:
    return token.lstrip("rRbBfFuU$@").strip("\"'")
