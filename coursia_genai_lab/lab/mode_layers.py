"""The mode: layers from operator to person, of which a lower one may only narrow."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ..errors import Conflict, NotAllowed
from ..wire.policy import LayerName, Mode, ModeChange, ModeLayer, ModeView
from .people import People
from .rules import ClassWord, Rules

ALLOWED_BELOW: dict[Mode, tuple[Mode, ...]] = {
    "auto": ("auto", "local", "cloud", "demo", "off"),
    "local": ("local", "demo", "off"),
    "cloud": ("cloud", "demo", "off"),
    "demo": ("demo", "off"),
    "off": ("off",),
}
"""What a layer may choose under each value above it. `off` above is final;
demo spends nothing and starts no container, so it narrows every other mode."""
OPERATOR = "the server's configuration"


@dataclass(frozen=True)
class Layer:
    """One layer's word, and whose it is."""

    value: Mode | None = None
    set_by: str = ""
    since: float | None = None
    """Unix time, seconds."""


class ModeLayers:
    """Keep the layers. Where several people use one server, each has a layer of their own."""

    def __init__(self, operator: Mode, people: People) -> None:
        self._operator = Layer(operator, OPERATOR)
        self._class = Layer()
        self._people = people
        self._persons: dict[str, Layer] = {}

    def take(self, word: ClassWord) -> None:
        """Let the class's layer say what its policy says."""
        mode = word.rules.mode
        since = self._class.since if mode == self._class.value else time.time()
        self._class = Layer(mode, word.source, None if mode is None else since)

    @property
    def upper(self) -> Mode:
        """The mode that neither notebooks nor people can widen."""
        return _below(_below("auto", self._operator.value), self._class.value)

    def effective(self, notebook_mode: Mode | None) -> Mode:
        """Return the mode for the server's owner, or whoever it is that uses it alone."""
        return self._for(self._of(self._people.owner or ""), notebook_mode)

    def word(self, person: str, notebook_mode: Mode | None) -> Mode | None:
        """Return a notebook's word, narrowed to a person's own where others have theirs."""
        layer = self._persons.get(self._key(person))
        if self._people.alone or layer is None:
            return notebook_mode
        return self._for(layer, notebook_mode)

    def _for(self, layer: Layer, notebook_mode: Mode | None) -> Mode:
        """Where a notebook and the person exclude each other (local, cloud), the person decides:
        its author must neither start nor spend what the person has ruled out.
        """
        word, choice = _below(self.upper, notebook_mode), _below(self.upper, layer.value)
        return word if word in ALLOWED_BELOW[choice] else choice

    def view(self, person: str, notebook_mode: Mode | None, *, has_class: bool) -> ModeView:
        """Return the mode with its layers, for one person."""
        shown: list[tuple[LayerName, Layer]] = [
            ("operator", self._operator),
            ("class", self._class),
            ("person", self._of(person)),
        ]
        return ModeView(
            effective=self._for(self._of(person), notebook_mode),
            scope="class" if has_class else "server",
            layers=[
                ModeLayer(
                    layer=name,
                    value=layer.value,
                    set_by=layer.set_by,
                    since=layer.since,
                    editable=name == "person",
                )
                for name, layer in shown
            ],
            # Kernels run as the user who runs the Lab, and can do whatever it can.
            enforced=False,
            choices=list(ALLOWED_BELOW[self.upper]),
        )

    def change(self, change: ModeChange, by: str, source: str) -> None:
        """Set or clear a person's layer; `source` is where the class's policy is read from.

        Raises:
            Conflict: the layer is read from elsewhere.
            NotAllowed: an upper layer forbids the value.
        """
        if change.layer != "person":
            raise _lives_elsewhere(change.layer, source)
        upper = self.upper
        if change.value is not None and change.value not in ALLOWED_BELOW[upper]:
            of = "class" if upper != self._operator.value else "server"
            raise NotAllowed(
                f"The mode {change.value} is not allowed while the {of}'s mode is {upper}.",
                "Choose one of: " + ", ".join(ALLOWED_BELOW[upper]) + ".",
            )
        self._persons[self._key(by)] = Layer(change.value, by, time.time())

    def kept(self) -> dict[str, Layer]:
        """Return what people have chosen, to be kept over a restart."""
        return {key: layer for key, layer in self._persons.items() if layer.value is not None}

    def restore(self, kept: dict[str, Layer]) -> None:
        """Take what was kept; what somebody has chosen since stays."""
        self._persons = {**kept, **self._persons}

    def _of(self, person: str) -> Layer:
        return self._persons.get(self._key(person), Layer())

    def _key(self, person: str) -> str:
        return "" if self._people.alone else person


def rules_of_mode(mode: Mode) -> Rules:
    """Return the rules of an operator who chose a mode and nothing else."""
    return Rules(mode=mode, fallback="ask")


def _below(mode: Mode, value: Mode | None) -> Mode:
    return value if value is not None and value in ALLOWED_BELOW[mode] else mode


def _lives_elsewhere(layer: LayerName, source: str) -> Conflict:
    if layer == "operator":
        return Conflict(
            "The operator's mode is part of the server's configuration.",
            "Set GenAILab.mode in the configuration and restart the server.",
        )
    if layer == "notebook":
        return Conflict(
            "A notebook's own mode is written in its metadata.",
            "Change `metadata.genai.mode` of the notebook. Here you can set the layer `person`.",
        )
    if source:
        return Conflict(
            f"The class's mode is read from {source}.",
            "Change `mode` there; it counts within two seconds of a file's change. Here you can "
            "set the layer `person`.",
        )
    return Conflict(
        "The class layer cannot be set on this server: no policy of a class is read.",
        "Write one (`coursia-genai policy example`) and name it in GenAILab.policy_source. Here "
        "you can set the layer `person`.",
    )
