"""From a notebook to its profile: what it needs, and why we think so."""

from __future__ import annotations

import logging
from pathlib import Path

from ..catalog import Catalog
from ..wire.notebooks import Profile
from .dotenv import Consulted, Surroundings
from .indicators import Indicators
from .read import LONG_NOTE, PATIENCE_SECONDS, Notebook, Unreadable, read_file, read_notebook

log = logging.getLogger(__name__)


class Detector:
    """Tell what notebooks need, by the indicators of a catalogue."""

    def __init__(self, catalog: Catalog, *, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self._specs = dict(catalog)
        self._patience_seconds = patience_seconds
        self._indicators = Indicators(self._specs)

    def profile_bytes(
        self, data: bytes, *, path: str = "", beside: Path | None = None, root: Path | None = None
    ) -> Profile:
        """Return the profile of a notebook's bytes; CLASSIC with a note if it cannot be read.

        `beside` is the folder from which its nearest `.env` is looked for, up to `root` (None:
        to the top); None looks for none.
        """
        return self._profile_bytes(data, path, Surroundings(beside, root))

    def _profile_bytes(self, data: bytes, path: str, surroundings: Surroundings) -> Profile:
        try:
            return self._profile(self._opened(data), path, surroundings)
        except Unreadable as reason:
            return Profile(path=path, note=str(reason), unreadable=True)
        except Exception:
            # A boundary: whatever goes wrong in here, the kernel must still start.
            log.exception("Detection failed on a notebook")
            note = "It could not be examined; this is a defect of ours."
            return Profile(path=path, note=note, unreadable=True)

    def _opened(self, data: bytes) -> Notebook:
        patience, fragments = self._patience_seconds, self._indicators.fragments
        return read_notebook(data, fragments, patience_seconds=patience)

    def profile_file(self, path: Path, *, root: Path | None = None, api_path: str = "") -> Profile:
        """Return the profile of a file under root (None: anywhere); it never raises.

        `api_path` is what the profile shall call the notebook; default: the path itself.
        """
        return self.examine_file(path, root=root, api_path=api_path)[0]

    def examine_file(
        self, path: Path, *, root: Path | None = None, api_path: str = ""
    ) -> tuple[Profile, tuple[Consulted, ...]]:
        """Return the profile of a file, and the places beside it on which it rests."""
        shown = api_path or str(path)
        surroundings = Surroundings(path.parent, root)
        try:
            profile = self._profile_bytes(read_file(path, root), shown, surroundings)
        except Unreadable as reason:
            return Profile(path=shown, note=str(reason), unreadable=True), ()
        return profile, surroundings.consulted

    def _profile(self, notebook: Notebook, path: str, surroundings: Surroundings) -> Profile:
        joined = "\n".join(cell.source for cell in notebook.cells)
        mentioned = self._indicators.mentioned_in(joined.lower())
        if not mentioned and not notebook.genai:
            return Profile(path=path, note=LONG_NOTE if notebook.long else "")
        # By the first notebook that mentions something: most servers meet none at their start.
        from .examined import Examination

        examination = Examination(self._specs, self._indicators, surroundings)
        return examination.profile(notebook, path, mentioned=mentioned)
