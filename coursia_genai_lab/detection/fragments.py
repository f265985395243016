"""Find whether code mentions anything that detection looks for, before any of it is read.

Imports nothing of ours: the process that examines giants alone needs it too.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_RARE = "/-"
"""Signs that code seldom holds: a pattern that begins with one is looked for at the speed of
memory."""
_SHORTEST_PART = 5
_ESCAPED_WORD = re.compile(
    rb"\\(?:/|u00(?:2[0134589acdef]|3[0-9abdf]|[45][0-9a-f]|6[1-9a-f]|7[0-9a-e]))"
)
"""Plain characters that a writer of JSON escaped, in lower case; quotes, `&`, `+`, `<`, `>` and
the backtick, which some writers always escape, are none."""
_PLAIN = re.compile(r"[ -~]+")
_ODD = frozenset("\"'&+<>`\\")


class Fragments:
    """Words of which at least one stands in every notebook that needs a service.

    `words` are in lower case.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words = tuple(sorted(words))
        self._hidden = any(not _PLAIN.fullmatch(word) or _ODD & {*word} for word in self.words)
        """Whether JSON may write one of the words in another way."""
        # One pass for many words: a pass for each takes three times as long.
        self._patterns: list[re.Pattern[bytes]] = []
        self._alone: list[bytes] = []
        left, signs = list(self.words), list(_RARE)
        while left:
            part = signs.pop(0) if signs else _shared_part(left)
            held = [word for word in left if part in word]
            left = [word for word in left if part not in word]
            if len(held) > 1:
                self._patterns.append(_around(part, held))
            else:
                self._alone.extend(word.encode() for word in held)

    def in_text(self, lowered: str) -> bool:
        """Return whether a text (in lower case) holds one of the words."""
        return any(word in lowered for word in self.words)

    def may_be_in(self, json_text: bytes) -> bool:
        """Return False where the JSON text of code surely holds none of the words.

        A word that is split over two lines of a `source` is not found: no line of code is.
        """
        lowered = json_text.lower()
        return (
            self._hidden
            or any(word in lowered for word in self._alone)
            or any(pattern.search(lowered) for pattern in self._patterns)
            or _ESCAPED_WORD.search(lowered) is not None
        )


def _around(part: str, words: list[str]) -> re.Pattern[bytes]:
    """Return a pattern for the words that begins with what they share and looks back from it."""
    ways = []
    for word in words:
        before, _, after = word.partition(part)
        back = f"(?<={re.escape(before + part)})" if before else ""
        ways.append(back + re.escape(after))
    return re.compile(f"{re.escape(part)}(?:{'|'.join(ways)})".encode())


def _shared_part(words: list[str]) -> str:
    """Return the part that most of the words hold, the longest of these."""
    parts = Counter(
        part
        for word in words
        for part in {
            word[start:end]
            for start in range(len(word))
            for end in range(start + min(_SHORTEST_PART, len(word)), len(word) + 1)
        }
    )
    return max(parts, key=lambda part: (parts[part], len(part), part))
