"""The fields that describe a picture, and the request that they make."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as w

from ...client.images import EditRequest
from ...errors import GenAIError, InvalidRequest
from ...wire.images import GenerationRequest, ModelInfo
from ..asking import new_seed, request_for
from ..pictures import GeneratedImage
from ..words import Words
from . import offers
from .looks import INDENT, LABELS, button, hide, row, show, toggle

SIZES = (
    ("Square", 1024, 1024),
    ("Landscape 3:2", 1536, 1024),
    ("Portrait 2:3", 1024, 1536),
    ("Wide 16:9", 1344, 768),
    ("Tall 9:16", 768, 1344),
    ("Standard 4:3", 1152, 896),
    ("Small square", 512, 512),
)
# Not None: a list whose value is None shows as if nothing were chosen.
OWN_SIZE = "own"
BEST = ""
MOST_AT_ONCE = 10
WIDE = {"width": "auto"}
NARROW = {"width": "14em"}


class Fields:
    """The widgets of the form's upper half; `box` holds them all.

    `model` is a name, or empty for the best that is free. `size` is (width, height), or "own" for
    the values of `width` and `height`. In `steps` and `guidance` 0 leaves it to the model.
    """

    def __init__(self, words: Words, prompt: str) -> None:
        self._words = words
        self._models: list[ModelInfo] = []
        self._used_seed: int | None = None
        self._add_prompt(prompt)
        self._add_model()
        self._add_size()
        self._add_seed()
        self._add_more()
        self.box = w.VBox(
            [
                self.prompt,
                row(self.model, self.refresh),
                self.note,
                row(self.size, self.number),
                self.own_size,
                row(self.seed, self.dice, self.lock),
                w.HBox([self.more], layout=w.Layout(margin=f"0 0 0 {INDENT}")),
                self.further,
            ]
        )

    def request(self) -> GenerationRequest:
        """Return what the fields ask for; a seed that was used makes room for another.

        Raises:
            InvalidRequest: a field is empty or wrong.
        """
        prompt = self.prompt.value.strip()
        if not prompt:
            raise InvalidRequest(
                "The description is empty.",
                "Write what the picture should show, then press Generate.",
            )
        if not self.lock.value and self.seed.value == self._used_seed:
            # A seed that somebody has just chosen stays.
            self.seed.value = new_seed()
        self._used_seed = self.seed.value
        own = self.size.value == OWN_SIZE
        size = (self.width.value, self.height.value) if own else self.size.value
        return request_for(prompt, size=size, seed=self.seed.value, **self.choices())

    def choices(self) -> dict[str, Any]:
        """Return the fields that a change of a picture has, too: all but prompt, size and seed."""
        return {
            "model": self.model.value or None,
            "n": self.number.value,
            "steps": self.steps.value or None,
            "guidance": self.guidance.value or None,
            "negative_prompt": self.negative.value.strip() or None,
        }

    def choices_for_a_change(self) -> dict[str, Any]:
        """Return `choices` where the chosen model changes pictures.

        Raises:
            InvalidRequest: it makes new ones only.
        """
        model = self.chosen_model()
        if model is not None and model.edits is False:
            raise InvalidRequest(
                "The chosen model makes new pictures only.",
                "Choose another model, or the best available.",
            )
        return self.choices()

    def fill(self, picture: GeneratedImage) -> None:
        """Write what a picture was made from into the fields, and keep its seed."""
        request = picture.asked.request if isinstance(picture.asked, EditRequest) else picture.asked
        self.prompt.value = picture.prompt
        self._fill_size(*picture.size)
        if picture.seed is not None and picture.seed <= self.seed.max:
            self.seed.value, self.lock.value = picture.seed, True
        if picture.model in [value for _, value in self.model.options]:
            self.model.value = picture.model
        if request is not None:
            self.negative.value = request.negative_prompt or ""
            self.steps.value = request.steps or 0
            self.guidance.value = request.guidance or 0.0
            self.more.value = bool(request.negative_prompt or request.steps or request.guidance)

    def offer(self, models: list[ModelInfo]) -> None:
        """Fill the list of models, keeping the choice where it is still there."""
        chosen = self.model.value
        self._models = models
        options = [(self._words("Best available"), BEST)]
        options += [(offers.title(model, self._words), model.id) for model in models]
        # Left alone where it is the same: somebody may have the list open.
        if tuple(options) != self.model.options:
            self.model.options = options
            self.model.value = chosen if chosen in [value for _, value in options] else BEST
        self._tell_model()

    def offer_nothing(self, error: GenAIError) -> None:
        """Say why the models are not known now; the list stays as it was."""
        self._note(f"{self._words(error.message)} {self._words(error.remedy)}")

    def chosen_model(self) -> ModelInfo | None:
        """Return what is known of the chosen model; None: nothing, or none is chosen."""
        return next((one for one in self._models if one.id == self.model.value), None)

    def _add_prompt(self, prompt: str) -> None:
        self.prompt = w.Textarea(
            value=prompt,
            description=self._words("Prompt"),
            placeholder=self._words("What should the picture show?"),
            rows=3,
            style=LABELS,
            layout=w.Layout(**WIDE),
        )

    def _add_model(self) -> None:
        words = self._words
        self.model = w.Dropdown(
            options=[(words("Best available"), BEST)],
            description=words("Model"),
            style=LABELS,
            layout=w.Layout(flex="1 1 16em"),
        )
        self.refresh = button(words("Refresh"), words("Update the list of models"))
        self.note = w.HTML(layout=w.Layout(margin=f"0 0 0 {INDENT}"))
        self.model.observe(lambda _: self._tell_model(), "value")

    def _add_size(self) -> None:
        words = self._words
        options: list[tuple[str, tuple[int, int] | str]] = [
            (f"{words(name)} {width} × {height}", (width, height)) for name, width, height in SIZES
        ]
        self.size = w.Dropdown(
            options=[*options, (words("Own size"), OWN_SIZE)],
            description=words("Size"),
            style=LABELS,
            layout=w.Layout(flex="1 1 16em"),
        )
        self.number = _number(words("Number"), 1, 1, MOST_AT_ONCE)
        self.width = _number(words("Width"), 1024, 64, 4096)
        self.height = _number(words("Height"), 1024, 64, 4096)
        self.own_size = row(self.width, self.height)
        hide(self.own_size)
        self.size.observe(lambda change: self._show_size(change["new"]), "value")
        self.number.observe(lambda _: self._tell_model(), "value")

    def _add_seed(self) -> None:
        words = self._words
        self.seed = _number(words("Seed"), new_seed(), 0, 2**53 - 1)
        self.seed.layout.width = "17em"
        self.dice = button(words("New seed"), words("Take another seed"), "random")
        self.lock = toggle(
            words("Keep seed"), words("Use the same seed again, to repeat a picture"), "lock"
        )
        self.dice.on_click(self._roll)

    def _add_more(self) -> None:
        words = self._words
        self.more = toggle(words("More settings"), words("Show what else may be chosen"), "sliders")
        self.negative = w.Textarea(
            description=words("Not in it"),
            placeholder=words("What should the picture not show? Not every model knows this."),
            rows=2,
            style=LABELS,
            layout=w.Layout(**WIDE),
        )
        self.steps = _number(words("Steps"), 0, 0, 150)
        self.guidance = w.BoundedFloatText(
            value=0,
            min=0,
            max=30,
            step=0.5,
            description=words("Guidance"),
            style=LABELS,
            layout=w.Layout(**NARROW),
        )
        hint = w.HTML(html.escape(words("Steps and guidance: 0 leaves it to the model.")))
        self.further = w.VBox([self.negative, row(self.steps, self.guidance), hint])
        hint.layout.margin = f"0 0 0 {INDENT}"
        hide(self.further)
        self.more.observe(self._show_further, "value")

    def _roll(self, _: w.Button) -> None:
        self.seed.value = new_seed()

    def _show_further(self, change: Any) -> None:
        (show if change["new"] else hide)(self.further)

    def _show_size(self, size: Any) -> None:
        (show if size == OWN_SIZE else hide)(self.own_size)
        if size != OWN_SIZE:
            self.width.value, self.height.value = size

    def _fill_size(self, width: int, height: int) -> None:
        known = (width, height) in [value for _, value in self.size.options]
        self.size.value = (width, height) if known else OWN_SIZE
        self.width.value, self.height.value = width, height

    def _tell_model(self) -> None:
        text = offers.note(self.chosen_model(), self.number.value, self._words)
        if self.model.value != BEST and self.chosen_model() is None:
            text = ""
        self._note(text)

    def _note(self, text: str) -> None:
        self.note.value = f'<small role="note">{html.escape(text)}</small>' if text else ""


def _number(description: str, value: int, least: int, most: int) -> w.BoundedIntText:
    return w.BoundedIntText(
        value=value,
        min=least,
        max=most,
        description=description,
        style=LABELS,
        layout=w.Layout(**NARROW),
    )
