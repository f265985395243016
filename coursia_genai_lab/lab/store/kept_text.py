"""Text that every database takes."""

from __future__ import annotations

LONGEST = 1000


def kept_text(text: str, most: int = LONGEST) -> str:
    """Return at most `most` characters, without what a database refuses.

    PostgreSQL takes no NUL, and a file name that is no UTF-8 reaches Python as lone surrogates.
    """
    clean = text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
    return clean if len(clean) <= most else clean[: most - 1] + "…"
