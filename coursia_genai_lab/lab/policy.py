"""Which mode is in force: layers from operator to person, a lower one may only narrow."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import Conflict, NotAllowed
from ..wire.policy import Fallback, LayerName, Mode, ModeChange, ModeLayer, ModeView
from ..wire.services import Role
from .charge import Limit
from .rules import TextRules

ALLOWED_BELOW: dict[Mode, tuple[Mode, ...]] = {
    "auto": ("auto", "local", "cloud", "demo", "off"),
    "local": ("local", "demo", "off"),
    "cloud": ("cloud", "demo", "off"),
    "demo": ("demo", "off"),
    "off": ("off",),
}
"""What a layer may choose under each value above it. `off` above is final;
demo spends nothing and starts no container, so it narrows every other mode."""


@dataclass(frozen=True)
class _Layer:
    value: Mode | None
    set_by: str
    since: float | None


class Policy:
    """Resolve the mode and change the layers that may be changed here."""

    def __init__(
        self, operator_mode: Mode, *, on_change: Callable[[], None] = lambda: None
    ) -> None:
        self._layers: dict[LayerName, _Layer] = {
            "operator": _Layer(operator_mode, "the server's configuration", None),
            "class": _Layer(None, "", None),
            "person": _Layer(None, "", None),
        }
        self._on_change = on_change

    def effective(self, notebook_mode: Mode | None = None) -> Mode:
        """Return the mode in force, for one notebook where its own word is given.

        Where a notebook and the person exclude each other (local, cloud), the person decides:
        its author must neither start nor spend what the person has ruled out.
        """
        mode: Mode = "auto"
        mode = _below(mode, self._layers["operator"].value)
        mode = _below(mode, self._layers["class"].value)
        word, choice = _below(mode, notebook_mode), _below(mode, self._layers["person"].value)
        return word if word in ALLOWED_BELOW[choice] else choice

    def fallback(self, notebook_fallback: Fallback | None = None) -> Fallback:
        """Return what happens when a local service cannot answer: the most careful word counts."""
        return notebook_fallback or "ask"

    def refuse_model(self, person: str, model: str) -> None:
        """Return where a person's role may use a model.

        Raises:
            NotAllowed: code `model_not_allowed`.
        """

    def limits(self, person: str, provider: str = "") -> list[Limit]:
        """Return the quotas that concern a person's work, with the daily cap of a provider."""
        return []

    @property
    def queue_seconds(self) -> float | None:
        """A wait in line that is expected to be longer counts as not to be had in time."""
        return None

    @property
    def text(self) -> TextRules:
        """What may be asked of text models."""
        return TextRules()

    def view(self, role: Role = "admin", notebook_mode: Mode | None = None) -> ModeView:
        """Return the mode with its layers, as `role` sees it."""
        upper = self._layers["operator"].value or "auto"
        layers = [
            ModeLayer(
                layer=name,
                value=layer.value,
                set_by=layer.set_by,
                since=layer.since,
                editable=name == "person",
            )
            for name, layer in self._layers.items()
        ]
        return ModeView(
            effective=self.effective(notebook_mode),
            scope="server",
            layers=layers,
            enforced=False,
            choices=list(ALLOWED_BELOW[upper]),
        )

    def change(self, change: ModeChange, *, by: str) -> None:
        """Set or clear a layer.

        Raises:
            Conflict: the layer is read from elsewhere.
            NotAllowed: an upper layer forbids the value.
        """
        if change.layer == "operator":
            raise Conflict(
                "The operator's mode is part of the server's configuration.",
                "Set GenAILab.mode in the configuration and restart the server.",
            )
        if change.layer in ("class", "notebook"):
            raise Conflict(
                f"The {change.layer} layer cannot be set on this server.",
                "A class's mode needs the service placement; a notebook's word is written in its "
                "metadata. Here you can set the layer `person`.",
            )
        above = self._layers["operator"].value or "auto"
        if change.value is not None and change.value not in ALLOWED_BELOW[above]:
            raise NotAllowed(
                f"The mode {change.value} is not allowed while the server's mode is {above}.",
                "Choose one of: " + ", ".join(ALLOWED_BELOW[above]) + ".",
            )
        self._layers["person"] = _Layer(change.value, by, time.time())
        self._on_change()


def _below(mode: Mode, value: Mode | None) -> Mode:
    return value if value is not None and value in ALLOWED_BELOW[mode] else mode
