"""The parts of a Lab joined to one Jupyter server: heavy to import, so done once that listens."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from jupyter_server.utils import url_path_join

from .catalog.load import Catalog, load_catalog
from .composition import Closes, Core, build_builder, compose, shuts_memory
from .detection.cache import ProfileCache
from .detection.contents import ContentsProfiles, lies_on_disk
from .detection.profile import Detector
from .events.renames import Renames
from .gateway.jupyter_road import JupyterRoad
from .gateway.person_tokens import PersonTokens
from .gpu.view import GPUAnswers
from .handlers import ROUTES
from .handlers.base import SETTINGS_KEY, Parts
from .lab.builds import Builds
from .launch.kernels import KernelsInHand
from .launch.launcher import Launcher
from .launch.person import Callers, people_of_server
from .notebooks.course import CourseIndex
from .secret_files.own_memory import shut_own_memory

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

    from .config import LabSettings
    from .weights.fetches import Fetches
    from .wire.plan import PlanView
    from .wire.services import LabEvent

LOADED_LATER = ("detection.examined", "lab.health", "lab.planning", "weights.from_settings")
"""Imported once the Lab is open: nobody waits for them, and no request should."""


@dataclass(frozen=True)
class Surroundings:
    """Where the parts are: the server, what its operator chose, and what is there already.

    `host_path` is the trait `state_path` as the operator set it.
    """

    server: ServerApp
    settings: LabSettings
    host_path: str
    publish: Callable[[LabEvent], None]
    in_hand: KernelsInHand

    @property
    def root(self) -> Path:
        """The folder of the server's notebooks."""
        contents = self.server.contents_manager
        return Path(getattr(contents, "root_dir", "") or self.server.root_dir).resolve()


@dataclass(frozen=True)
class Reading:
    """What is read from files before anything is joined."""

    catalog: Catalog
    detector: Detector


@dataclass(frozen=True)
class Assembly:
    """A Lab, its launches and its REST API, joined to a server."""

    parts: Parts
    core: Core
    renames: Renames
    shuts_memory: bool

    @property
    def launcher(self) -> Launcher:
        """What knows what kernels get."""
        return self.parts.launcher

    async def open(self) -> bool:
        """Open the Lab; the doors open with the first notebook that needs one. Idempotent.

        False: this system does not keep others out of the memory, as was asked for.
        """
        shut = not self.shuts_memory or shut_own_memory()
        self.renames.open()
        await self.core.open()
        return shut

    async def load_the_rest(self) -> None:
        """Load what the first notebook would otherwise wait for."""
        await asyncio.to_thread(_load_the_rest)

    async def close(self) -> None:
        """Let waiting launches go, stop services, close doors. Idempotent."""
        parts = self.parts
        above: list[Closes] = [parts.launcher, parts.course, parts.openai, parts.builds]
        if "fetches" in vars(parts):
            above.append(parts.fetches)
        try:
            await self.core.close(*above)
        finally:
            self.renames.close()


def read(around: Surroundings) -> Reading:
    """Return what the parts are made from. Blocks, so it is called in a thread."""
    catalog = load_catalog(around.settings.services_path or None, notebook_root=around.root)
    return Reading(catalog, Detector(catalog))


def assemble(around: Surroundings, found: Reading) -> Assembly:
    """Return the parts, joined; nothing is opened: no port, no client, no folder.

    To be called on the thread of the server's loop.
    """
    server, settings, root = around.server, around.settings, around.root
    people = people_of_server(
        os.environ,
        server.identity_provider,
        trust_usernames=settings.trust_usernames,
        teachers=settings.teachers,
        admins=settings.admins,
    )
    core = compose(
        settings,
        found.catalog,
        people=people,
        publish=around.publish,
        host_path=around.host_path,
        notebook_root=root,
    )
    lab, profiles = core.lab, ProfileCache(found.detector, root=root)
    manager = server.contents_manager
    contents = None if lies_on_disk(manager) else ContentsProfiles(manager, found.detector)
    callers = Callers(people, trust_usernames=settings.trust_usernames)
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
        in_hand=around.in_hand,
    )
    if settings.withhold_keys == "all":
        core.keys.look()
        core.keys.clear(os.environ)
    parts = Parts(
        lab=lab,
        builds=Builds(lab, lambda: build_builder(settings)),
        memory=core.memory,
        ledger=core.ledger,
        usage=core.usage,
        audit=core.audit,
        doors=core.doors,
        desk=core.desk,
        launcher=launcher,
        consents=core.consents,
        cloud_questions=core.cloud_questions,
        course=CourseIndex(profiles, lab, root=root),
        gpus=GPUAnswers(core.sampler),
        gpu_claims=lab.gpus.claims,
        make_fetches=partial(_fetches, core, settings, root),
        openai=JupyterRoad(core.doors, PersonTokens(lab.leases, core.tokens, found.catalog)),
        job_tokens=core.job_tokens,
        detector=found.detector,
        plan=partial(_plan, core),
        profiles=profiles,
        root=root,
        version=_version(),
        contents=contents,
        modes=core.modes,
        person_of=callers,
    )
    assert server.event_logger is not None
    renames = Renames(server.event_logger, core.desk.renamed)
    return Assembly(parts, core, renames, shuts_memory(settings, core.secrets))


def add_routes(server: ServerApp, parts: Parts) -> None:
    """Let the server answer for these parts."""
    settings = server.web_app.settings
    settings[SETTINGS_KEY] = parts
    base_url = settings["base_url"]
    routes = [(url_path_join(base_url, pattern), handler) for pattern, handler in ROUTES]
    server.web_app.add_handlers(".*$", routes)  # type: ignore[no-untyped-call]


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


def _version() -> str:
    from ._version import __version__

    return __version__
