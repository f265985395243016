"""Which providers can be asked now: their keys, their addresses, their models, their mood.

A key is read from the operator's secrets in a thread, about once a second while somebody looks,
so one that is set, changed or removed counts within seconds. Addresses come from the catalogue.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..catalog.load import Catalog
from ..catalog.spec import ServiceSpec
from ..errors import GenAIError
from ..secret_files.secret import Secret
from ..wire.problems import Problem
from ..wire.services import CloudWord
from . import cloud_problems as problems
from .cloud_word import same_kind, word_after, word_now, word_when_there
from .endpoint import Endpoint

if TYPE_CHECKING:
    from ..engines.cloud import CloudEngine, CloudModel

log = logging.getLogger(__name__)

Keys = Callable[[str], "Secret | None"]
"""Name of a secret -> what the operator has for it now. May block; raises ConfigurationError."""
Own = Callable[[str], bool]
"""Name of a secret -> whether it comes from the server's own environment. May block."""
Connect = Callable[[ServiceSpec, Endpoint], "CloudEngine | None"]
"""Makes what speaks to a provider; None where nothing speaks its dialect."""
FRESH_SECONDS = 1.0
"""How old what is known of a key may be."""
LOOK_SECONDS = 3.0
"""How long the folder of secrets is waited for."""
MODELS_SECONDS = 300.0
"""How long a list of models is believed."""
MODELS_AGAIN_SECONDS = 20.0
"""How soon a provider is asked for its models again that gave none."""
WAIT_FOR_MODELS_SECONDS = 3.0
ACCOUNT_SECONDS = 300.0
"""How long a provider's word on our account is shown, unless the key changes."""


@dataclass
class _Cloud:
    spec: ServiceSpec
    key: Secret | None = None
    own: bool = False
    looked: bool = False
    lack: Problem | None = None
    """Why it cannot be asked at all."""
    sick: Problem | None = None
    """What it last said of our account."""
    sick_at: float = 0.0
    word: CloudWord | None = None
    """What became of the last call."""
    engine: CloudEngine | None = None
    known: dict[str, CloudModel] | None = None
    known_at: float = float("-inf")
    learning: asyncio.Task[None] | None = field(default=None, repr=False)


def _nobody(name: str) -> Secret | None:
    return None


def _foreign(name: str) -> bool:
    return False


def _unconnected(spec: ServiceSpec, endpoint: Endpoint) -> CloudEngine | None:
    return None


