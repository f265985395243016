"""The parts of a Lab joined: with Jupyter's server around them, or alone for one command."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from jupyter_core.paths import jupyter_data_dir

from .catalog.load import Catalog
from .config import LabSettings
from .engines import engine_of
from .engines.registered import WorkflowFolder, folder_of
from .gateway.doors import Doors
from .gateway.record import Record
from .gateway.tokens import Tokens
from .gpu.reader import COMMAND
from .gpu.sampler import Sampler
from .lab.audit import Audit
from .lab.cloud_questions import CloudQuestions
from .lab.clouds import Clouds
from .lab.consents import Consents
from .lab.gpu_presence import evidently_no_gpu, reads_what_services_get
from .lab.kept_modes import KeptModes
from .lab.lab import Lab
from .lab.ledger import Ledger
from .lab.memory import Memory
from .lab.model_hashes import ModelHashes
from .lab.people import People
from .lab.policy import Policy
from .lab.policy_source import PolicySource
from .lab.rules import rules_of_operator
from .lab.usage import Usage
from .launch.desk import LocalLaunchDesk
from .launch.environment import EnvironmentKeys, keys_for_the_lab
from .launch.job_tokens import JobTokens
from .secret_files.folder import SecretsFolder
from .wire.services import LabEvent, RuntimeName

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from .catalog.spec import ServiceSpec
    from .engines import Engine
    from .engines.cloud import CloudEngine
    from .lab.endpoint import Endpoint
    from .runtimes.base import Instance, Runtime
    from .runtimes.building import Builder

log = logging.getLogger(__name__)


class Closes(Protocol):
    """What stands on a Lab and is to be closed before it."""

    async def close(self) -> None:
        """Close it. Idempotent."""


@dataclass(frozen=True)
class Core:
    """A Lab with its memory, its doors and the desk that gives their addresses."""

    lab: Lab
    memory: Memory
    ledger: Ledger
    audit: Audit
    usage: Usage
    tokens: Tokens
    doors: Doors
    consents: Consents
    cloud_questions: CloudQuestions
    desk: LocalLaunchDesk
    job_tokens: JobTokens
    sampler: Sampler
    questions: Questions
    hashes: ModelHashes
    secrets: SecretsFolder
    policy_source: PolicySource
    modes: KeptModes
    keys: EnvironmentKeys

    async def open(self) -> None:
        """Open the Lab; the doors open with the first that is asked for. Idempotent."""
        await self.open_policy()
        await self.lab.open()
        self.memory.open()
        self.ledger.open()

    async def open_policy(self) -> None:
        """Learn what may be done, which is to be known before anything starts. Idempotent."""
        await self.modes.open()
        await self.policy_source.open()

    async def close(self, *above: Closes) -> None:
        """Close what stands on the Lab (`above`, in turn), then doors; stop services, write what
        is to be remembered. One that cannot close keeps no other open. Idempotent.

        Raises:
            Exception: the first that went wrong, once everything else is closed.
        """
        failures: list[Exception] = []
        try:
            await _close((*above, self.doors, self.lab), failures)
        finally:
            # Also when the time is up: what happened until now is still to be written.
            await _close((self.ledger, self.memory), failures)
        self.hashes.close()
        await _close((self.policy_source, self.sampler, self.questions), failures)
        if failures:
            raise failures[0]


async def _close(parts: Iterable[Closes], failures: list[Exception]) -> None:
    for part in parts:
        try:
            await part.close()
        except Exception as error:
            if failures:
                log.error("%s could not be closed, either", type(part).__name__, exc_info=error)
            failures.append(error)


def compose(
    settings: LabSettings,
    catalog: Catalog,
    *,
    host_path: str,
    notebook_root: Path | None = None,
    publish: Callable[[LabEvent], None] = lambda event: None,
    people: People | None = None,
) -> Core:
    """Return the parts, built and joined; nothing is opened: no port, no client, no folder.

    `host_path` is the trait `state_path` as the operator set it; nothing that is trusted is read
    below `notebook_root`; `publish` hears every event; `people` says who is who, without it
    everybody administers the machine.
    """
    questions = Questions()
    specs = tuple(catalog.values())
    secrets = SecretsFolder(
        settings.secrets_path,
        notebook_root=notebook_root,
        beside=keys_for_the_lab(specs, os.environ),
    )
    memory = Memory(
        store_url=settings.store_url,
        data_folder=jupyter_data_dir(),
        host_path=host_path,
        publish=publish,
        record_prompts=settings.record_prompts,
        record_days=settings.record_days,
        thumbnails=settings.thumbnails,
        thumbnails_mib=settings.thumbnails_mib,
    )
    audit = Audit(memory.store)
    sampler = Sampler(settings.gpu_reader or COMMAND)
    policy = Policy(rules_of_operator(settings, catalog), people=people)
    clouds = Clouds(catalog, secrets.get, questions.cloud, own=secrets.from_beside)
    lab = Lab(
        catalog=catalog,
        settings=settings,
        runtimes=lambda: build_runtimes(settings, secrets),
        answers=questions.until_it_answers,
        warm_up=questions.warm_up,
        busy=questions.busy,
        free=questions.free,
        emit=memory.emit,
        record=memory.record,
        expected_seconds=memory.estimates.expected,
        gpu_readings=sampler if reads_what_services_get(settings) else None,
        no_gpu=partial(evidently_no_gpu, settings=settings),
        policy=policy,
        clouds=clouds,
    )
    memory.attend(lab)
    tokens = Tokens(lab.leases, narrowed=policy.word)
    hashes = ModelHashes(catalog, settings.model_roots)
    generations = memory.generations
    ledger = Ledger(
        memory.store,
        limits=policy.limits,
        groups=policy.people.groups,
        providers=lambda: filter(lab.clouds.has_key, lab.clouds.names),
        days=settings.record_days,
    )
    usage = Usage(memory.store, generations, ledger, prompts=settings.record_prompts)
    consents = Consents(memory.consents, trusted_folders=settings.trusted_folders)
    cloud_questions = CloudQuestions(catalog, consents, changed=lambda: lab.announce("launch"))
    doors = Doors(
        lab,
        tokens,
        usual=lambda service: memory.jobs.usual(service)[0],
        record=Record(generations.note, usage.of, hashes.of, memory.thumbnails.take),
        charges=ledger,
        workflows=_workflows(settings, notebook_root),
        questions=cloud_questions,
        salt=lambda: memory.store.uuid,
    )
    desk = LocalLaunchDesk(lab, tokens, doors, consents, cloud_questions)
    return Core(
        lab=lab,
        memory=memory,
        ledger=ledger,
        audit=audit,
        usage=usage,
        tokens=tokens,
        doors=doors,
        consents=consents,
        cloud_questions=cloud_questions,
        desk=desk,
        job_tokens=JobTokens(desk, catalog),
        sampler=sampler,
        questions=questions,
        hashes=hashes,
        secrets=secrets,
        policy_source=PolicySource(
            settings.policy_source,
            policy,
            kept=_kept(settings, "policy.json"),
            notebook_root=notebook_root,
            token=secrets.get,
            warn=lab.changes.warn,
            take_back=lab.changes.take_back,
            note=audit.note,
        ),
        modes=KeptModes(policy, _kept(settings, "modes.json")),
        keys=EnvironmentKeys(settings.withhold_keys, specs, secrets.names),
    )


def _kept(settings: LabSettings, name: str) -> Path | None:
    return Path(settings.state_path) / name if settings.state_path else None


def shuts_memory(settings: LabSettings, secrets: SecretsFolder) -> bool:
    """Say whether whoever hosts the Lab keeps others of the same user out of its memory."""
    # A key that every kernel has anyway is not worth a server that nobody can look into.
    kept = bool(settings.secrets_path) or settings.withhold_keys != "never"
    return settings.shut_memory and kept and secrets.may_hold


def _workflows(settings: LabSettings, notebook_root: Path | None) -> WorkflowFolder:
    data_folder = Path(jupyter_data_dir())
    return WorkflowFolder(folder_of(settings, data_folder), notebook_root, data_folder)


class Questions:
    """Ask services with one HTTP session, made at first use."""

    def __init__(self) -> None:
        self._made: ClientSession | None = None

    async def until_it_answers(self, spec: ServiceSpec, instance: Instance) -> None:
        """Return when the instance serves, as its spec defines that."""
        from .runtimes.readiness import until_ready

        await until_ready(
            instance.url,
            spec.readiness,
            timeout_seconds=spec.start_timeout_seconds,
            session=self._session(),
        )

    async def warm_up(self, spec: ServiceSpec, instance: Instance) -> None:
        """Send the job of the spec's [warm_up], and return when it is done."""
        from .engines.warm_up import warm_up
        from .runtimes.credentials import credential_headers

        headers = credential_headers(spec.credential, instance.credential)
        await warm_up(spec, instance.url, headers, self._session())

    async def busy(self, spec: ServiceSpec, instance: Instance) -> bool:
        """Say whether the instance works, as far as its engine tells."""
        engine = self._engine(spec, instance)
        return engine is not None and await engine.busy()

    async def free(self, spec: ServiceSpec, instance: Instance) -> None:
        """Ask the instance to give its memory back."""
        engine = self._engine(spec, instance)
        if engine is not None:
            await engine.free()

    def cloud(self, spec: ServiceSpec, endpoint: Endpoint) -> CloudEngine | None:
        """Return what speaks to a provider; None where nothing speaks its dialect."""
        from .engines import cloud_engine_of
        from .gateway.headers import credential

        return cloud_engine_of(spec, endpoint.url, credential(endpoint), self._session())

    async def close(self) -> None:
        """Close the session, and end what still speaks by it."""
        if self._made is not None:
            from .engines.base import cut_endings

            await cut_endings(self._made)
            await self._made.close()
            self._made = None

    def _engine(self, spec: ServiceSpec, instance: Instance) -> Engine | None:
        from .runtimes.credentials import credential_headers

        headers = credential_headers(spec.credential, instance.credential)
        return engine_of(spec.dialect, instance.url, headers, self._session())

    def _session(self) -> ClientSession:
        if self._made is None:
            import aiohttp

            self._made = aiohttp.ClientSession()
        return self._made


