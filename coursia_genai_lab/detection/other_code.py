"""Read code that is not followed: C#, shell lines, Python that does not parse or is too long.

A tokenizer that knows comments and strings parts the words from the texts; a line counts when
its words call something and, for an address, when one of its texts holds the route.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .indicators import Indicators
from .signs import Sign, excerpt_of, judge_address
from .values import HOLE, Text

LONGEST_SCANNED = 2_000_000
MOST_SIGNS = 100

_PYTHON = re.compile(
    r"(?P<comment>#[^\n]*)"
    r"|(?P<text>[rRbBfFuU]{0,2}(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''"
    r"|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'))",
    re.DOTALL,
)
_CSHARP = re.compile(
    r"(?P<comment>//[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<text>\$*\"\"\".*?\"\"\"|[$@]*@[$@]*\"(?:[^\"]|\"\")*\""
    r"|\$?\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)')",
    re.DOTALL,
)
_SENDS = re.compile(
    r"\.post\s*\(|\.request\s*\(|\burlopen\s*\(|\bRequest\s*\(|\bPostAsync\b|\bPostAsJsonAsync\b"
    r"|\bSendAsync\b|\bHttpMethod\.Post\b"
)
_CURL = re.compile(r"\bcurl\b.*(?:-d\b|--data|--json|-F\b|-X\s*POST|--request\s*POST)")
_SHELL_URL = re.compile(r"https?://[^\s'\"\\]+")
_HOLES = re.compile(r"\{[^{}]*\}")
_SHORTEST_CSHARP_CALL = 12


@dataclass(frozen=True)
class _Parted:
    words: str
    """The code, comments and texts blanked, line for line."""
    texts: list[tuple[int, str]]
    """(line, text), the line counted from 1."""


class TextReader:
    """Scan code of one notebook; `signs` holds what it shows."""

    def __init__(self, indicators: Indicators) -> None:
        self.indicators = indicators
        self.signs: list[Sign] = []

    def python(self, source: str, cell: int, first_line: int = 0) -> None:
        """Scan Python that `ast` did not read."""
        parted = _part(source[:LONGEST_SCANNED], _PYTHON)
        for call in self.indicators.calls:
            if len(call.words) > 1 and call.words[-1] != "*":
                pattern = r"\.\s*".join(re.escape(word.removesuffix("()")) for word in call.words)
                self._calls(
                    rf"\.\s*{pattern}\s*\(", call.services, source, parted, cell, first_line
                )
        self._routes(source, parted, cell, first_line)

    def csharp(self, source: str, cell: int) -> None:
        """Scan C#: the picture clients of Semantic Kernel and Azure, and HttpClient."""
        parted = _part(source[:LONGEST_SCANNED], _CSHARP)
        for call in self.indicators.calls:
            word = call.words[-1]
            if len(call.words) == 1 and len(word) >= _SHORTEST_CSHARP_CALL and word[0].isupper():
                self._calls(rf"\b{re.escape(word)}\s*[(<]", call.services, source, parted, cell, 0)
        self._routes(source, parted, cell, 0)

    def shell(self, source: str, cell: int) -> None:
        """Scan the shell lines of a cell for a curl that posts to a route."""
        everything = source.lstrip().startswith(("%%bash", "%%sh", "%%script"))
        joined = source[:LONGEST_SCANNED].replace("\\\n", "  ")
        for number, line in enumerate(joined.split("\n"), start=1):
            if (everything or line.lstrip().startswith("!")) and _CURL.search(line):
                for url in _SHELL_URL.findall(line):
                    self._route(url, source, cell, number)

    def _calls(
        self,
        pattern: str,
        services: tuple[str, ...],
        source: str,
        parted: _Parted,
        cell: int,
        first_line: int,
    ) -> None:
        for found in re.finditer(pattern, parted.words):
            line = parted.words.count("\n", 0, found.start()) + 1
            rule = "call:" + found.group(0).strip(" .(<\n")
            self._sign(services, rule, source, cell, line, first_line, None)

    def _routes(self, source: str, parted: _Parted, cell: int, first_line: int) -> None:
        if _SENDS.search(parted.words):
            for line, text in parted.texts:
                self._route(text, source, cell, line, first_line)

    def _route(self, text: str, source: str, cell: int, line: int, first_line: int = 0) -> None:
        address = _HOLES.sub(HOLE, text)
        for route in self.indicators.route(address)[:1]:
            services: tuple[str, ...] = route.services
            by_host = self.indicators.host(address)
            if judge_address(Text(address)) == "hosted" and self._all_cloud(services):
                services = (by_host,) if by_host else ()
            if services and route.work:
                self._sign(
                    services, f"route:{route.path}", source, cell, line, first_line, address,
                    common=route.common,
                )  # fmt: skip

    def _all_cloud(self, services: tuple[str, ...]) -> bool:
        return all(self.indicators.specs[name].kind == "cloud" for name in services)

    def _sign(
        self,
        services: tuple[str, ...],
        rule: str,
        source: str,
        cell: int,
        line: int,
        first_line: int,
        address: str | None,
        *,
        common: bool = False,
    ) -> None:
        if len(self.signs) >= MOST_SIGNS:
            return
        lines = source.split("\n")
        self.signs.append(
            Sign(
                services=services,
                rule=rule,
                cell=cell,
                line=first_line + line,
                excerpt=excerpt_of(lines[line - 1] if line <= len(lines) else ""),
                work=True,
                address=judge_address(Text(address)) if address else "unknown",
                address_text=(address or "").replace(HOLE, "…"),
                needs_support=common,
            )
        )


def is_csharp(language: str) -> bool:
    """Return whether a kernel or cell language means C#."""
    return language in {"c#", "csharp"} or language.startswith(".net-csharp")


def _part(source: str, pattern: re.Pattern[str]) -> _Parted:
    texts: list[tuple[int, str]] = []
    words: list[str] = []
    end, line = 0, 1
    for found in pattern.finditer(source):
        between = source[end : found.start()]
        words.append(between)
        line += between.count("\n")
        token = found.group(0)
        if found.lastgroup == "text":
            texts.append((line, _inner(token)))
        breaks = token.count("\n")
        words.append("\n" * breaks if breaks else " ")
        line += breaks
        end = found.end()
    words.append(source[end:])
    return _Parted("".join(words), texts)


def _inner(token: str) -> str:
    return token.lstrip("rRbBfFuU$@").strip("\"'")


def lines_of(source: str) -> Iterator[str]:
    """Yield the lines of a cell."""
    yield from source.split("\n")
