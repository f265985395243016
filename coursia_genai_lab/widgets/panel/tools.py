"""What can be done with the chosen picture: keep it, repeat it, look closer, compare."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import ipywidgets as w

from ...errors import GenAIError
from ..code_text import code_for
from ..front_end import Wish, hand_over
from ..grids import differences, differing_facts
from ..pictures import GeneratedImage
from ..words import Words
from .gallery import Gallery
from .looks import LABELS, button, hide, row, show, toggle

NAME_LENGTH = 40
COMPARED_WIDTH = 280
# The numbers of pictures begin at 1.
NOTHING = 0


class Tools:
    """The widgets under the chosen picture, `box` and `below`; the panel does what needs a call.

    `say` shows a line, `tell` an error; `anchor` returns the id of the widget that the person
    displayed, for the front end to know its cell by.
    """

    def __init__(
        self,
        words: Words,
        gallery: Gallery,
        say: Callable[[str], None],
        tell: Callable[[GenAIError], None],
        anchor: Callable[[], str],
    ) -> None:
        self._words = words
        self._gallery = gallery
        self._say = say
        self._tell = tell
        self._anchor = anchor
        self._shown: GeneratedImage | None = None
        self._add_buttons()
        self._add_places()
        self.save.on_click(lambda _: self._save())
        self.copy.on_click(lambda _: self._copy())
        self.code.on_click(lambda _: self._make_code())
        self.zoom.observe(lambda change: gallery.zoom(change["new"]), "value")
        self.other.observe(lambda _: self._compare(), "value")
        hide(self.box, self.below)

    def renew(self) -> None:
        """Follow the gallery: another picture is chosen, or there are others."""
        picture, compared = self._gallery.chosen, self.other.value
        if picture is not self._shown:
            self._shown, compared = picture, NOTHING
            self._forget_told()
            self.name.value = _file_name(picture) if picture is not None else ""
        if picture is None:
            hide(self.box, self.below)
            return
        self._offer_others(compared)
        show(self.box, self.below)

    def _offer_others(self, compared: int) -> None:
        options = [(self._words("Nothing"), NOTHING), *self._gallery.names(others=True)]
        if tuple(options) != self.other.options:
            self.other.options = options
        there = compared in [number for _, number in options]
        self.other.value = compared if there else NOTHING

    def _add_buttons(self) -> None:
        words = self._words
        self.zoom = toggle(words("Zoom"), words("Show the picture in full size"), "search-plus")
        self.edit = toggle(words("Edit this picture"), words("Change something in it"), "edit")
        self.vary = button(words("Vary"), words("As many as Number says, of other seeds"), "clone")
        self.reuse = button(
            words("Use again"), words("Write its prompt, seed and settings into the form"), "undo"
        )
        self.copy = button(
            words("Copy prompt and seed"), words("Copy what the picture was made from"), "copy"
        )
        self.code = button(
            words("Make code"), words("Write the line of Python that makes it"), "code"
        )

    def _add_places(self) -> None:
        words = self._words
        self.name = w.Text(
            description=words("File"), style=LABELS, layout=w.Layout(flex="1 1 16em")
        )
        self.save = button(words("Save"), words("Save the picture beside the notebook"), "save")
        self.other = w.Dropdown(
            options=[(words("Nothing"), NOTHING)],
            description=words("Compare"),
            tooltip=words("Show another picture beside it"),
            style=LABELS,
            layout=w.Layout(flex="1 1 16em"),
        )
        self.beside = w.HTML()
        self.told = w.Textarea(rows=6, style=LABELS, layout=w.Layout(width="auto"))
        hide(self.told)
        self.box = w.VBox(
            [
                row(self.zoom, self.edit, self.vary, self.reuse, self.copy, self.code),
                self.told,
            ]
        )
        self.below = w.VBox([row(self.name, self.save), row(self.other), self.beside])

    def _save(self) -> None:
        picture = self._gallery.chosen
        if picture is None:
            return
        try:
            path = picture.save(self.name.value.strip() or _file_name(picture))
        except GenAIError as error:
            self._tell(error)
        except OSError as error:
            self._tell(GenAIError(str(error.strerror or type(error).__name__), ""))
        else:
            self._say(self._words("Saved as {path}.", path=path))

    def _copy(self) -> None:
        picture = self._gallery.chosen
        if picture is not None:
            seed = "" if picture.seed is None else f"\nseed: {picture.seed}"
            self._offer(
                f"{picture.prompt}{seed}", "clipboard", self._words("Prompt and seed"), "Copied."
            )

    def _make_code(self) -> None:
        picture = self._gallery.chosen
        if picture is not None:
            done = "A new cell with the code stands below."
            self._offer(code_for(picture), "cell", self._words("Code"), done)

    def _offer(self, text: str, wish: Wish, name: str, done: str) -> None:
        """Show a text to be copied by hand, and ask the front end to do better than that."""
        self.told.value, self.told.description = text, name
        show(self.told)
        self._say(self._words("Copy it from the field below."))

        def handed() -> None:
            self._forget_told()
            self._say(self._words(done))

        hand_over(wish, text, self._anchor(), handed)

    def _forget_told(self) -> None:
        self.told.value = ""
        hide(self.told)

    def _compare(self) -> None:
        first, shown, number = self._gallery.chosen, self._gallery.chosen_number, self.other.value
        if first is None or shown is None or not number:
            self.beside.value = ""
            return
        names = {number: name for name, number in self._gallery.names()}
        second = self._gallery.picture(number)
        figures = _beside(first, names[shown]) + _beside(second, names[number])
        differing = differing_facts(first, second)
        table = differences((self._words(name), was, now) for name, was, now in differing)
        same = html.escape(self._words("Nothing that is known of their making differs."))
        self.beside.value = (
            f'<div style="display: flex; flex-wrap: wrap; gap: 12px; line-height: 1.4">'
            f"{figures}</div>"
            f"{table or f'<p>{same}</p>'}"
        )


def _beside(picture: GeneratedImage, name: str) -> str:
    return (
        f'<figure style="margin: 0; width: {COMPARED_WIDTH}px; max-width: 100%">'
        f'<img alt="{html.escape(picture.prompt, quote=True)}" style="width: 100%" '
        f'src="{picture.thumbnail(COMPARED_WIDTH)}">'
        f"<figcaption>{html.escape(name)}</figcaption></figure>"
    )


def _file_name(picture: GeneratedImage) -> str:
    words = re.sub(r"[^\w]+", "-", picture.prompt.lower())[:NAME_LENGTH].strip("-") or "picture"
    seed = "" if picture.seed is None else f"-{picture.seed}"
    return f"{words}{seed}.{picture.format.replace('jpeg', 'jpg')}"
