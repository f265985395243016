"""What happens around a kernel's start: bounded, and never a reason for it to fail."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from coursia_genai_lab.errors import Conflict, NotAllowed, NotFound
from coursia_genai_lab.launch.launcher import Kernel, Launcher
from coursia_genai_lab.launch.needs import joined
from coursia_genai_lab.launch.orders import LaunchGrant, LaunchOrder
from coursia_genai_lab.launch.tally import Starts
from coursia_genai_lab.launch.watch import KernelWatch
from coursia_genai_lab.wire.launches import LaunchView
from coursia_genai_lab.wire.notebooks import NotebookType, Profile

PATIENCE = 60.0


class Desk:
    """A desk that notes what it is told and grants one variable."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        self.orders: list[LaunchOrder] = []
        self.variables = {"GENAI_MODE": "demo"}
        self.first: Callable[[], Awaitable[None]] | None = None
        """Awaited in `prepare`."""
        self.until_ready: Callable[[], Awaitable[None]] | None = None
        self.asked = asyncio.Event()
        self.waiting = asyncio.Event()

    def names(self, profile: Profile) -> Collection[str]:
        return {"OPENAI_API_KEY"}

    async def prepare(self, order: LaunchOrder) -> LaunchGrant:
        self.orders.append(order)
        self.told.append(("prepare", order.kernel_id))
        self.asked.set()
        if self.first is not None:
            await self.first()
        view = LaunchView(
            launch_id=order.launch_id,
            kernel_id=order.kernel_id,
            path=order.path,
            type=order.profile.type,
            reason="" if self.variables else "GenAI is off.",
        )
        return LaunchGrant(view, self.variables)

    async def ready(self, launch_id: str, timeout: float) -> None:
        self.waiting.set()
        if self.until_ready is not None:
            await self.until_ready()

    async def confirm(self, launch_id: str) -> None:
        self.told.append(("confirm", self._kernel(launch_id)))

    async def renew(self, launch_id: str) -> None:
        self.told.append(("renew", self._kernel(launch_id)))

    async def release(self, launch_id: str) -> None:
        self.told.append(("release", self._kernel(launch_id)))

    def views(self) -> list[LaunchView]:
        return []

    def _kernel(self, launch_id: str) -> str:
        return next(one.kernel_id for one in self.orders if one.launch_id == launch_id)


class Profiles:
    """Profiles by file name; a name that is not known is classic."""

    def __init__(self, **services: list[str]) -> None:
        self.services = services
        self.failure: Exception | None = None

    def get(self, path: Path, *, api_path: str = "") -> Profile:
        if self.failure is not None:
            raise self.failure
        services = self.services.get(path.stem)
        if services is None:
            return Profile(path=api_path)
        return Profile(path=api_path, type="GENAI_BASIC", services=services)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("genai.ipynb", "classic.ipynb"):
        (tmp_path / name).write_text("{}")
    return tmp_path


def launcher(root: Path, desk: Desk, **options: Any) -> Launcher:
    profiles = options.pop("profiles", None) or Profiles(genai=["comfyui"])
    return Launcher(desk=desk, profiles=profiles, root_dir=root, **options)


def kernel(name: str = "genai.ipynb", id_: str = "k1") -> Kernel:
    return Kernel(id_, {"JPY_SESSION_NAME": name, "HOME": "/home/ada"}, {"SPEC": "1"})


async def hang() -> None:
    await asyncio.Event().wait()


async def test_a_notebook_in_need_is_ordered_with_all_that_is_known(root: Path) -> None:
    (root / ".env").write_text("OPENAI_API_KEY=x\n")
    desk = Desk()
    assert await launcher(root, desk).before(kernel()) == {"GENAI_MODE": "demo"}
    (order,) = desk.orders
    assert order.path == "genai.ipynb"
    assert order.base_environment["HOME"] == "/home/ada"
    assert order.kernelspec_environment == {"SPEC": "1"}
    assert order.dotenv == {"OPENAI_API_KEY": ".env"}
    assert "/home/ada" not in repr(order)


async def test_a_notebook_behind_a_link_reads_the_env_file_of_the_folder_it_runs_in(
    root: Path,
) -> None:
    (root / "mine").mkdir()
    (root / "mine" / "link.ipynb").symlink_to(root / "genai.ipynb")
    (root / "mine" / ".env").write_text("OPENAI_API_KEY=x\n")
    desk = Desk()
    await launcher(root, desk).before(kernel("mine/link.ipynb"))
    (order,) = desk.orders
    assert order.dotenv == {"OPENAI_API_KEY": "mine/.env"}


