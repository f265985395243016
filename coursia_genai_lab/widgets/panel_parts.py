"""What the form is made of: its fields, buttons and places, laid out."""

from __future__ import annotations

import html

import ipywidgets as w

from ..wire.images import ModelInfo
from .pictures import GeneratedImage
from .words import Words

SIZES = (("Square", 1024, 1024), ("Landscape", 1536, 1024), ("Portrait", 1024, 1536))
SMALL = ("Small square", 512, 512)
LABELS = {"description_width": "7em"}


class Parts:
    """The widgets of one form; they know their looks and words, and nothing of what they do."""

    def __init__(self, words: Words, prompt: str, seed: int) -> None:
        self.words = words
        self.prompt = w.Textarea(
            value=prompt,
            description=words("Prompt"),
            placeholder=words("What should the picture show?"),
            rows=3,
            style=LABELS,
            layout=w.Layout(width="100%"),
        )
        self.model = w.Dropdown(
            options=[(words("Best available"), None)],
            description=words("Model"),
            style=LABELS,
            layout=w.Layout(flex="1 1 auto"),
        )
        # In words: an icon font's sign is all that a screen reader would have of it.
        self.refresh = w.Button(
            description=words("Refresh"),
            tooltip=words("Update the list of models"),
            layout=w.Layout(width="auto"),
        )
        self.size = w.Dropdown(
            options=[
                (f"{words(name)} {width} × {height}", (width, height))
                for name, width, height in (*SIZES, SMALL)
            ],
            description=words("Size"),
            style=LABELS,
            layout=w.Layout(width="100%"),
        )
        self._seed(seed)
        self._actions()
        self._places()

    def _seed(self, seed: int) -> None:
        words = self.words
        self.seed = w.BoundedIntText(
            value=seed,
            min=0,
            max=2**53 - 1,
            description=words("Seed"),
            style=LABELS,
            layout=w.Layout(width="16em"),
        )
        self.dice = w.Button(
            description=words("New seed"),
            icon="random",
            tooltip=words("Take another seed"),
            layout=w.Layout(width="auto"),
        )
        self.lock = w.ToggleButton(
            value=False,
            description=words("Keep seed"),
            icon="lock",
            tooltip=words("Use the same seed again, to repeat a picture"),
            layout=w.Layout(width="auto"),
        )

    def _actions(self) -> None:
        words = self.words
        self.generate = w.Button(
            description=words("Generate"),
            icon="image",
            button_style="primary",
            tooltip=words("Make the picture"),
        )
        self.cancel = w.Button(
            description=words("Cancel"),
            icon="stop",
            tooltip=words("Stop making the picture"),
            disabled=True,
        )
        self.name = w.Text(
            value="picture.png",
            description=words("File"),
            style=LABELS,
            layout=w.Layout(flex="1 1 auto"),
        )
        self.save = w.Button(
            description=words("Save"),
            icon="save",
            tooltip=words("Save the picture beside the notebook"),
        )

    def _places(self) -> None:
        words = self.words
        self.bar = w.FloatProgress(min=0, max=100, layout=w.Layout(width="100%"))
        self.bar.tooltip = words("Progress")
        self.line = w.HTML()
        self.preview = w.HTML()
        self.error = w.HTML()
        self.result = w.HTML()
        self.saving = w.HBox([self.name, self.save])
        self.running = w.VBox([self.bar, self.preview])
        hide(self.running, self.saving)

    def children(self) -> list[w.Widget]:
        """Return the parts from top to bottom."""
        title = (
            f'<b role="heading" aria-level="2">{html.escape(self.words("Image generation"))}</b>'
        )
        return [
            w.HTML(title),
            self.prompt,
            w.HBox([self.model, self.refresh]),
            self.size,
            w.HBox([self.seed, self.dice, self.lock], layout=w.Layout(flex_flow="row wrap")),
            w.HBox([self.generate, self.cancel], layout=w.Layout(margin="4px 0 4px 7.4em")),
            self.line,
            self.running,
            self.error,
            self.result,
            self.saving,
        ]

    def show_line(self, text: str) -> None:
        """Say how it stands; a screen reader reads it when it has a moment."""
        self.line.value = f'<span role="status">{html.escape(text)}</span>' if text else ""

    def show_error(self, message: str, remedy: str) -> None:
        """Say what went wrong and what to do; empty words clear the place."""
        colour = "var(--jp-error-color1, #b00020)"
        self.error.value = (
            f'<div role="alert" style="border-left: 4px solid {colour}; padding: 4px 8px; '
            f'line-height: 1.4"><b>{html.escape(message)}</b><br>{html.escape(remedy)}</div>'
            if message
            else ""
        )

    def show_preview(self, data_url: str) -> None:
        """Show how the picture looks by now; an empty address clears the place."""
        words = html.escape(self.words("Preview"), quote=True)
        self.preview.value = f'<img alt="{words}" src="{data_url}">' if data_url else ""

    def show_result(self, picture: GeneratedImage | None) -> None:
        """Show a finished picture with its origin; None clears the place."""
        if picture is None:
            self.result.value = ""
            hide(self.saving)
            return
        bundle, _ = picture._repr_mimebundle_()
        media_type = next(kind for kind in bundle if kind.startswith("image/"))
        prompt = html.escape(picture.prompt, quote=True)
        self.result.value = (
            '<figure style="margin: 8px 0">'
            f'<img alt="{prompt}" src="data:{media_type};base64,{bundle[media_type]}" '
            'style="max-width: min(100%, 512px); height: auto">'
            f'<figcaption style="line-height: 1.6">{html.escape(picture.caption())}</figcaption>'
            "</figure>"
        )
        show(self.saving)

    def offer(self, models: list[ModelInfo]) -> None:
        """Fill the list of models, keeping the choice where it is still there."""
        chosen = self.model.value
        options: list[tuple[str, str | None]] = [(self.words("Best available"), None)]
        options += [(self._model_title(model), model.id) for model in models]
        self.model.options = options
        self.model.value = chosen if chosen in [value for _, value in options] else None

    def _model_title(self, model: ModelInfo) -> str:
        if not model.available:
            return self.words("{title} (not available)", title=model.title)
        if model.demo:
            return self.words("{title} (demo)", title=model.title)
        return model.title


def hide(*parts: w.Widget) -> None:
    """Take parts out of sight, for screen readers too."""
    for part in parts:
        part.layout.display = "none"


def show(*parts: w.Widget) -> None:
    """Bring parts back into sight."""
    for part in parts:
        part.layout.display = None
