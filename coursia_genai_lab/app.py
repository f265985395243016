"""The extension application: builds everything, opens it, closes it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_core.paths import jupyter_data_dir, jupyter_runtime_dir
from jupyter_server.extension.application import ExtensionApp

from .catalog.load import load_catalog
from .config import GenAILab, LabSettings
from .detection.cache import ProfileCache
from .detection.contents import ContentsProfiles, lies_on_disk
from .detection.profile import Detector
from .engines import Engine, engine_of
from .events.publisher import Publisher
from .gateway.doors import Doors
from .gateway.tokens import Tokens
from .gpu.reader import COMMAND
from .gpu.sampler import Sampler
from .gpu.view import GPUAnswers
from .handlers import ROUTES
from .handlers.base import SETTINGS_KEY, Parts
from .lab.builds import Builds
from .lab.consents import Consents
from .lab.gpu_presence import evidently_no_gpu, reads_what_services_get
from .lab.lab import Lab
from .lab.memory import Memory
from .lab.planning import plan_of_lab
from .launch.desk import LocalLaunchDesk
from .launch.launcher import Launcher
from .launch.provisioner import install
from .notebooks.course import CourseIndex
from .weights.from_settings import fetches_of
from .wire.services import RuntimeName

if TYPE_CHECKING:
    from aiohttp import ClientSession

    from .catalog.spec import ServiceSpec
    from .runtimes.base import Instance, Runtime
    from .runtimes.building import Builder

CLOSE_SECONDS = 8.0
"""The longest that closing may take; what is left then is reaped by the next Lab."""


class GenAILabApp(ExtensionApp):
    """Join the Lab, the gateway, the launch and the REST API to one Jupyter server."""

    name = "coursia_genai_lab"
    app_name = "CoursIA GenAI Lab"
    load_other_extensions = True

    def initialize_settings(self) -> None:
        """Build the parts, register the event schema, and hook the kernel launch.

        Nothing is opened here: no port, no client, no folder.
        """
        server = self.serverapp
        assert server is not None
        assert server.event_logger is not None
        traits = GenAILab(parent=self)
        settings = traits.settings_from_traits(state_folder=str(_state_folder()))
        publisher = Publisher(server.event_logger)
        publisher.register()
        root = Path(getattr(server.contents_manager, "root_dir", "") or server.root_dir).resolve()
        catalog = load_catalog(settings.services_path or None, notebook_root=root)
        questions = _Questions()
        memory = Memory(
            store_url=settings.store_url,
            data_folder=jupyter_data_dir(),
            host_path=traits.state_path,
            publish=publisher.publish,
        )
        sampler = Sampler(settings.gpu_reader or COMMAND)
        lab = Lab(
            catalog=catalog,
            settings=settings,
            runtimes=lambda: build_runtimes(settings),
            answers=questions.until_it_answers,
            warm_up=questions.warm_up,
            busy=questions.busy,
            free=questions.free,
            emit=memory.emit,
            record=memory.record,
            expected_seconds=memory.estimates.expected,
            gpu_readings=sampler if reads_what_services_get(settings) else None,
            no_gpu=partial(evidently_no_gpu, settings=settings),
        )
        memory.attend(lab)
        tokens = Tokens(lab.leases)
        doors = Doors(lab, tokens)
        consents = Consents(memory.consents, trusted_folders=settings.trusted_folders)
        desk = LocalLaunchDesk(lab, tokens, doors, consents)
        detector = Detector(catalog)
        profiles = ProfileCache(detector, root=root)
        course = CourseIndex(profiles, lab, root=root)
        manager = server.contents_manager
        contents = None if lies_on_disk(manager) else ContentsProfiles(manager, detector)
        launcher = Launcher(
            desk=desk,
            profiles=profiles,
            root_dir=root,
            session_manager=server.session_manager,
            launch_wait=settings.launch_wait,
            warn=lab.changes.warn,
            beat=lab.kernel_busy,
            contents=contents,
        )
        factory = KernelProvisionerFactory.instance(parent=server)
        self._unhook: Callable[[], None] = install(factory, launcher)
        self._publisher, self._questions = publisher, questions
        self._sampler = sampler
        builds = Builds(lab, lambda: build_builder(settings))
        fetches = fetches_of(
            catalog, settings, notebook_root=root, arrived=partial(lab.look_around, fresh=True)
        )
        self.parts = Parts(
            lab=lab,
            builds=builds,
            memory=memory,
            doors=doors,
            desk=desk,
            launcher=launcher,
            consents=consents,
            course=course,
            gpus=GPUAnswers(sampler),
            gpu_claims=lab.gpus.claims,
            fetches=fetches,
            detector=detector,
            plan=partial(
                plan_of_lab,
                lab,
                readings=sampler.latest,
                expected_start=memory.estimates.expected,
                usual_job=memory.jobs.usual,
            ),
            profiles=profiles,
            root=root,
            version=_version(),
            contents=contents,
        )
        self.settings[SETTINGS_KEY] = self.parts

    def initialize_handlers(self) -> None:
        """Add the routes of the REST API."""
        self.handlers.extend(ROUTES)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        await self.open()

    async def open(self) -> None:
        """Open the Lab; the doors open with the first notebook that needs one. Idempotent."""
        await self.parts.lab.open()
        self.parts.memory.open()

    async def close(self) -> None:
        """Let waiting launches go, stop services, close doors, unhook. Idempotent, bounded."""
        self._unhook()
        try:
            await self.parts.launcher.close()
            await self.parts.course.close()
            await self.parts.doors.close()
            await self.parts.builds.close()
            await self.parts.fetches.close()
            await self.parts.lab.close()
        finally:
            # Also when the time is up: what happened until now is still to be written.
            await self.parts.memory.close()
        await self._sampler.close()
        await self._questions.close()
        self._publisher.close()

    async def stop_extension(self) -> None:
        """Close, and never keep the server from stopping."""
        try:
            await asyncio.wait_for(self.close(), CLOSE_SECONDS)
        except asyncio.TimeoutError:
            self.log.warning("GenAI Lab: closing took too long; the next start cleans up.")
        except Exception:
            # The boundary to Jupyter: it would go on to shut no kernel down.
            self.log.exception("GenAI Lab: closing failed; the next start cleans up.")


class _Questions:
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

    async def close(self) -> None:
        """Close the session."""
        if self._made is not None:
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


def build_runtimes(settings: LabSettings) -> Mapping[RuntimeName, Runtime]:
    """Return one runtime of each kind; called in a thread, for their libraries are heavy."""
    from .runtimes.docker import DockerRuntime
    from .runtimes.docker_engine import DockerEngine
    from .runtimes.docker_neighbours import DockerNeighbours
    from .runtimes.external import ExternalRuntime
    from .runtimes.process import ProcessRuntime

    runtimes: dict[RuntimeName, Runtime] = {
        "external": ExternalRuntime(
            containers=DockerNeighbours(DockerEngine(settings.docker_host or None)),
            may_wake=settings.start_known_containers,
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


def _state_folder() -> Path:
    # Homes are often shared between hosts; containers and processes are not.
    return Path(jupyter_runtime_dir()) / "coursia-genai" / socket.gethostname()


def _version() -> str:
    from ._version import __version__

    return __version__