async def test_a_classic_notebook_never_reaches_the_desk(root: Path) -> None:
    desk = Desk()
    assert await launcher(root, desk).before(kernel("classic.ipynb")) == {}
    assert await launcher(root, desk).before(Kernel("k2", None, {})) == {}
    assert desk.told == []


async def test_a_kernel_is_followed_from_start_over_restart_to_its_end(root: Path) -> None:
    desk = Desk()
    launch = launcher(root, desk)
    await launch.before(kernel())
    await launch.started("k1")
    await launch.ended("k1", restart=True)
    await launch.before(kernel())
    await launch.started("k1")
    await launch.ended("k1", restart=False)
    await launch.ended("k1", restart=False)
    assert [what for what, _ in desk.told] == [
        "prepare",
        "confirm",
        "renew",
        "prepare",
        "confirm",
        "release",
    ]


async def test_a_notebook_that_became_classic_lets_go_at_its_restart(root: Path) -> None:
    desk = Desk()
    launch = launcher(root, desk)
    await launch.before(kernel())
    await launch.started("k1")
    await launch.ended("k1", restart=True)
    assert await launch.before(kernel("classic.ipynb")) == {}
    await launch.started("k1")
    assert desk.told[-1] == ("release", "k1")


async def test_a_desk_that_hangs_holds_no_kernel(root: Path) -> None:
    desk = Desk()
    desk.first = hang
    launch = launcher(root, desk, deadline_seconds=0.05)
    assert await asyncio.wait_for(launch.before(kernel()), PATIENCE) == {}


@pytest.mark.parametrize("failure", [RuntimeError("broken"), OSError("disk"), MemoryError()])
async def test_whatever_fails_the_kernel_starts(root: Path, failure: Exception) -> None:
    desk = Desk()
    profiles = Profiles(genai=["comfyui"])
    profiles.failure = failure
    assert await launcher(root, desk, profiles=profiles).before(kernel()) == {}

    async def fail() -> None:
        raise failure

    desk.first = fail
    assert await launcher(root, desk).before(kernel()) == {}


async def test_a_session_table_that_fails_stops_no_kernel(root: Path) -> None:
    class Broken:
        kernel_manager = None

        async def list_sessions(self) -> list[Any]:
            raise RuntimeError("no such table: session")

    assert await launcher(root, Desk(), session_manager=Broken()).before(kernel()) == {}


async def test_after_a_failed_restart_the_former_claim_is_let_go(root: Path) -> None:
    desk = Desk()
    launch = launcher(root, desk)
    await launch.before(kernel())
    await launch.started("k1")
    await launch.ended("k1", restart=True)

    async def fail() -> None:
        raise RuntimeError("broken")

    desk.first = fail
    assert await launch.before(kernel()) == {}
    await launch.started("k1")
    assert desk.told[-1] == ("release", "k1")


async def test_a_kernel_of_another_thread_is_left_alone(root: Path) -> None:
    desk = Desk()
    launch = launcher(root, desk)
    seen: list[object] = []
    thread = threading.Thread(target=lambda: seen.append(asyncio.run(launch.before(kernel()))))
    thread.start()
    thread.join(PATIENCE)
    assert seen == [{}]
    assert desk.told == []


async def test_a_launch_waits_until_its_services_are_ready(root: Path) -> None:
    desk = Desk()
    ready = asyncio.Event()
    desk.until_ready = lambda: _wait(ready)
    launch = launcher(root, desk, launch_wait=PATIENCE)
    task = asyncio.ensure_future(launch.before(kernel()))
    await asyncio.wait_for(desk.waiting.wait(), PATIENCE)
    assert not task.done()
    ready.set()
    assert await asyncio.wait_for(task, PATIENCE) == {"GENAI_MODE": "demo"}


async def test_a_person_can_skip_the_wait(root: Path) -> None:
    desk = Desk()
    desk.until_ready = hang
    launch = launcher(root, desk, launch_wait=3600)
    task = asyncio.ensure_future(launch.before(kernel()))
    await asyncio.wait_for(desk.waiting.wait(), PATIENCE)
    assert not launch.skip_wait("another")
    assert launch.skip_wait("k1")
    assert await asyncio.wait_for(task, PATIENCE) == {"GENAI_MODE": "demo"}


