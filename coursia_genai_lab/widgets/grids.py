"""Several pictures as one: a contact sheet to show, to save and to hand in; and two compared."""

from __future__ import annotations

import base64
import html
import io
import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..client.comparison import Comparison, Verdict
from ..client.comparison import compare as compared
from ..errors import InvalidRequest
from .asking import file_of, one_of, opened
from .pictures import FORMATS, GeneratedImage, write_whole
from .showing import SHOWN_WIDTH, facts

if TYPE_CHECKING:
    from PIL.Image import Image

    from .asking import Source

CELL_WIDTH = 320
GAP = 12
CAPTION_HEIGHT = 30
TEXT_SIZE = 16
MOST_PICTURES = 100
CELL = "text-align: left; padding: 2px 1em 2px 0"
ALWAYS_DIFFER = ("Record", "Made at")


@dataclass(frozen=True)
class Grid:
    """Pictures in rows under their captions; shows itself, and is saved as one picture."""

    image: Image = field(repr=False)
    """The whole sheet, a `PIL.Image.Image`."""
    captions: tuple[str, ...]
    shows: tuple[str, ...] = ()
    """What each picture shows, for whoever cannot see it."""

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the sheet to `path` (.png, .jpg, .webp; none: .png), and return the path.

        Raises:
            Conflict: there is such a file already, and `overwrite` is False.
            InvalidRequest: the ending is unknown, or the folder does not exist.
        """
        target = Path(path).expanduser()
        target = target if target.suffix else target.with_name(f"{target.name}.png")
        kind = FORMATS.get(target.suffix.lower())
        if kind is None:
            raise InvalidRequest(
                f"A picture cannot be saved as {target.suffix}.", "Use .png, .jpg or .webp."
            )
        if not target.parent.is_dir():
            raise InvalidRequest(
                f"The folder {target.parent} does not exist.", "Make it, or choose another one."
            )
        write_whole(target, _encoded(self.image, kind), overwrite=overwrite)
        return target

    @cached_property
    def _shown(self) -> str:
        return base64.b64encode(_encoded(self.image, "JPEG")).decode()

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        count = "1 picture" if len(self.captions) == 1 else f"{len(self.captions)} pictures"
        words = f"{count}: {'; '.join(self.shows or self.captions)}"
        picture = (
            f'<img src="data:image/jpeg;base64,{self._shown}" '
            f'alt="{html.escape(words, quote=True)}" style="max-width: 100%; height: auto">'
        )
        # The picture itself too, for paper and for whoever shows no HTML.
        return {"text/html": picture, "image/jpeg": self._shown, "text/plain": words}, {}


@dataclass(frozen=True)
class Compared:
    """Two pictures side by side: `verdict` is identical, similar or different, `why` says what
    differs in their making, `decibels` how strong the noise between them is."""

    grid: Grid = field(repr=False)
    found: Comparison
    differing: tuple[tuple[str, str, str], ...]
    """What is known of both and differs: its name, and what it is for each."""

    @property
    def verdict(self) -> Verdict:
        """identical, similar or different."""
        return self.found.verdict

    @property
    def why(self) -> tuple[str, ...]:
        """What may be the reason, in sentences."""
        return self.found.why

    @property
    def decibels(self) -> float | None:
        """Peak signal-to-noise ratio; None: there is no noise, or the sizes differ."""
        return self.found.decibels

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        bundle, _ = self.grid._repr_mimebundle_()
        lines = [f"{name}: {first} | {second}" for name, first, second in self.differing]
        text = "\n".join([f"The pictures are {self.verdict}.", *lines])
        shown = f"<p>The pictures are <b>{self.verdict}</b>.</p>{differences(self.differing)}"
        return {**bundle, "text/html": bundle["text/html"] + shown, "text/plain": text}, {}


def grid(
    images: Iterable[Source],
    columns: int | None = None,
    captions: Sequence[str] | None = None,
    cell_width: int = CELL_WIDTH,
) -> Grid:
    """Lay pictures out in rows, each above its caption.

    `images` are pictures as `edit` takes them, at most 100. `columns` None chooses a number that
    suits; `captions` None writes what is known of each; `cell_width` is in pixels, 64 to 1024.

    Raises:
        InvalidRequest: there is none, something of it is no picture, or a value is wrong.
    """
    # One picture, or the path of one, makes a grid as well.
    alone = isinstance(images, (str, bytes, os.PathLike, GeneratedImage))
    sources: list[Source] = [images] if alone else _listed(images)
    if not 1 <= len(sources) <= MOST_PICTURES:
        raise InvalidRequest(
            f"images: {len(sources)} pictures make no grid.", f"Pass 1 to {MOST_PICTURES}."
        )
    if columns is not None and not (_whole(columns) and columns >= 1):
        raise InvalidRequest(
            f"columns: {columns!r} is no number of columns.",
            "Pass a whole number, 1 or more, or None.",
        )
    if not (_whole(cell_width) and 64 <= cell_width <= 1024):
        raise InvalidRequest(
            f"cell_width: {cell_width!r} is no width.", "Pass a whole number of pixels, 64 to 1024."
        )
    if captions is not None and len(captions) != len(sources):
        raise InvalidRequest(
            f"captions: {len(captions)} for {len(sources)} pictures.", "Pass one for each."
        )
    words = [_caption(s) for s in sources] if captions is None else [str(c) for c in captions]
    across = columns or min(len(sources), max(2, math.ceil(math.sqrt(len(sources)))))
    sheet = _sheet([opened(s) for s in sources], words, across, cell_width)
    return Grid(sheet, tuple(words), tuple(map(_shows, sources, words)))


def compare(first: Source, second: Source) -> Compared:
    """Put two pictures side by side, and say how alike they are and what differs.

    Both are pictures as `edit` takes them; what differs in their making is told of those that
    `generate` or `edit` made.

    Raises:
        InvalidRequest: one of them is no picture.
    """
    first, second = one_of(first), one_of(second)
    was, now = (
        source.provenance if isinstance(source, GeneratedImage) else None
        for source in (first, second)
    )
    found = compared(file_of(first), file_of(second), was, now)
    differing: tuple[tuple[str, str, str], ...] = ()
    if isinstance(first, GeneratedImage) and isinstance(second, GeneratedImage):
        differing = differing_facts(first, second)
    return Compared(grid([first, second], 2, cell_width=SHOWN_WIDTH // 2), found, differing)


def differing_facts(
    first: GeneratedImage, second: GeneratedImage
) -> tuple[tuple[str, str, str], ...]:
    """Return what differs in the making of two pictures: its name, and what it is for each."""
    before, after = dict(facts(first)), dict(facts(second))
    names = dict.fromkeys([*before, *after])
    return tuple(
        (name, before.get(name, "–"), after.get(name, "–"))
        for name in names
        if before.get(name) != after.get(name) and name not in ALWAYS_DIFFER
    )


def differences(differing: Iterable[tuple[str, str, str]]) -> str:
    """Return what differs as an HTML table; empty: nothing does."""
    rows = "".join(
        f'<tr><th scope="row" style="{CELL}">{html.escape(name)}</th>'
        + "".join(f'<td style="{CELL}">{html.escape(value)}</td>' for value in values)
        + "</tr>"
        for name, *values in differing
    )
    return f'<table style="line-height: 1.4">{rows}</table>' if rows else ""


def _listed(images: Iterable[Source]) -> list[Source]:
    try:
        return list(images)
    except TypeError:
        raise InvalidRequest(
            "images: this is no list of pictures.", "Pass what generate() returned, or a list."
        ) from None


def _whole(value: object) -> bool:
    # numpy's own whole numbers, too.
    return hasattr(value, "__index__")


def _shows(source: Source, caption: str) -> str:
    prompt = source.prompt if isinstance(source, GeneratedImage) else ""
    return ": ".join(part for part in (caption, prompt) if part)


def _caption(source: Source) -> str:
    if isinstance(source, GeneratedImage):
        return source.caption()
    return Path(source).name if isinstance(source, (str, os.PathLike)) else ""


def _sheet(pictures: list[Image], captions: list[str], columns: int, width: int) -> Image:
    from PIL import Image, ImageDraw, ImageFont

    small = [_fitted(picture, width) for picture in pictures]
    rows = [small[begin : begin + columns] for begin in range(0, len(small), columns)]
    below = CAPTION_HEIGHT if any(captions) else 0
    heights = [max(picture.height for picture in row) for row in rows]
    across = min(columns, len(small)) * (width + GAP) + GAP
    sheet = Image.new("RGB", (across, sum(heights) + len(rows) * (below + GAP) + GAP), "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(TEXT_SIZE)
    top, words = GAP, iter(captions)
    for row, height in zip(rows, heights, strict=True):
        for place, picture in enumerate(row):
            left = GAP + place * (width + GAP)
            sheet.paste(picture, (left + (width - picture.width) // 2, top))
            text = _cut(next(words), lambda part: pen.textlength(part, font), width)
            pen.text((left, top + height + 6), text, fill="black", font=font)
        top += height + below + GAP
    return sheet


def _fitted(picture: Image, width: int) -> Image:
    small = picture.convert("RGB")
    small.thumbnail((width, width * 2), reducing_gap=2.0)
    return small


def _cut(text: str, length: Any, width: int) -> str:
    line = " ".join(text.split())[:200]
    if length(line) <= width:
        return line
    while line and length(f"{line}…") > width:
        line = line[:-1]
    return f"{line}…"


def _encoded(picture: Image, kind: str) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, quality=92)
    return out.getvalue()
