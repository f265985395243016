"""What every runtime does: start, watch, stop, log and find one service."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from ..catalog.spec import ServiceSpec
from ..secret_files.secret import Secret as Secret
from ..wire.problems import Problem
from ..wire.services import RuntimeName
from .gpu_claims import SeenClaim


@dataclass(frozen=True)
class StartOrder:
    """What the Lab asks a runtime to start."""

    spec: ServiceSpec
    owner: str
    """UUID of the Lab's ownership slot; written on everything that the runtime makes."""
    namespace: str
    credential: Secret
    """Random, made for this start."""
    state_folder: str
    """Private folder (0700) of the Lab for credential files and process records."""
    model_roots: Sequence[str] = ()
    subnet: str = ""
    device_ids: Sequence[str] = ()
    """GPUs that the Lab chose for this start, by UUID or index; empty: the spec wants none, or
    there is nobody to choose."""
    gpu_rooms: Mapping[str, int] = field(default_factory=dict)
    """GPU -> MiB that this Lab's other services leave of it, where its size is known: what this
    start and other Labs' share."""


@dataclass(frozen=True)
class Progress:
    """A phase of starting, a short sentence, with percent where it is known."""

    phase: str
    percent: float | None = None
    state: Literal["pulling", "building", "starting"] = "starting"
    done_bytes: int | None = None
    """Bytes fetched so far, while pulling."""
    total_bytes: int | None = None


@dataclass(frozen=True)
class Instance:
    """One running thing that a runtime started, adopted or found."""

    service: str
    runtime: RuntimeName
    identifier: str
    """Container id, `pid:start_time`, or address."""
    url: str
    """http://127.0.0.1:port, no path."""
    credential: Secret
    started_at: float
    adopted: bool = False
    external_owner: str | None = None
    detail: dict[str, str] = field(default_factory=dict)
    """What else its runtime knows: of a container its name, `image`, `image_digest`, `gpus`."""


@dataclass(frozen=True)
class Exit:
    """How an instance ended, or that it is gone."""

    code: int | None
    reason: str
    """A sentence: `exited with status 1`, `killed: out of memory`, `removed by somebody`."""


Report = Callable[[Progress], None]

NO_NEIGHBOUR = "no_neighbour"
"""Code of the problem that nobody else runs a service: no reason why we could not."""


class Runtime(ABC):
    """Start, watch, stop, log and find one kind of service.

    Every method is called on the event loop and never blocks it. Calls are idempotent: starting
    what runs adopts it, stopping what is gone succeeds. `readiness.py` decides when a started
    instance answers; a runtime only says that it was launched.
    """

    name: ClassVar[RuntimeName]
    takes_gpus: bool = False
    """Whether what it starts uses this host's GPUs, so that their memory must be claimed."""
    refuses_gpus: bool = False
    """Whether it refuses a start for which it has no GPU: it may have one where this host's driver
    tells nothing."""

    @abstractmethod
    def fits(self, spec: ServiceSpec) -> bool:
        """Say whether the spec describes anything for this runtime."""

    @abstractmethod
    async def check(self, spec: ServiceSpec) -> Problem | None:
        """Say why the service cannot start here now, with its remedy; None when it can.

        Bounded: at most 3 seconds, also when the engine hangs.
        """

    async def prepare(self, spec: ServiceSpec, report: Report) -> None:
        """Fetch what a start would have to fetch first; nothing, as a rule.

        So that nobody gives GPU memory away for hours to a start that downloads its image.

        Raises:
            ServiceError: it cannot be fetched.
        """
        return

    @abstractmethod
    async def start(self, order: StartOrder, report: Report) -> Instance:
        """Launch the service and return as soon as it has an address.

        On any failure, cancellation included, nothing that this call made is left behind.

        Raises:
            ServiceError: with code, sentence and remedy.
            Conflict: the name that it needs is somebody else's, who is left alone.
            ConfigurationError: the spec wants what the operator has not given.
        """

    @abstractmethod
    async def wait(self, instance: Instance) -> Exit:
        """Return when the instance has ended, however it ended."""

    @abstractmethod
    async def stop(self, instance: Instance, grace_seconds: float) -> None:
        """End the instance and remove all that belongs to it; an external one is left alone."""

    async def leave(self, instance: Instance, until: float) -> bool:
        """Let the instance outlive the Lab, at most until a Unix time in seconds.

        Says whether it does: False where nobody would end it at that time, so that the Lab has to
        stop it. The next Lab with the same owner finds it.
        """
        return False

    @abstractmethod
    async def logs(self, instance: Instance, tail: int) -> list[str]:
        """Return the last lines of output, oldest first, the credential removed."""

    @abstractmethod
    async def find(
        self, specs: Sequence[ServiceSpec], owner: str, namespace: str, state_folder: str
    ) -> list[Instance]:
        """Return what still runs from an earlier Lab with this owner; remove its dead remains.

        An instance whose credential cannot be recovered is stopped and left out.
        """

    async def drift(self, spec: ServiceSpec, instance: Instance) -> Problem | None:
        """Say what of a running instance is not as it would be started now; None: nothing is.

        Code `drifted`. Whoever owns the instance starts it again once nobody holds it.
        """
        return None

    async def claims(self, owner: str, state_folder: str) -> list[SeenClaim]:
        """Return the GPU memory that running services of other owners hold.

        Bounded, and empty where nothing can be seen: what runs there is seen by its use.
        """
        return []

    async def presence(self) -> AsyncIterator[bool]:
        """Tell whether what runs services is there: now, and after each change, for ever.

        When it is back, `find` may find what it could not see while it was away. A runtime that
        cannot go away tells nothing and ends.
        """
        never: tuple[bool, ...] = ()
        for here in never:
            yield here

    async def follow(self, instance: Instance, tail: int) -> AsyncIterator[str]:
        """Give the last lines of output, then new ones until it ends, the credential removed.

        A runtime that cannot follow gives what there is, and ends.
        """
        for line in await self.logs(instance, tail):
            yield line

    @abstractmethod
    async def close(self) -> None:
        """Let go of clients, threads and watchers; running services stay as they are."""