async def test_a_wait_that_runs_out_still_gives_the_variables(root: Path) -> None:
    desk = Desk()
    desk.until_ready = hang
    launch = launcher(root, desk, launch_wait=0.02)
    given = await asyncio.wait_for(launch.before(kernel()), PATIENCE)
    assert given == {"GENAI_MODE": "demo"}


async def test_closing_ends_every_wait_lets_launches_pass_and_releases(root: Path) -> None:
    desk = Desk()
    desk.until_ready = hang
    launch = launcher(root, desk, launch_wait=3600)

    async def start() -> dict[str, str]:
        given = dict(await launch.before(kernel()))
        await launch.started("k1")
        return given

    task = asyncio.ensure_future(start())
    await asyncio.wait_for(desk.waiting.wait(), PATIENCE)
    await asyncio.wait_for(launch.close(), PATIENCE)
    assert task.done()
    assert desk.told[-1] == ("release", "k1")
    assert await launch.before(kernel(id_="k2")) == {}
    await launch.close()


async def test_a_cancelled_start_is_cancelled(root: Path) -> None:
    desk = Desk()
    desk.first = hang
    launch = launcher(root, desk)
    task = asyncio.ensure_future(launch.before(kernel()))
    await asyncio.wait_for(desk.asked.wait(), PATIENCE)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, PATIENCE)


class Manager:
    """A session manager with kernels of the given languages, alive until told."""

    def __init__(self, **languages: str) -> None:
        self.kernel_manager = self
        self.languages = languages
        self.dead: set[str] = set()

    def __contains__(self, kernel_id: str) -> bool:
        return kernel_id in self.languages

    def get_kernel(self, kernel_id: str) -> Any:
        async def is_alive() -> bool:
            return kernel_id not in self.dead

        spec = SimpleNamespace(language=self.languages[kernel_id], env={})
        return SimpleNamespace(kernel_spec=spec, is_alive=is_alive)

    async def list_sessions(self) -> list[dict[str, Any]]:
        return [
            {"id": "s", "path": "classic.ipynb", "type": "notebook", "kernel": {"id": key}}
            for key in self.languages
        ]


async def test_a_running_kernel_gets_code_that_sets_the_variables(root: Path) -> None:
    desk = Desk()
    desk.variables = {"GENAI_API_TOKEN": "cgl_'\"\\", "GENAI_MODE": "demo"}
    launch = launcher(root, desk, session_manager=Manager(k1="python"))
    enabled = await launch.enable("k1")
    assert enabled.launch.state == "live"
    assert enabled.launch.path == "classic.ipynb"
    environment: dict[str, str] = {}
    code = enabled.code.replace("import os as _os", "_os = SimpleNamespace(environ=environment)")
    names: dict[str, object] = {"SimpleNamespace": SimpleNamespace, "environment": environment}
    exec(code, names)
    assert environment == desk.variables
    assert "_os" not in names
    await launch.enable("k1")
    assert [what for what, _ in desk.told] == ["prepare", "confirm"] * 2
    assert desk.orders[0].asked
    await launch.close()


async def test_a_profile_of_the_open_notebook_counts_more_than_the_disk(root: Path) -> None:
    desk = Desk()
    launch = launcher(root, desk, session_manager=Manager(k1="python"))
    await launch.enable("k1", profile=Profile(type="HYBRID", services=["comfyui"]))
    assert desk.orders[0].profile.services == ["comfyui"]
    await launch.close()


async def test_enabling_says_why_it_cannot(root: Path) -> None:
    desk = Desk()
    launch = launcher(root, desk, session_manager=Manager(k1="python", sharp="C#"))
    with pytest.raises(NotFound):
        await launch.enable("unknown")
    with pytest.raises(Conflict):
        await launch.enable("sharp")
    desk.variables = {}
    with pytest.raises(NotAllowed, match="off"):
        await launch.enable("k1")
    assert desk.told[-1] == ("release", "k1")
    with pytest.raises(NotFound):
        await launcher(root, desk).enable("k1")


