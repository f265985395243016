"""The pictures that were made: a row of small ones, and the chosen one large."""

from __future__ import annotations

import base64
import html
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import ipywidgets as w

from ..pictures import GeneratedImage
from ..showing import origin
from ..words import Words
from .looks import WRAPPED, hide, show

MOST_PICTURES = 24
THUMB_WIDTH = 96
LARGE_WIDTH = 640
LONGEST_TIP = 120


@dataclass(frozen=True)
class Kept:
    """A picture in the row: its number for people, and its button."""

    number: int
    picture: GeneratedImage
    thumb: w.Button
    style: str


class Gallery:
    """Newest first, 24 at most; `changed` is called when another picture is chosen or added."""

    def __init__(self, words: Words, changed: Callable[[], None]) -> None:
        self._words = words
        self._changed = changed
        self._kept: tuple[Kept, ...] = ()
        self._chosen: Kept | None = None
        self._zoomed = False
        self._class = f"genai-{uuid.uuid4().hex[:8]}"
        self._styles = w.HTML(layout=w.Layout(height="0", margin="0"))
        self.thumbs = w.HBox([], layout=w.Layout(**WRAPPED))
        self.large = w.HTML()
        self.box = w.VBox([self._styles, self.thumbs, self.large])
        hide(self.box)

    @property
    def chosen(self) -> GeneratedImage | None:
        """The picture that is shown large; None: there is none."""
        return self._chosen.picture if self._chosen is not None else None

    @property
    def pictures(self) -> list[GeneratedImage]:
        """All pictures, the newest first."""
        return [kept.picture for kept in self._kept]

    @property
    def chosen_number(self) -> int | None:
        """The number of the picture that is shown large; None: there is none."""
        return self._chosen.number if self._chosen is not None else None

    def picture(self, number: int) -> GeneratedImage:
        """Return the picture of a number; KeyError: there is none."""
        return {kept.number: kept.picture for kept in self._kept}[number]

    def names(self, *, others: bool = False) -> list[tuple[str, int]]:
        """Return each picture's name for people, and its number; `others`: not the chosen one."""
        return [
            (f"{self._name(kept)} · {kept.picture.caption(self._words)}", kept.number)
            for kept in self._kept
            if not (others and kept is self._chosen)
        ]

    def add(self, pictures: Iterable[GeneratedImage], *, choose: bool = True) -> None:
        """Put new pictures in front; `choose` shows the first of them."""
        highest = max((kept.number for kept in self._kept), default=0)
        new = [self._keep(one, highest + n) for n, one in enumerate(pictures, 1)]
        if new:
            shown = new[0] if choose or self._chosen is None else self._chosen
            self._lay((*reversed(new), *self._kept), shown)

    def add_older(self, pictures: Iterable[GeneratedImage]) -> None:
        """Put pictures of before behind those that are there, the newest of them first."""
        old = [self._keep(one, 0) for one in pictures]
        old = [replace(kept, number=len(old) - place) for place, kept in enumerate(old)]
        new = tuple(replace(kept, number=kept.number + len(old)) for kept in self._kept)
        if old:
            shown = next((kept for kept in new if kept.picture is self.chosen), old[0])
            self._lay((*new, *old), shown)

    def clear(self) -> None:
        """Forget all pictures."""
        self._kept, self._chosen = (), None
        self._draw()

    def choose(self, picture: GeneratedImage) -> None:
        """Show a picture large."""
        found = next((kept for kept in self._kept if kept.picture is picture), None)
        if found is not None:
            self._lay(self._kept, found)

    def zoom(self, zoomed: bool) -> None:
        """Show the chosen picture pixel by pixel, to be moved about in; or as it fits."""
        self._zoomed = zoomed
        self._draw_large()

    def _keep(self, picture: GeneratedImage, number: int) -> Kept:
        name = f"{self._class}-{uuid.uuid4().hex[:8]}"
        thumb = w.Button(layout=w.Layout(width="108px", height="124px"))
        thumb.add_class(self._class)
        thumb.add_class(name)
        thumb.on_click(lambda _: self.choose(picture))
        scale = min(THUMB_WIDTH / picture.size[0], THUMB_WIDTH / picture.size[1])
        width, height = (max(1, round(side * scale)) for side in picture.size)
        style = (
            f".{name}{{background-image:url({picture.thumbnail(THUMB_WIDTH)});"
            f"background-size:{width}px {height}px}}"
        )
        return Kept(number, picture, thumb, style)

    def _name(self, kept: Kept) -> str:
        return self._words("Picture {number}", number=kept.number)

    def _lay(self, kept: tuple[Kept, ...], chosen: Kept) -> None:
        dropped = kept[MOST_PICTURES:]
        self._kept = kept[:MOST_PICTURES]
        self._chosen = self._kept[0] if chosen in dropped else chosen
        self._draw()
        for one in dropped:
            one.thumb.close()

    def _draw(self) -> None:
        self._styles.value = f"<style>{self._looks()}{''.join(k.style for k in self._kept)}</style>"
        for kept in self._kept:
            tip = " ".join(kept.picture.prompt.split())[:LONGEST_TIP]
            kept.thumb.tooltip = f"{self._name(kept)}: {tip}"
            # A tick, for a frame in colour alone would say nothing to many.
            kept.thumb.description = ("✓ " if kept is self._chosen else "") + self._name(kept)
        self.thumbs.children = [kept.thumb for kept in self._kept]
        self._draw_large()
        (show if self._kept else hide)(self.box)
        self._changed()

    def _draw_large(self) -> None:
        self.large.value = "" if self.chosen is None else self._figure(self.chosen)

    def _figure(self, picture: GeneratedImage) -> str:
        alt = html.escape(picture.prompt, quote=True)
        if self._zoomed:
            data = base64.b64encode(picture.data).decode()
            label = html.escape(self._words("Picture in full size; move about by the arrow keys"))
            image = (
                f'<div tabindex="0" role="region" aria-label="{label}" '
                'style="overflow: auto; max-height: 80vh; border: 1px solid var(--jp-border-color1,'
                f' #bbb)"><img alt="{alt}" src="data:image/{picture.format};base64,{data}" '
                f'style="max-width: none; width: {picture.size[0]}px"></div>'
            )
        else:
            image = (
                f'<img alt="{alt}" src="{picture.thumbnail(LARGE_WIDTH)}" style="height: auto; '
                f'width: {min(picture.size[0], LARGE_WIDTH)}px; max-width: 100%">'
            )
        caption = html.escape(picture.caption(self._words))
        return (
            f'<figure style="margin: 8px 0">{image}'
            f'<figcaption style="line-height: 1.6">{caption}{origin(picture, self._words)}'
            "</figcaption></figure>"
        )

    def _looks(self) -> str:
        return (
            f".{self._class}{{background-repeat:no-repeat;background-position:center 4px;"
            "display:flex;align-items:flex-end;justify-content:center;padding:0 0 4px;"
            "line-height:1.2;white-space:nowrap}"
        )
