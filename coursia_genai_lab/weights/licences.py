"""Who accepted which licence on this machine. It is kept beside the models that it is about."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..catalog.spec import ModelSpec
from .part import told
from .places import licences_folder
from .problems import root_missing
from .records import read_table, write_table


@dataclass(frozen=True)
class Acceptance:
    """One person's word for everybody who uses this machine."""

    by: str
    at: float
    """Seconds since 1970."""


class Licences:
    """The licences that were accepted for the models of some roots.

    An acceptance is of a text: of its name and address. Another text has to be accepted anew.
    """

    def __init__(self, roots: Sequence[str | Path]) -> None:
        self._roots = [Path(root) for root in roots]

    def accepted(self, model: ModelSpec) -> Acceptance | None:
        """Return who accepted the model's licence and when; None: nobody. Blocks shortly."""
        for root in self._roots:
            table = read_table(licences_folder(root) / _name(model))
            if table is not None and isinstance(table.get("at"), (int, float)):
                return Acceptance(str(table.get("by", "")), float(table["at"]))
        return None

    def must_accept(self, model: ModelSpec) -> bool:
        """Say whether the licence is still to be accepted before a fetch."""
        return model.accept and self.accepted(model) is None

    def accept(self, model: ModelSpec, by: str) -> None:
        """Keep that this person accepts the model's licence for this machine.

        Raises:
            ModelFilesError: there is no model root, or it cannot be written.
        """
        if not self._roots:
            raise root_missing(None)
        there = [root for root in self._roots if root.is_dir()]
        if not there:
            raise root_missing(self._roots[0])
        root = next((one for one in there if os.access(one, os.W_OK | os.X_OK)), there[0])
        table = {
            "licence": model.licence,
            "url": model.licence_url,
            "model": model.id,
            "by": by,
            "at": time.time(),
        }
        try:
            write_table(licences_folder(root) / _name(model), table)
        except OSError as error:
            raise told(error, root) from error


def _name(model: ModelSpec) -> str:
    text = f"{model.licence}\n{model.licence_url or model.id}"
    return f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.json"