async def test_a_kernel_that_is_gone_without_a_word_is_noticed() -> None:
    manager = Manager(k1="python", k2="python", k3="python")
    gone: asyncio.Queue[str] = asyncio.Queue()
    watch = KernelWatch(manager, gone.put, interval_seconds=0.01)
    for kernel_id in manager.languages:
        watch.follow(kernel_id)
    watch.forget("k3")
    manager.dead.update({"k1", "k3"})
    assert await asyncio.wait_for(gone.get(), PATIENCE) == "k1"
    del manager.languages["k2"]
    assert await asyncio.wait_for(gone.get(), PATIENCE) == "k2"
    await watch.close()
    assert gone.empty()


def profile(type_: Any, *services: str, **changes: Any) -> Profile:
    return Profile(type=type_, services=list(services), **changes)


def test_notebooks_on_one_kernel_are_joined() -> None:
    one = joined(
        [
            profile("CLASSIC"),
            profile("GENAI_BASIC", "comfyui", mode="auto"),
            profile("HYBRID", "openai", "comfyui", mode="demo"),
        ]
    )
    assert (one.type, one.services, one.mode) == ("HYBRID", ["comfyui", "openai"], "demo")
    assert joined([profile("CLASSIC"), profile("CLASSIC")]).type == "CLASSIC"


def test_a_notebook_with_a_hosted_server_adds_nothing_to_one_without() -> None:
    hosted = profile("GENAI_BASIC", "forge-turbo", remote=True)
    here = profile("GENAI_BASIC", "comfyui")
    assert joined([hosted, here]).services == ["comfyui"]
    assert not joined([hosted, here]).remote
    assert joined([hosted, hosted]).remote


def test_joined_notebooks_want_only_what_each_of_them_would_have_alone() -> None:
    one = profile(
        "GENAI_BASIC",
        *("comfyui", "flux", "sd35"),
        optional=["comfyui", "flux"],
        widened=["flux", "sd35"],
        remote_services=["comfyui"],
        fallback="auto",
        resources={"gpus": 1, "vram_mib": 100, "memory_mib": 900},
        sections=[{"kind": "genai", "first_cell": 0, "last_cell": 3}],
    )
    other = profile(
        "GENAI_BASIC",
        *("comfyui", "sd35", "forge-turbo"),
        optional=["comfyui", "forge-turbo"],
        widened=["sd35"],
        fallback="never",
        resources={"gpus": 2, "vram_mib": 50, "memory_mib": 1},
    )
    both = joined([one, other])
    assert both.services == ["comfyui", "flux", "sd35", "forge-turbo"]
    assert both.optional == ["comfyui", "flux", "forge-turbo"]
    assert both.widened == ["flux", "sd35"]
    assert both.remote_services == []
    assert (both.fallback, both.sections) == ("never", [])
    assert both.resources.model_dump() == {"gpus": 2, "vram_mib": 100, "memory_mib": 900}
    assert joined([one, one]).remote_services == ["comfyui"]


def test_what_one_notebooks_code_calls_the_other_need_not_ask_for() -> None:
    wide = profile("GENAI_BASIC", "comfyui", widened=["comfyui"])
    assert joined([wide, profile("GENAI_BASIC", "comfyui")]).widened == []
    assert joined([wide, profile("CLASSIC")]).widened == ["comfyui"]


def wide(path: str, *services: str, digest: str) -> Profile:
    return profile(
        "GENAI_BASIC", *services, path=path, widened=list(services), metadata_digest=digest
    )


class Wide:
    """Two notebooks whose services only their metadata names."""

    def get(self, path: Path, *, api_path: str = "") -> Profile:
        if path.stem == "genai":
            return wide(api_path, "comfyui", digest="d1")
        return wide(api_path, "comfyui", "flux", digest="d2")


async def test_each_notebook_of_a_kernel_asks_for_itself(root: Path) -> None:
    rows = [
        {"kernel": {"id": "k1"}, "path": name, "type": "notebook"}
        for name in ("genai.ipynb", "classic.ipynb")
    ]
    desk, manager = Desk(), Manager(k1="python")

    async def list_sessions() -> list[dict[str, Any]]:
        return rows

    manager.list_sessions = list_sessions  # type: ignore[method-assign]
    await launcher(root, desk, profiles=Wide(), session_manager=manager).before(kernel())
    (order,) = desk.orders
    assert order.profile.widened == ["comfyui", "flux"]
    assert [(one.path, one.digest, one.services) for one in order.widenings] == [
        ("genai.ipynb", "d1", ("comfyui",)),
        ("classic.ipynb", "d2", ("comfyui", "flux")),
    ]


