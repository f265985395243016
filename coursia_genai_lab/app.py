"""The extension application: builds everything, opens it, closes it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server.extension.application import ExtensionApp

from .catalog.load import load_catalog
from .composition import Core, build_builder, compose, shuts_memory
from .config import GenAILab
from .detection.cache import ProfileCache
from .detection.contents import ContentsProfiles, lies_on_disk
from .detection.profile import Detector
from .events.publisher import Publisher
from .events.renames import Renames
from .gateway.jupyter_road import JupyterRoad
from .gateway.person_tokens import PersonTokens
from .gpu.view import GPUAnswers
from .handlers import ROUTES
from .handlers.base import SETTINGS_KEY, Parts
from .lab.builds import Builds
from .launch.launcher import Launcher
from .launch.person import Callers, people_of_server
from .launch.provisioner import install
from .notebooks.course import CourseIndex
from .secret_files.own_memory import shut_own_memory

if TYPE_CHECKING:
    from .config import LabSettings
    from .weights.fetches import Fetches
    from .wire.plan import PlanView

LOADED_LATER = ("detection.examined", "lab.health", "lab.planning", "weights.from_settings")
"""Imported once the server listens: its start need not wait for them, and no request should."""
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
        people = people_of_server(
            os.environ,
            server.identity_provider,
            trust_usernames=settings.trust_usernames,
            teachers=settings.teachers,
            admins=settings.admins,
        )
        callers = Callers(people, trust_usernames=settings.trust_usernames)
        core = compose(
            settings,
            catalog,
            people=people,
            publish=publisher.publish,
            host_path=traits.state_path,
            notebook_root=root,
        )
        lab, memory, sampler = core.lab, core.memory, core.sampler
        detector = Detector(catalog)
        profiles = ProfileCache(detector, root=root)
        course = CourseIndex(profiles, lab, root=root)
        manager = server.contents_manager
        contents = None if lies_on_disk(manager) else ContentsProfiles(manager, detector)
        launcher = Launcher(
            desk=core.desk,
            profiles=profiles,
            root_dir=root,
            session_manager=server.session_manager,
            launch_wait=settings.launch_wait,
            warn=lab.changes.warn,
            beat=lab.kernel_busy,
            person=callers,
            contents=contents,
            keys=core.keys,
        )
        if settings.withhold_keys == "all":
            core.keys.look()
            core.keys.clear(os.environ)
        factory = KernelProvisionerFactory.instance(parent=server)
        self._unhook: Callable[[], None] = install(factory, launcher)
        self._publisher, self._core = publisher, core
        self._renames = Renames(server.event_logger, core.desk.renamed)
        self._shut_memory = shuts_memory(settings, core.secrets)
        self._openai = JupyterRoad(core.doors, PersonTokens(lab.leases, core.tokens, catalog))
        builds = Builds(lab, lambda: build_builder(settings))
        self.parts = Parts(
            lab=lab,
            builds=builds,
            memory=memory,
            ledger=core.ledger,
            usage=core.usage,
            audit=core.audit,
            doors=core.doors,
            desk=core.desk,
            launcher=launcher,
            consents=core.consents,
            cloud_questions=core.cloud_questions,
            course=course,
            gpus=GPUAnswers(sampler),
            gpu_claims=lab.gpus.claims,
            make_fetches=partial(_fetches, core, settings, root),
            openai=self._openai,
            job_tokens=core.job_tokens,
            detector=detector,
            plan=partial(_plan, core),
            profiles=profiles,
            root=root,
            version=_version(),
            contents=contents,
            modes=core.modes,
            person_of=callers,
        )
        self.settings[SETTINGS_KEY] = self.parts

    def initialize_handlers(self) -> None:
        """Add the routes of the REST API."""
        self.handlers.extend(ROUTES)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        await self.open()

    async def open(self) -> None:
        """Open the Lab; the doors open with the first notebook that needs one. Idempotent."""
        if self._shut_memory and not shut_own_memory():
            self.log.info("GenAI Lab: this system does not keep others out of the memory.")
        self._renames.open()
        await self._core.open()
        await asyncio.to_thread(_load_the_rest)

    async def close(self) -> None:
        """Let waiting launches go, stop services, close doors, unhook. Idempotent, bounded."""
        self._unhook()
        try:
            await self.parts.launcher.close()
            await self.parts.course.close()
            await self._openai.close()
            await self.parts.doors.close()
            await self.parts.builds.close()
            if "fetches" in vars(self.parts):
                await self.parts.fetches.close()
            await self.parts.lab.close()
        finally:
            # Also when the time is up: what happened until now is still to be written.
            await self.parts.ledger.close()
            await self.parts.memory.close()
        await self._core.policy_source.close()
        self._core.hashes.close()
        await self._core.sampler.close()
        await self._core.questions.close()
        self._renames.close()
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


def _load_the_rest() -> None:
    from .wire.notebooks import Profile

    for name in LOADED_LATER:
        import_module(f".{name}", __package__)
    Profile()  # The first builds its validator, which no kernel's launch should wait for.


def _fetches(core: Core, settings: LabSettings, root: Path) -> Fetches:
    from .weights.from_settings import fetches_of

    return fetches_of(
        core.lab.catalog,
        settings,
        notebook_root=root,
        arrived=partial(core.lab.look_around, fresh=True),
        secrets=core.secrets,
    )


def _plan(core: Core, *, people: int, names: bool) -> Awaitable[PlanView]:
    # Whoever plans pays for the planner, not every start of a server.
    from .lab.planning import plan_of_lab

    memory = core.memory
    return plan_of_lab(
        core.lab,
        readings=core.sampler.latest,
        expected_start=memory.estimates.expected,
        usual_job=memory.jobs.usual,
        people=people,
        names=names,
    )


def _state_folder() -> Path:
    # Homes are often shared between hosts; containers and processes are not.
    return Path(jupyter_runtime_dir()) / "coursia-genai" / socket.gethostname()


def _version() -> str:
    from ._version import __version__

    return __version__
