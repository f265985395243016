"""What a store carries for those who remember something in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Connection

Write = Callable[["Connection"], None]
"""One change; it may run twice, when it is not known whether the first run was kept."""


class Part(Protocol):
    """One kind of memory: it lives in memory, and the store makes it last."""

    def load(self, connection: Connection) -> Any:
        """Read everything; called on the store's thread."""

    def adopt(self, loaded: Any) -> None:
        """Take what `load` returned for the truth; called on the event loop."""

    def rewrite(self) -> Sequence[Write]:
        """Return the changes that put what memory holds into an empty store."""