async def test_a_posted_profile_adds_to_what_the_saved_file_asks_for(root: Path) -> None:
    row = {"kernel": {"id": "k1"}, "path": "genai.ipynb", "type": "notebook"}
    desk, manager = Desk(), Manager(k1="python")

    async def list_sessions() -> list[dict[str, Any]]:
        return [row]

    manager.list_sessions = list_sessions  # type: ignore[method-assign]
    launch = launcher(root, desk, profiles=Wide(), session_manager=manager)
    await launch.enable("k1", profile=profile("GENAI_BASIC", "comfyui", widened=[]))
    await launch.enable("k1", profile=wide("another.ipynb", "flux", digest="d9"))
    silent, more = desk.orders
    assert [(one.digest, one.services) for one in silent.widenings] == [("d1", ("comfyui",))]
    assert [(one.path, one.digest) for one in more.widenings] == [
        ("genai.ipynb", "d1"),
        ("genai.ipynb", "d9"),
    ]
    await launch.close()


async def test_an_address_in_dotenv_is_seen_also_for_a_need_that_is_not_saved_yet(
    root: Path,
) -> None:
    (root / ".env").write_text("OPENAI_API_KEY=x\n")
    row = {"kernel": {"id": "k1"}, "path": "classic.ipynb", "type": "notebook"}
    desk, manager = Desk(), Manager(k1="python")

    async def list_sessions() -> list[dict[str, Any]]:
        return [row]

    manager.list_sessions = list_sessions  # type: ignore[method-assign]
    launch = launcher(root, desk, session_manager=manager)
    await launch.enable("k1", profile=profile("GENAI_BASIC", "openai"))
    await launch.enable("k1")
    assert [order.dotenv for order in desk.orders] == [{"OPENAI_API_KEY": ".env"}] * 2
    await launch.close()


async def _wait(event: asyncio.Event) -> None:
    await event.wait()


# -- the tally ---------------------------------------------------------------------------------

KINDS: list[tuple[NotebookType, Starts]] = [
    ("CLASSIC", Starts(classic=1)),
    ("GENAI_BASIC", Starts(genai=1)),
    ("GENAI_ADVANCED", Starts(genai=1)),
    ("HYBRID", Starts(hybrid=1)),
]


class StandIn(Desk):
    """A desk whose services are all played by the demo engine."""

    async def prepare(self, order: LaunchOrder) -> LaunchGrant:
        grant = await super().prepare(order)
        view = grant.view.model_copy(update={"fallback_reason": "local_unavailable"})
        return LaunchGrant(view, grant.variables)


@pytest.mark.parametrize(("kind", "starts"), KINDS)
async def test_a_start_counts_as_its_notebooks_kind(
    kind: NotebookType, starts: Starts, root: Path
) -> None:
    class OfKind(Profiles):
        def get(self, path: Path, *, api_path: str = "") -> Profile:
            return Profile(path=api_path, type=kind, services=["comfyui"])

    launch = launcher(root, Desk(), profiles=OfKind())
    await launch.before(kernel())
    assert launch.tally.of(None) == starts


async def test_a_kernel_of_no_notebook_is_classic_and_a_restart_counts_again(root: Path) -> None:
    launch = launcher(root, Desk())
    for _ in range(2):
        await launch.before(Kernel("console", None, {}))
    assert launch.tally.of(None) == Starts(classic=2)
    assert launch.tally.missed == 0


async def test_a_stand_in_counts_beside_the_kind(root: Path) -> None:
    launch = launcher(root, StandIn())
    await launch.before(kernel())
    assert launch.tally.of(None) == Starts(genai=1, fallback=1)


async def test_kernels_that_we_failed_or_held_up_are_counted(root: Path) -> None:
    profiles = Profiles(genai=["comfyui"])
    profiles.failure = OSError("the disk is gone")
    launch = launcher(root, Desk(), profiles=profiles)
    assert await launch.before(kernel()) == {}
    assert launch.tally.missed == 1
    desk = Desk()
    desk.first = hang
    late = launcher(root, desk, deadline_seconds=0.05)
    assert await asyncio.wait_for(late.before(kernel()), 60) == {}
    assert late.tally.missed == 1
