"""The form's words: written in English, shown in the reader's language where we have it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

CATALOGUES = Path(__file__).parent / "words"
# gettext's order: the first that is set decides.
VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


class Words:
    """Translates English sentences; one that the catalogue lacks stays English."""

    def __init__(self, catalogue: Mapping[str, str], language: str) -> None:
        self._catalogue = catalogue
        self.language = language

    def __call__(self, english: str, **values: object) -> str:
        """Return the sentence in the reader's language, `{name}` replaced by the values."""
        text = self._catalogue.get(english, english)
        return text.format(**values) if values else text


def find_words(language: str | None, environ: Mapping[str, str]) -> Words:
    """Return the words for `language` ("fr", "fr_FR.UTF-8"), None: what `environ` asks for."""
    asked = language or next((environ[name] for name in VARIABLES if environ.get(name)), "en")
    for choice in asked.split(":"):
        short = choice.replace("-", "_").partition("_")[0].partition(".")[0].lower()
        if short in ("en", "c", "posix"):
            break
        if short in languages():
            text = (CATALOGUES / f"{short}.json").read_text(encoding="utf-8")
            return Words(json.loads(text), short)
    return Words({}, "en")


def languages() -> list[str]:
    """Return the languages that have a catalogue, English aside."""
    return sorted(path.stem for path in CATALOGUES.glob("*.json"))