def build_runtimes(
    settings: LabSettings, secrets: SecretsFolder | None = None
) -> Mapping[RuntimeName, Runtime]:
    """Return one runtime of each kind; called in a thread, for their libraries are heavy.

    `secrets` holds the credentials of servers that somebody else runs; None: those of the settings.
    """
    from .runtimes.docker import DockerRuntime
    from .runtimes.docker_engine import DockerEngine
    from .runtimes.docker_neighbours import DockerNeighbours
    from .runtimes.external import ExternalRuntime
    from .runtimes.process import ProcessRuntime

    runtimes: dict[RuntimeName, Runtime] = {
        "external": ExternalRuntime(
            containers=DockerNeighbours(DockerEngine(settings.docker_host or None)),
            may_wake=settings.start_known_containers,
            credentials=(secrets or SecretsFolder(settings.secrets_path)).get,
        ),
        "docker": DockerRuntime(host=settings.docker_host or None, pull=settings.pull_images),
        "process": ProcessRuntime(),
    }
    if settings.runtime == "fake":
        from .runtimes.fake import FakeRuntime

        runtimes["fake"] = FakeRuntime()
    return runtimes


def build_builder(settings: LabSettings) -> Builder:
    """Return what makes images; called in a thread, for its libraries are heavy."""
    if settings.runtime == "fake":
        from .runtimes.fake_builder import FakeBuilder

        return FakeBuilder()
    from .runtimes.docker_builder import DockerBuilder

    return DockerBuilder(host=settings.docker_host or None, pull=settings.pull_images)