class Clouds:
    """Know the providers of a catalogue; cheap to make, used on the event loop alone."""

    def __init__(
        self,
        catalog: Catalog | Mapping[str, ServiceSpec],
        keys: Keys = _nobody,
        connect: Connect = _unconnected,
        *,
        own: Own = _foreign,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`clock` is monotonic seconds, `wall` Unix time."""
        self._clouds = {
            name: _Cloud(spec) for name, spec in catalog.items() if spec.kind == "cloud"
        }
        self._keys, self._own, self._connect, self._clock = keys, own, connect, clock
        self._wall = wall
        self._looked_at = float("-inf")
        self._looking: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[str], None]] = []

    # -- what is known -------------------------------------------------------------------------

    @property
    def names(self) -> tuple[str, ...]:
        """The providers of the catalogue."""
        return tuple(self._clouds)

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with each provider that has become available, or is so no more."""
        self._listeners.append(listener)

    def looked(self, service: str) -> bool:
        """Say whether anybody has looked for its key yet."""
        return self._clouds[service].looked

    def has_key(self, service: str) -> bool:
        """Say whether a provider can be asked at all."""
        cloud = self._clouds.get(service)
        return cloud is not None and cloud.looked and cloud.lack is None

    def is_own(self, service: str) -> bool:
        """Say whether the key is one that whoever started the server has in their environment."""
        cloud = self._clouds.get(service)
        return cloud is not None and cloud.own

    def problem(self, service: str) -> Problem | None:
        """Return why a provider cannot be asked, or would refuse; None: nothing is known."""
        cloud = self._clouds[service]
        if not cloud.looked:
            return problems.no_key(cloud.spec)
        if cloud.lack is None and cloud.sick is not None:
            if self._clock() - cloud.sick_at < ACCOUNT_SECONDS:
                return cloud.sick
            cloud.sick = None
        return cloud.lack

    def last_word(self, service: str) -> CloudWord | None:
        """Return what a provider last said to a call; None: nothing since its key was set."""
        cloud = self._clouds.get(service)
        return None if cloud is None else word_now(cloud.word, cloud.engine, cloud.spec.title)

    def models(self, service: str) -> Mapping[str, CloudModel] | None:
        """Return the models that a provider offers, by its own names; None: it has not said."""
        cloud = self._clouds.get(service)
        return None if cloud is None else cloud.known

    # -- asking --------------------------------------------------------------------------------

    async def refresh(self) -> None:
        """Look for the keys anew, unless that was done a moment ago; bounded."""
        self.look()
        if self._looking is not None:
            await asyncio.wait([self._looking], timeout=LOOK_SECONDS)

    def look(self) -> None:
        """Begin to look for the keys anew, unless that was done a moment ago."""
        if self._looking is not None or self._clock() - self._looked_at < FRESH_SECONDS:
            return
        if self._clouds:
            self._looked_at = self._clock()
            self._looking = asyncio.create_task(self._look(), name="genai-cloud-keys")
            self._looking.add_done_callback(self._looked)

    async def endpoint(self, service: str) -> Endpoint:
        """Return where a provider answers and the key for it.

        Raises:
            ServiceError: there is no key, or none that can be trusted; or no address.
        """
        await self.refresh()
        cloud = self._clouds[service]
        if cloud.lack is not None or not cloud.looked:
            raise problems.as_error(cloud.lack or problems.secrets_silent(cloud.spec))
        return _endpoint(cloud)

    async def engine(self, service: str) -> CloudEngine:
        """Return what speaks to a provider: the same one until its key changes.

        Raises:
            ServiceError: as `endpoint`, or nothing speaks its dialect.
        """
        endpoint = await self.endpoint(service)
        cloud = self._clouds[service]
        if cloud.engine is None:
            cloud.engine = self._connect(cloud.spec, endpoint)
        if cloud.engine is None:
            raise problems.as_error(
                Problem(
                    code="engine_not_available",
                    message=f"The Lab does not speak the API of {cloud.spec.title}.",
                    remedy="Correct the dialect in its service file.",
                )
            )
        return cloud.engine

    async def learn(self, seconds: float = WAIT_FOR_MODELS_SECONDS) -> None:
        """Ask for models whose list has grown old, side by side; waits at most so long.

        A list that was known before stays in force while a provider is silent.
        """
        await self.refresh()
        for cloud in self._clouds.values():
            old = self._clock() - cloud.known_at > MODELS_SECONDS
            if cloud.looked and cloud.lack is None and old and cloud.learning is None:
                cloud.learning = asyncio.create_task(self._learn(cloud), name="genai-cloud-models")
        tasks = [one.learning for one in self._clouds.values() if one.learning is not None]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)

    def told(self, service: str, error: GenAIError | None) -> None:
        """Note how a call to a provider ended: what it says of our account is shown to people."""
        cloud = self._clouds[service]
        before, word = self.problem(service), cloud.word
        cloud.word = word_after(word, error, self._wall())
        if error is None:
            cloud.sick = None
        elif error.error_code in problems.ACCOUNT_CODES:
            cloud.sick, cloud.sick_at = Problem(**error.to_dict()), self._clock()
        if self.problem(service) != before or not same_kind(word, cloud.word):
            self._tell(service)

    async def close(self) -> None:
        """Ask nothing more. Idempotent."""
        tasks = [self._looking, *(cloud.learning for cloud in self._clouds.values())]
        for task in filter(None, tasks):
            task.cancel()
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)

    # -- inner workings ------------------------------------------------------------------------

    async def _look(self) -> None:
        for cloud in self._clouds.values():
            key, lack, own = await asyncio.to_thread(self._key_of, cloud.spec)
            text = "" if key is None else key.reveal()
            changed = not cloud.looked or lack != cloud.lack
            if text != ("" if cloud.key is None else cloud.key.reveal()):
                changed = True
                cloud.engine = cloud.known = cloud.sick = cloud.word = None
                cloud.known_at = float("-inf")
            cloud.key, cloud.lack, cloud.own, cloud.looked = key, lack, own, True
            if changed:
                self._tell(cloud.spec.name)

    def _key_of(self, spec: ServiceSpec) -> tuple[Secret | None, Problem | None, bool]:
        name, key, own = spec.credential.secret, None, False
        try:
            if name is not None:
                key, own = self._keys(name), self._own(name)
        except GenAIError as error:
            return None, problems.unreadable_key(spec, error), False
        if (key is None or not key.reveal()) and spec.credential.scheme != "none":
            return None, problems.no_key(spec), False
        return key, None if spec.cloud is not None else problems.no_address(spec), own

    def _looked(self, task: asyncio.Task[None]) -> None:
        self._looking = None
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("The keys of providers cannot be looked up: %s", type(error).__name__)

    async def _learn(self, cloud: _Cloud) -> None:
        began = self._clock()
        cloud.known_at = began - MODELS_SECONDS + MODELS_AGAIN_SECONDS
        try:
            engine = await self.engine(cloud.spec.name)
            found = await engine.models()
        except GenAIError as error:
            log.info("%s: its models are not known: %s", cloud.spec.name, error.message)
            self.told(cloud.spec.name, error)
        else:
            cloud.known, cloud.known_at = {one.id: one for one in found}, began
            word, cloud.word = cloud.word, word_when_there(cloud.word)
            if word is not cloud.word:
                self._tell(cloud.spec.name)
        finally:
            cloud.learning = None

    def _tell(self, service: str) -> None:
        for listener in self._listeners:
            listener(service)


def _endpoint(cloud: _Cloud) -> Endpoint:
    spec = cloud.spec
    assert spec.cloud is not None
    return Endpoint(
        service=spec.name,
        backend=spec.name,
        url=str(spec.cloud.url),
        credential=cloud.key or Secret(""),
        scheme=spec.credential.scheme,
        user=spec.credential.user,
        dialect=spec.dialect,
    )
