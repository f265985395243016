"""What the engine says about the layers of an image that it fetches, added up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_EXTRACTING_SHARE = 0.25
"""How much of the work extracting is, for the percentage: less than fetching, on most lines."""
_UNSEEN_BYTES = 1_000_000
"""What a layer is taken to have, while none has told its size."""


@dataclass
class _Layer:
    total: int | None = None
    fetched: int = 0
    extracted: float = 0.0
    """0 to 1."""
    resumed_at: int = 0
    """Bytes kept from an attempt that broke off."""
    here: bool = False
    """It was on this machine already."""


class Layers:
    """Add up the layers; nothing that it tells ever goes backwards.

    `done_bytes` counts what was fetched. `total_bytes` is None until every layer has told its
    size: the engine fetches a few at a time, and the rest tell theirs when their turn comes.
    """

    def __init__(self) -> None:
        self._layers: dict[str, _Layer] = {}
        self._listed = False
        self.done_bytes = 0
        self.percent = 0.0
        self.phase = "asking the registry"

    @property
    def total_bytes(self) -> int | None:
        """Bytes of all layers that had to be fetched; None while some are unknown."""
        wanted = [one.total for one in self._layers.values() if not one.here]
        if not wanted or None in wanted:
            return None
        return sum(total or 0 for total in wanted)

    @property
    def bytes_to_come(self) -> int:
        """The least that the disk has still to take, as far as it is known.

        An unpacked layer is at least as large as a packed one, whose file then goes.
        """
        return sum(
            (one.total or 0) - one.fetched
            for one in self._layers.values()
            if not one.here and one.extracted < 1
        )

    def take(self, event: Mapping[str, Any]) -> None:
        """Note one event of the engine's stream."""
        status, identifier = str(event.get("status", "")), event.get("id")
        if identifier is None or status.startswith("Pulling from"):
            return
        layer = self._layers.setdefault(str(identifier), _Layer())
        detail = event.get("progressDetail") or {}
        current, total = int(detail.get("current") or 0), int(detail.get("total") or 0)
        if status == "Already exists":
            layer.here = True
        elif status == "Downloading":
            self._downloading(layer, current, total)
        elif status in ("Verifying Checksum", "Download complete"):
            layer.fetched = layer.total = layer.total or layer.fetched
        elif status == "Extracting":
            layer.total = layer.total or total or None
            layer.fetched = layer.total or 0
            layer.extracted = min(current / total, 0.99) if total else layer.extracted
        elif status == "Pull complete":
            layer.fetched, layer.extracted = layer.total or 0, 1.0
        self._sum_up(status)

    @staticmethod
    def _downloading(layer: _Layer, current: int, total: int) -> None:
        if total and layer.total is None:
            layer.total = total
        elif total and layer.total is not None and total < layer.total:
            layer.resumed_at = layer.total - total  # a new attempt tells only what was left
        layer.fetched = max(layer.fetched, layer.resumed_at + current)
        if layer.total is not None:
            layer.fetched = min(layer.fetched, layer.total)

    def _sum_up(self, status: str) -> None:
        wanted = [one for one in self._layers.values() if not one.here]
        known = [one.total for one in wanted if one.total]
        typical = sum(known) / len(known) if known else _UNSEEN_BYTES
        whole = sum(one.total or typical for one in wanted)
        done = sum(
            (1 - _EXTRACTING_SHARE) * one.fetched
            + _EXTRACTING_SHARE * one.extracted * (one.total or typical)
            for one in wanted
        )
        if whole:
            self.percent = max(self.percent, min(99.0, 100 * done / whole))
        self.done_bytes = max(self.done_bytes, sum(one.fetched for one in wanted))
        if status.startswith("Retrying"):
            self.phase = "the registry broke off; trying again"
        elif any(one.total is None or one.fetched < one.total for one in wanted):
            self.phase = "downloading the image"
        elif wanted:
            self.phase = "extracting the image"
