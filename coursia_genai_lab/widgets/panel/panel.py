"""The form as a whole: its parts put together, and the calls that they make."""

from __future__ import annotations

import html
import os
import threading
from collections.abc import Callable
from pathlib import Path

import ipywidgets as w

from ...client import find_access
from ...client.images import Asked
from ...errors import (
    Conflict,
    GenAIError,
    GenerationCancelled,
    NotFound,
    QuotaExceeded,
    TokenMissing,
)
from ...wire.usage import UsageView
from ..asking import new_seed
from ..history import History, find_history
from ..pictures import GeneratedImage, Images
from ..replaying import variation
from ..words import find_words
from . import offers
from .editing import Editing
from .fields import Fields
from .gallery import Gallery
from .looks import button, hide, show, when_dead
from .place import Place
from .runs import Run, ask_usage, ending, remember
from .story import Story
from .tools import Tools
from .watching import Watch, watch_of

CONSENTS = "_consent_needed"


class GenerationPanel(w.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A form that makes pictures; it stays alive while one is made, and while cells run.

    `prompt` fills the form. `language` is "en" or "fr"; None: what LANGUAGE or LANG of the kernel
    asks for. `history` False neither keeps pictures for the next kernel nor shows those of the
    last. `images` holds the last pictures, `error` what went wrong last, else None. `fields`,
    `story`, `gallery`, `tools` and `editing` hold the widgets, from top to bottom, for whoever
    wants to fill in or arrange them by program.
    """

    def __init__(
        self, prompt: str = "", *, language: str | None = None, history: bool = True
    ) -> None:
        self.words = words = find_words(language, os.environ)
        self.images: Images | None = None
        self.error: GenAIError | None = None
        self._run: Run | None = None
        self._last: Callable[[], Asked] | None = None
        self._come = 0
        self._watch: Watch | None = None
        self._lock = threading.RLock()
        self._history: History | None = find_history(os.environ, Path.cwd()) if history else None
        self.fields = Fields(words, prompt)
        self.story = Story(words)
        self.editing = Editing(words)
        self.gallery = Gallery(words, self._follow)
        self.tools = Tools(words, self.gallery, self._done, self._tell_below, lambda: self.model_id)
        self.forget = button(
            words("Forget these pictures"), words("Delete what the form keeps for this notebook")
        )
        super().__init__(self._children(), layout=w.Layout(max_width="52em", padding="8px"))
        # Our JupyterLab extension knows the form by it, and leaves its keys alone.
        self.add_class("jp-GenAILab-form")
        self._connect()
        self.story.say(words("Write what the picture should show, then press Generate."))
        self.refresh()
        if self._history is not None:
            remember(self._history, self.gallery.add_older)

    def __repr__(self) -> str:
        # What stands in a saved notebook where no widgets are shown.
        # ipywidgets cuts it after 110 characters.
        return (
            "GenerationPanel: a form for pictures in JupyterLab and VS Code; "
            'elsewhere: generate("a red fox")'
        )

    def close(self) -> None:
        """End it in the notebook and in the kernel; what is being made goes on."""
        if self._watch is not None:
            self._watch.discard(self.fields)
        super().close()

    @property
    def running(self) -> bool:
        """Whether a picture is being made."""
        with self._lock:
            return self._run is not None

    def generate(self) -> None:
        """Begin to make the pictures that the form describes; `wait` brings them.

        Raises:
            Conflict: one is being made already.
            GenAIError: the form is wrong, or GenAI is not enabled for this kernel.
        """
        self._begin(self._described, self.fields.number.value)

    def edit(self) -> None:
        """Begin to change the chosen picture as the form says; errors as `generate`."""
        picture, choices = self._picture(), self.fields.choices_for_a_change()
        seed = self.fields.seed.value if self.fields.lock.value else new_seed()
        self._begin(lambda: self.editing.asked(picture, seed, **choices), choices["n"])

    def vary(self) -> None:
        """Begin to make pictures like the chosen one, of other seeds; errors as `generate`."""
        picture, count = self._picture(), self.fields.number.value
        asked = variation(picture, count)
        self._begin(lambda: lambda: asked, count)

    def again(self) -> None:
        """Ask for the same once more, after it failed; errors as `generate`."""
        last = self._last
        if last is None:
            raise NotFound("There is no picture yet.", "Press Generate first.")
        self._begin(lambda: last, self.fields.number.value)

    def cancel(self) -> None:
        """Stop making the picture; does nothing when none is made."""
        with self._lock:
            run = self._run
        if run is not None:
            self.story.made_at.say(self.words("Cancelling"))
            run.cancel()

    def wait(self, seconds: float | None = None) -> Images:
        """Wait for the pictures that are being made, at most `seconds`, and return them.

        Raises:
            GenAIError: what went wrong, GenerationCancelled, or NotFound when there is none.
            TimeoutError: they are not ready yet.
        """
        with self._lock:
            run = self._run
        if run is not None and not run.join(seconds):
            raise TimeoutError("The picture is not ready yet.")
        if self.error is not None:
            raise self.error
        if self.images is None:
            raise NotFound("There is no picture yet.", "Press Generate first.")
        return self.images

    def refresh(self) -> None:
        """Ask for the list of models and for what is left, in the background.

        The form does so by itself every few seconds, for a service that comes or another mode.
        """
        try:
            access = find_access(os.environ)
        except GenAIError as error:
            self._tell(error)
            return
        if self._watch is None:
            self._watch = watch_of(access)
            self._watch.add(self.fields)
        self._watch.soon()
        ask_usage(access, self._tell_left)

    def _children(self) -> list[w.Widget]:
        title = html.escape(self.words("Image generation"))
        return [
            w.HTML(f'{when_dead(self.words)}<b role="heading" aria-level="2">{title}</b>'),
            self.fields.box,
            self.story.box,
            self.gallery.box,
            self.tools.box,
            self.editing.box,
            self.story.below.box,
            self.tools.below,
            w.HBox([self.forget]),
        ]

    def _connect(self) -> None:
        above, below = self.story.above, self.story.below
        self.story.generate.on_click(lambda _: self._pressed(self.generate, above))
        for place in (above, below):
            place.again.on_click(lambda _, place=place: self._pressed(self.again, place))
        self.story.cancel.on_click(lambda _: self._pressed_cancel())
        below.cancel.on_click(lambda _: self._pressed_cancel())
        self.editing.apply.on_click(lambda _: self._pressed(self.edit, below))
        self.tools.vary.on_click(lambda _: self._pressed(self.vary, below))
        self.tools.reuse.on_click(lambda _: self._reuse())
        self.tools.edit.observe(lambda _: self._follow(), "value")
        self.fields.refresh.on_click(lambda _: self.refresh())
        self.forget.on_click(lambda _: self._pressed(self._forget, above))
        hide(self.forget)

    def _follow(self) -> None:
        """Let the parts under the pictures show the one that is chosen now."""
        self.tools.renew()
        self.editing.open(self.gallery.chosen if self.tools.edit.value else None)
        self.forget.description = self.words("Forget these pictures")
        (show if self.gallery.chosen else hide)(self.forget)

    def _picture(self) -> GeneratedImage:
        picture = self.gallery.chosen
        if picture is None:
            raise NotFound("There is no picture yet.", "Press Generate first.")
        return picture

    def _described(self) -> Callable[[], Asked]:
        request = self.fields.request()
        return lambda: request

    def _begin(self, describe: Callable[[], Callable[[], Asked]], count: int) -> None:
        access = find_access(os.environ)
        with self._lock:
            if self._run is not None:
                raise Conflict(
                    "A picture is being made already.", "Wait until it is ready, or cancel it."
                )
            self._last = make = describe()
            self._run = run = Run(
                make,
                access,
                hear=self.story.tell,
                ready=self._ready,
                over=self._over,
                history=self._history,
            )
            self._come = 0
        self.error = None
        self.story.begin(count, self._beginning())
        run.start()

    def _beginning(self) -> str:
        model = self.fields.chosen_model()
        if model is not None and model.cloud:
            return self.words(
                "Asking for the picture. The GenAI panel may have a question for you."
            )
        return self.words("Asking for the picture")

    def _ready(self, picture: GeneratedImage) -> None:
        # The first is shown; from then on the person may be looking at any.
        self.gallery.add([picture], choose=self._come == 0)
        self._come += 1

    def _over(self, run: Run) -> None:
        self.error = run.error
        if run.images is not None:
            self.images = run.images
        try:
            self._show_end(run)
        finally:
            with self._lock:
                self._run = None

    def _show_end(self, run: Run) -> None:
        words = self.words
        ended = [words("Cancelled.")] if isinstance(run.error, GenerationCancelled) else []
        ended += ending(run, words)
        self.story.end(" ".join(part for part in ended if part))
        if run.error is not None and not isinstance(run.error, GenerationCancelled):
            self._tell(run.error)
        if self._watch is not None:
            self._watch.soon()
        ask_usage(run.access, self._tell_left)

    def _tell_left(self, usage: UsageView) -> None:
        self.story.show_left(offers.left(usage, self.words))
        if isinstance(self.error, QuotaExceeded):
            self._tell(self.error, offers.renewals(usage, self.words))

    def _tell(self, error: GenAIError, more: str = "") -> None:
        words = self.words
        remedy = words(error.remedy)
        if error.error_code.endswith(CONSENTS):
            remedy += " " + words('Open the GenAI panel, press "Allow", then press "Try again".')
        self.story.show_error(
            words(error.message),
            f"{more} {remedy}".strip(),
            again=error is self.error and not isinstance(error, TokenMissing),
        )

    def _tell_below(self, error: GenAIError) -> None:
        self.story.go(self.story.below)
        self._tell(error)

    def _done(self, line: str) -> None:
        """Say what has been done with the pictures, where the buttons for it are."""
        self.story.go(self.story.below if self.gallery.chosen else self.story.above)
        self.story.show_error("", "")
        self.story.say(line)

    def _pressed(self, act: Callable[[], None], place: Place) -> None:
        self.story.go(place)
        try:
            act()
        except GenAIError as error:
            self._tell(error)

    def _pressed_cancel(self) -> None:
        if not self.running:
            self.story.go(self.story.above)
            self.story.say(self.words("Nothing is being made."))
        self.cancel()

    def _reuse(self) -> None:
        picture = self.gallery.chosen
        if picture is not None:
            self.fields.fill(picture)
            self._done(self.words("The form has the values of this picture."))

    def _forget(self) -> None:
        if self.forget.description == self.words("Forget these pictures"):
            self.forget.description = self.words("Really forget all of them?")
            return
        self.forget.description = self.words("Forget these pictures")
        if self._history is not None:
            self._history.forget()
        self.gallery.clear()
        self._done(self.words("The pictures are forgotten. Saved files stay."))
