"""What forms offer stays true while they are open: one watcher asks for all forms of a kernel."""

from __future__ import annotations

import logging
import threading
from typing import Protocol

from ...client import Access, Door
from ...errors import GenAIError
from ...wire.images import ModelInfo
from .runs import FIGURES

log = logging.getLogger(__name__)

# Soon enough for who waits for a service, seldom enough for a class of thirty.
WATCH_SECONDS = 10.0


class Offering(Protocol):
    """Who wants to know of models."""

    def offer(self, models: list[ModelInfo]) -> None:
        """Take the list, the same or another."""

    def offer_nothing(self, error: GenAIError) -> None:
        """Take why there is none now."""


class Watch:
    """Asks for the models of one door, again and again, for as long as somebody wants to know."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._lock = threading.Lock()
        self._forms: set[Offering] = set()
        self._soon = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, form: Offering) -> None:
        """Tell a form of the models, now and from now on."""
        with self._lock:
            self._forms.add(form)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="genai-models", daemon=True)
                self._thread.start()
        self._soon.set()

    def discard(self, form: Offering) -> None:
        """Leave a form alone; without any the watch ends."""
        with self._lock:
            self._forms.discard(form)
        self._soon.set()

    def soon(self) -> None:
        """Ask now: something may have changed."""
        self._soon.set()

    def _run(self) -> None:
        while True:
            self._soon.clear()
            with self._lock:
                if not self._forms:
                    self._thread = None
                    return
                forms = tuple(self._forms)
            self._ask(forms)
            self._soon.wait(WATCH_SECONDS)

    def _ask(self, forms: tuple[Offering, ...]) -> None:
        try:
            with Door(self._access, timeouts=FIGURES) as door:
                models = door.models()
        except GenAIError as error:
            for form in forms:
                form.offer_nothing(error)
        # The boundary of the thread: the next answer may be a better one.
        except Exception:
            log.exception("the list of models cannot be read")
        else:
            for form in forms:
                form.offer(models)


_watches: dict[Access, Watch] = {}
_lock = threading.Lock()


def watch_of(access: Access) -> Watch:
    """Return the watch of a door, the same one for all forms of this kernel."""
    with _lock:
        return _watches.setdefault(access, Watch(access))
