"""Everything that one running engine consists of, built in one place."""

from __future__ import annotations

from collections.abc import Callable

from .a1111_state import A1111State
from .access import Gate
from .comfy_engine import ComfyEngine
from .comfy_hub import Hub
from .files import Vault
from .jobs import JobQueue
from .settings import Settings
from .studio import Studio
from .trouble import Troubles

VERSION = "1.0"


class Engine:
    """Owns the queue, the drawing thread and the files; the dialects share them.

    `die` ends the server as a crash would; trouble on purpose calls it.
    """

    def __init__(self, settings: Settings, die: Callable[[], None]) -> None:
        self.settings = settings
        self.troubles = Troubles(settings)
        self.gate = Gate(settings)
        self.hub = Hub()
        self.queue = JobQueue(self.tell_status)
        self.studio = Studio(settings, die)
        self.vault = Vault()
        self.a1111 = A1111State()
        self.comfy = ComfyEngine(
            self.queue, self.hub, self.studio, self.vault, settings.preview_method
        )

    def status(self) -> dict[str, dict[str, dict[str, int]]]:
        """Return what ComfyUI's `status` message says."""
        return {"status": {"exec_info": {"queue_remaining": self.queue.remaining}}}

    def tell_status(self) -> None:
        """Tell every listener how many jobs there are."""
        self.hub.send(None, "status", self.status())

    def open(self) -> None:
        """Start working; a second call changes nothing."""
        self.queue.open()

    async def close(self) -> None:
        """Stop the work and remove the files."""
        await self.queue.close()
        self.studio.close()
        self.vault.close()
