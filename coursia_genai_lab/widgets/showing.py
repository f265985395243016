"""How pictures look in an output: a figure with words, and its origin behind one click."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .pictures import GeneratedImage

# Wide enough to judge a picture by, small enough that the next cell stays in sight.
SHOWN_WIDTH = 640
GALLERY_WIDTH = 320
PREVIEW_TIP = "A preview. picture.save('name.png') writes the picture as it was made."
LONGEST_FACT = 300


def figure(
    picture: GeneratedImage, *, width: int = SHOWN_WIDTH, begin: str = "", role: str = "figure"
) -> str:
    """Return a picture with alternative text, caption and origin, as HTML; `begin` comes first.

    The picture in it is a small copy: the notebook would hold it in full twice otherwise.
    """
    shown = min(width, picture.size[0])
    return (
        f'<figure style="margin: 0; width: {shown}px; max-width: 100%" role="{role}">'
        f'<img src="{picture.thumbnail(shown)}" alt="{_quoted(picture.prompt)}" '
        f'title="{_quoted(PREVIEW_TIP)}" style="width: 100%; height: auto">'
        f'<figcaption style="line-height: 1.5">{html.escape(begin + picture.caption())}'
        f"{origin(picture)}</figcaption></figure>"
    )


def gallery(figures: Iterable[str]) -> str:
    """Return figures beside each other as HTML; they wrap where there is no room."""
    return (
        '<div style="display: flex; flex-wrap: wrap; gap: 12px" role="list">'
        + "".join(figures)
        + "</div>"
    )


def origin(picture: GeneratedImage, words: Callable[[str], str] = str) -> str:
    """Return what is known of the picture's making as HTML that opens on demand; `words`
    translates."""
    rows = "".join(
        '<tr><th scope="row" style="text-align: left; padding-right: 1em">'
        f"{html.escape(words(name))}</th>"
        f'<td style="text-align: left; overflow-wrap: anywhere">{html.escape(value)}</td></tr>'
        for name, value in facts(picture)
    )
    summary = html.escape(words("How it was made"))
    return f"<details><summary>{summary}</summary><table>{rows}</table></details>"


def facts(picture: GeneratedImage) -> list[tuple[str, str]]:
    """Return what is known of the picture's making, each with its name; what nobody knows is
    left out."""
    known = picture.provenance
    told: list[tuple[str, object]] = [
        ("Prompt", picture.prompt),
        ("Negative prompt", known and known.negative_prompt),
        ("Model", picture.model),
        ("Seed", picture.seed),
        ("Size", " × ".join(map(str, picture.size))),
        ("Steps", known and known.steps),
        ("Guidance", known and known.guidance),
        ("Made by", known and known.service),
        ("Provider", known and known.provider),
        ("Cost", picture.cost_cents and money(picture.cost_cents)),
        ("Stood in because", known and known.fallback_reason),
        ("Made at", known and moment(known.made_at)),
        ("Workflow", known and known.workflow),
        ("Hash of the model", known and known.model_hash),
        ("Record", known and known.id),
    ]
    return [(name, _short(value)) for name, value in told if value not in (None, "", [])]


def money(cents: float) -> str:
    """Return US cents as people read them: 4.2 ¢, $1.20."""
    if cents >= 100:
        return f"${cents / 100:,.2f}"
    return f"{cents:.2g} ¢" if cents < 10 else f"{cents:.0f} ¢"


def moment(text: str) -> str:
    """Return a time of RFC 3339 to the minute, in this machine's zone; other text as it is."""
    try:
        # Python 3.10 reads no Z.
        read = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    return f"{read.astimezone():%Y-%m-%d %H:%M}"


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_FACT else f"{text[: LONGEST_FACT - 1]}…"


def _quoted(text: str) -> str:
    return html.escape(text, quote=True)
