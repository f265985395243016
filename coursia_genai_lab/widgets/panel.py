"""The form: describe a picture, press a button, watch it come, keep it."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import aclosing

import ipywidgets as w

from ..client import AsyncDoor, find_access
from ..client.events import Event, Picture, Preview, Step, Waiting
from ..client.work import Work
from ..errors import Conflict, GenAIError, GenerationCancelled, InvalidRequest, NotFound
from ..wire.images import GenerationRequest, ModelInfo
from .asking import new_seed, request_for
from .making import keep
from .panel_parts import Parts, hide, show
from .pictures import GeneratedImage, Images
from .progress import about, shrunk
from .words import find_words

log = logging.getLogger(__name__)


class GenerationPanel(w.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """A form that makes pictures; it stays alive while one is made, and while cells run.

    `prompt` fills the form. `language` is "en" or "fr"; None: what LANGUAGE or LANG of the kernel
    asks for. `images` holds the last pictures, `error` what went wrong last, else None; `parts` are
    the widgets, for whoever wants to fill in or arrange them by program.
    """

    def __init__(self, prompt: str = "", *, language: str | None = None) -> None:
        self.words = find_words(language, os.environ)
        self.parts = Parts(self.words, prompt, new_seed())
        self.images: Images | None = None
        self.error: GenAIError | None = None
        self._used_seed: int | None = None
        self._work: Work | None = None
        self._lock = threading.RLock()
        super().__init__(self.parts.children(), layout=w.Layout(max_width="44em", padding="8px"))
        self.parts.generate.on_click(self._pressed_generate)
        self.parts.cancel.on_click(lambda _: self.cancel())
        self.parts.dice.on_click(self._pressed_dice)
        self.parts.save.on_click(self._pressed_save)
        self.parts.refresh.on_click(lambda _: self.refresh())
        self.parts.show_line(self.words("Write what the picture should show, then press Generate."))
        self.refresh()

    @property
    def running(self) -> bool:
        """Whether a picture is being made."""
        with self._lock:
            return self._work is not None

    def generate(self) -> None:
        """Begin to make the picture that the form describes; `wait` brings it.

        Raises:
            Conflict: one is being made already.
            GenAIError: the form is wrong, or GenAI is not enabled for this kernel.
        """
        access = find_access(os.environ)
        with self._lock:
            if self._work is not None:
                raise Conflict(
                    "A picture is being made already.", "Wait until it is ready, or cancel it."
                )
            request = self._request()
            self._work = work = Work(self._make(request, AsyncDoor(access)), self._over)
        self.error = None
        self._show_running()
        work.start()

    def cancel(self) -> None:
        """Stop making the picture; does nothing when none is made."""
        with self._lock:
            work = self._work
        if work is not None:
            self.parts.cancel.disabled = True
            self.parts.show_line(self.words("Cancelling"))
            work.cancel()

    def wait(self, seconds: float | None = None) -> Images:
        """Wait for the picture that is being made, at most `seconds`, and return it.

        Raises:
            GenAIError: what went wrong, GenerationCancelled, or NotFound when there is none.
            TimeoutError: it is not ready yet.
        """
        with self._lock:
            work = self._work
        if work is not None and not work.join(seconds):
            raise TimeoutError("The picture is not ready yet.")
        if self.error is not None:
            raise self.error
        if self.images is None:
            raise NotFound("There is no picture yet.", "Press Generate first.")
        return self.images

    def refresh(self) -> None:
        """Ask for the list of models, in the background."""
        try:
            access = find_access(os.environ)
        except GenAIError as error:
            self._tell(error)
            return
        Work(self._list(AsyncDoor(access)), lambda _: None).start()

    def _request(self) -> GenerationRequest:
        parts = self.parts
        prompt = parts.prompt.value.strip()
        if not prompt:
            raise InvalidRequest(
                "The description is empty.",
                "Write what the picture should show, then press Generate.",
            )
        if not parts.lock.value and parts.seed.value == self._used_seed:
            # A seed that somebody has just chosen stays; one that was used makes room for another.
            parts.seed.value = new_seed()
        self._used_seed = parts.seed.value
        return request_for(
            prompt,
            size=parts.size.value,
            model=parts.model.value,
            seed=parts.seed.value,
        )

    async def _list(self, door: AsyncDoor) -> None:
        try:
            async with door:
                self._offer(await door.models())
        except GenAIError as error:
            self._tell(error)

    def _offer(self, models: list[ModelInfo]) -> None:
        self.parts.offer(models)

    async def _make(self, request: GenerationRequest, door: AsyncDoor) -> None:
        pictures: list[GeneratedImage] = []
        try:
            async with door, aclosing(door.stream(request)) as events:
                async for event in events:
                    if isinstance(event, Picture):
                        pictures.append(keep(event, request))
                    self._show(event)
            self.images = Images(pictures)
        except GenAIError as error:
            self.error = error
        # The boundary of the thread: whatever went wrong must reach the person at the form.
        except Exception as error:
            log.exception("the panel could not make a picture")
            self.error = GenAIError(
                self.words("Something unexpected happened: {kind}.", kind=type(error).__name__)
            )

    def _over(self, cancelled: bool) -> None:
        if cancelled:
            self.error = GenerationCancelled("The generation was cancelled.")
        try:
            self._show_end()
        finally:
            with self._lock:
                self._work = None

    def _show_end(self) -> None:
        parts = self.parts
        parts.show_preview("")
        hide(parts.running)
        parts.generate.disabled, parts.cancel.disabled = False, True
        if isinstance(self.error, GenerationCancelled):
            parts.show_line(self.words("Cancelled."))
        elif self.error is not None:
            parts.show_line("")
            self._tell(self.error)
        elif self.images is not None:
            parts.show_result(self.images[0])
            ready = self.words("The picture is ready.")
            parts.show_line(f"{ready} {self.words(self.images[0].warning)}".strip())

    def _show_running(self) -> None:
        parts = self.parts
        parts.generate.disabled, parts.cancel.disabled = True, False
        parts.bar.value = 0
        parts.show_error("", "")
        parts.show_line(self.words("Asking for the picture"))
        show(parts.running)

    def _show(self, event: Event) -> None:
        words, parts = self.words, self.parts
        if isinstance(event, Preview):
            parts.show_preview(shrunk(event.data))
        elif isinstance(event, Waiting):
            parts.show_line(self._waiting(event))
        elif isinstance(event, Step):
            if event.percent is not None:
                parts.bar.value = event.percent
            counted = (
                words("Step {step} of {steps}", step=event.step, steps=event.steps)
                if event.steps
                else ""
            )
            parts.show_line(counted or event.phase or words("Working"))

    def _waiting(self, event: Waiting) -> str:
        words = self.words
        if event.position is None:
            return words("Waiting: {reason}", reason=event.reason)
        if event.seconds is None:
            return words("Waiting in line: place {place}", place=event.position)
        return words(
            "Waiting in line: place {place}, about {time}",
            place=event.position,
            time=about(event.seconds),
        )

    def _tell(self, error: GenAIError) -> None:
        self.parts.show_error(self.words(error.message), self.words(error.remedy))

    def _pressed_generate(self, _: w.Button) -> None:
        try:
            self.generate()
        except GenAIError as error:
            self._tell(error)

    def _pressed_dice(self, _: w.Button) -> None:
        self.parts.seed.value = new_seed()

    def _pressed_save(self, _: w.Button) -> None:
        self.parts.show_error("", "")
        if self.images is None:
            return
        try:
            path = self.images[0].save(self.parts.name.value.strip() or "picture.png")
        except GenAIError as error:
            self._tell(error)
        except OSError as error:
            self.parts.show_error(str(error.strerror or type(error).__name__), "")
        else:
            self.parts.show_line(self.words("Saved as {path}.", path=path))
