"""The hash of the model file that made a picture, where it is known that it is the right one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import Future

from ..catalog.spec import ServiceSpec
from ..runtimes.docker_threads import DaemonThreads
from ..weights.places import place_of
from ..weights.records import known_hash
from .endpoint import Endpoint
from .model_files import READERS

LOOK_SECONDS = 0.5
"""A picture waits no longer for this: it is as good without."""
MOST_LOOKS = 64


class ModelHashes:
    """Look up hashes that were computed before; none is computed for a picture.

    Folders of a file system that hangs cost one thread and, for each picture, `seconds`.
    """

    def __init__(
        self,
        catalog: Mapping[str, ServiceSpec],
        roots: Sequence[str],
        *,
        seconds: float = LOOK_SECONDS,
    ) -> None:
        self._catalog = catalog
        self._roots = tuple(roots)
        self._seconds = seconds
        self._threads: DaemonThreads | None = None
        self._looks: dict[tuple[str, str], Future[str | None]] = {}

    async def of(self, endpoint: Endpoint, name: str) -> str | None:
        """Return `sha256:…` of the model file of that name behind an endpoint.

        None: the file was not checked since it last changed, is in no catalogue, or is read by a
        server of somebody else, who has models of their own.
        """
        spec = self._catalog.get(endpoint.backend)
        if spec is None or endpoint.runtime not in READERS or not self._roots:
            return None
        if self._threads is None:
            self._threads = DaemonThreads(1, "genai-model-hashes")
        key = (spec.name, name)
        look = self._looks.get(key)
        if look is None or look.done():
            self._looks = {k: one for k, one in self._looks.items() if not one.done()}
            if len(self._looks) >= MOST_LOOKS:
                return None
            look = self._threads.submit(lambda: checked_hash(spec, name, self._roots))
            self._looks[key] = look
        answer = asyncio.wrap_future(look)
        await asyncio.wait([answer], timeout=self._seconds)
        return answer.result() if answer.done() else None

    def close(self) -> None:
        """Let the thread go; a look that hangs keeps nothing from ending."""
        threads, self._threads = self._threads, None
        self._looks.clear()
        if threads is not None:
            threads.close()


def checked_hash(spec: ServiceSpec, name: str, roots: Sequence[str]) -> str | None:
    """Return `sha256:…` of the service's model file of that name; blocks on the disk.

    `name` as engines write it: it may begin with folders, and they with a backslash.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    files = [file for model in spec.models for file in model.files if file.name == last]
    for file in files:
        place = place_of(file, roots)
        found = known_hash(place.target, place.record) if place is not None else None
        if found is not None:
            return f"sha256:{found}"
    return None
