"""The hook in Jupyter's provisioner factory, and what it leaves of a kernel's launch."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.multikernelmanager import AsyncMultiKernelManager
from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase

from coursia_genai_lab.launch.launcher import Kernel, Launcher
from coursia_genai_lab.launch.provisioner import NAME, install
from coursia_genai_lab.wire.problems import Problem


class FixedLauncher(Launcher):
    """A launcher that gives every kernel the same variables and notes what it hears."""

    def __init__(self, given: Mapping[str, str]) -> None:
        nobody: Any = None
        self.given = given
        self.heard: list[tuple[str, object]] = []
        self.problems: list[Problem] = []
        super().__init__(
            desk=nobody, profiles=nobody, root_dir=Path.cwd(), warn=self.problems.append
        )

    async def before(self, kernel: Kernel) -> Mapping[str, str]:
        self.heard.append(("before", kernel.environment))
        return self.given

    async def started(self, kernel_id: str) -> None:
        self.heard.append(("started", kernel_id))

    async def ended(self, kernel_id: str, *, restart: bool) -> None:
        self.heard.append(("ended", restart))


class Third(LocalProvisioner):
    """Another package's provisioner."""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        launch = await super().pre_launch(**kwargs)
        launch["env"]["THIRD_PARTY"] = "kept"
        return launch


class Entry:
    """An entry point that loads what it is given."""

    def __init__(self, name: str, loaded: Any) -> None:
        self.name = name
        self.value = f"third.party:{name}"
        self._loaded = loaded

    def load(self) -> Any:
        if isinstance(self._loaded, Exception):
            raise self._loaded
        return self._loaded


@pytest.fixture
def factory() -> Iterator[KernelProvisionerFactory]:
    """A factory of its own; the class's dictionary is given back as it was."""
    before = dict(KernelProvisionerFactory.provisioners)
    KernelProvisionerFactory.clear_instance()
    yield KernelProvisionerFactory.instance()
    KernelProvisionerFactory.clear_instance()
    KernelProvisionerFactory.provisioners.clear()
    KernelProvisionerFactory.provisioners.update(before)


def default_class(factory: KernelProvisionerFactory) -> Any:
    return factory.provisioners[factory.default_provisioner_name].load()


@asynccontextmanager
async def launched(tmp_path: Path, **kwargs: Any) -> AsyncIterator[AsyncKernelManager]:
    """Start a process as if it were a kernel of a server."""
    parent = AsyncMultiKernelManager()
    manager = AsyncKernelManager(parent=parent, connection_file=str(tmp_path / "kernel.json"))
    manager._kernel_spec = KernelSpec(
        argv=[sys.executable, "-c", "import time; time.sleep(600)", "{connection_file}"],
        language="python",
        env=kwargs.pop("spec_env", {}),
    )
    await manager.start_kernel(**kwargs)
    try:
        yield manager
    finally:
        await manager.shutdown_kernel(now=True)
        manager.context.destroy(linger=0)
        parent.context.destroy(linger=0)


def environ_of(manager: AsyncKernelManager) -> dict[str, str]:
    provisioner = manager.provisioner
    assert isinstance(provisioner, LocalProvisioner)
    data = Path(f"/proc/{provisioner.pid}/environ").read_bytes().decode()
    return dict(item.split("=", 1) for item in data.split("\0") if item)


async def test_the_default_provisioner_becomes_ours_around_the_former_one(
    factory: KernelProvisionerFactory,
) -> None:
    undo = install(factory, FixedLauncher({}))
    assert factory.default_provisioner_name == NAME
    assert issubclass(default_class(factory), LocalProvisioner)
    assert default_class(factory).__name__ == "GenAILocalProvisioner"
    assert NAME in factory.get_provisioner_entries()
    undo()


async def test_undoing_leaves_nothing_and_can_be_done_twice(
    factory: KernelProvisionerFactory,
) -> None:
    before, name = dict(factory.provisioners), factory.default_provisioner_name
    undo = install(factory, FixedLauncher({}))
    undo()
    undo()
    assert factory.provisioners == before
    assert factory.default_provisioner_name == name
    assert default_class(factory) is LocalProvisioner


async def test_installing_again_without_an_undo_wraps_once(
    factory: KernelProvisionerFactory,
) -> None:
    install(factory, FixedLauncher({}))
    second = FixedLauncher({})
    undo = install(factory, second)
    assert default_class(factory).genai_launcher is second
    assert default_class(factory).__mro__[2] is LocalProvisioner
    undo()
    assert default_class(factory).genai_launcher is not second


async def test_another_packages_default_keeps_its_behaviour(
    factory: KernelProvisionerFactory, tmp_path: Path
) -> None:
    factory.provisioners["third"] = Entry("third", Third)  # type: ignore[assignment]
    factory.default_provisioner_name = "third"
    undo = install(factory, FixedLauncher({"GENAI_MODE": "demo"}))
    async with launched(tmp_path) as manager:
        environment = environ_of(manager)
        assert environment["THIRD_PARTY"] == "kept"
        assert environment["GENAI_MODE"] == "demo"
        assert isinstance(manager.provisioner, Third)
    undo()
    assert factory.default_provisioner_name == "third"


class Remote(KernelProvisionerBase):
    """A provisioner that starts kernels elsewhere."""


@pytest.mark.parametrize("loaded", [Remote, ImportError("no module"), lambda **kwargs: None])
async def test_where_kernels_are_not_local_nothing_changes_and_a_warning_says_so(
    factory: KernelProvisionerFactory, loaded: Any
) -> None:
    factory.provisioners["remote"] = Entry("remote", loaded)  # type: ignore[assignment]
    factory.default_provisioner_name = "remote"
    launcher = FixedLauncher({})
    undo = install(factory, launcher)
    assert factory.default_provisioner_name == "remote"
    assert NAME not in factory.provisioners
    assert [problem.code for problem in launcher.problems] == ["kernels_elsewhere"]
    undo()


async def test_a_default_that_is_not_registered_is_left_to_jupyter(
    factory: KernelProvisionerFactory,
) -> None:
    factory.default_provisioner_name = "nowhere"
    launcher = FixedLauncher({})
    install(factory, launcher)
    assert factory.default_provisioner_name == "nowhere"
    assert len(launcher.problems) == 1


async def test_without_variables_the_launch_is_the_same_to_the_byte(
    factory: KernelProvisionerFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-my-own")
    async with launched(tmp_path, cwd=str(tmp_path)) as manager:
        plain = environ_of(manager)
    undo = install(factory, FixedLauncher({}))
    async with launched(tmp_path, cwd=str(tmp_path)) as manager:
        assert list(environ_of(manager).items()) == list(plain.items())
    undo()


@pytest.mark.parametrize("given", [None, {"PATH": os.environ["PATH"], "OWN": "1"}])
async def test_variables_are_added_to_what_the_kernel_would_have_had(
    factory: KernelProvisionerFactory, tmp_path: Path, given: dict[str, str] | None
) -> None:
    launcher = FixedLauncher({"GENAI_MODE": "demo"})
    undo = install(factory, launcher)
    before = None if given is None else dict(given)
    async with launched(tmp_path, **({} if given is None else {"env": given})) as manager:
        environment = environ_of(manager)
        assert environment["GENAI_MODE"] == "demo"
        expected = dict(os.environ) if given is None else given
        assert expected.items() <= environment.items()
        assert given == before
        assert launcher.heard[0] == ("before", given)
    undo()


async def test_a_kernelspec_may_refer_to_our_variables_and_its_no_proxy_is_completed(
    factory: KernelProvisionerFactory, tmp_path: Path
) -> None:
    undo = install(factory, FixedLauncher({"GENAI_MODE": "demo"}))
    spec_env = {"MY_MODE": "${GENAI_MODE}", "NO_PROXY": "intranet.example"}
    async with launched(tmp_path, spec_env=spec_env) as manager:
        environment = environ_of(manager)
        assert environment["MY_MODE"] == "demo"
        assert environment["NO_PROXY"] == "intranet.example,127.0.0.1,localhost"
    undo()


async def test_a_restart_is_told_and_starts_from_the_launch_as_it_was(
    factory: KernelProvisionerFactory, tmp_path: Path
) -> None:
    launcher = FixedLauncher({"GENAI_MODE": "demo"})
    undo = install(factory, launcher)
    async with launched(tmp_path, env={**os.environ}) as manager:
        launcher.given = {}
        await manager.restart_kernel(now=True)
        assert "GENAI_MODE" not in environ_of(manager)
    told = [what if what != "ended" else (what, how) for what, how in launcher.heard]
    assert told == [
        "before",
        "started",
        ("ended", True),
        "before",
        "started",
        ("ended", False),
    ]
    undo()


async def test_a_kernel_without_a_server_is_left_alone(
    factory: KernelProvisionerFactory, tmp_path: Path
) -> None:
    launcher = FixedLauncher({"GENAI_MODE": "demo"})
    undo = install(factory, launcher)
    manager = AsyncKernelManager(connection_file=str(tmp_path / "kernel.json"))
    await manager.start_kernel(env={**os.environ})
    try:
        assert "GENAI_MODE" not in environ_of(manager)
        assert "before" not in [what for what, _ in launcher.heard]
    finally:
        await manager.shutdown_kernel(now=True)
        manager.context.destroy(linger=0)
    undo()


async def test_a_launch_that_fails_fails_as_ever_and_is_told(
    factory: KernelProvisionerFactory, tmp_path: Path
) -> None:
    launcher = FixedLauncher({"GENAI_MODE": "demo"})
    undo = install(factory, launcher)
    parent = AsyncMultiKernelManager()
    manager = AsyncKernelManager(parent=parent, connection_file=str(tmp_path / "kernel.json"))
    manager._kernel_spec = KernelSpec(argv=["/no/such/program"], language="python")
    with pytest.raises(FileNotFoundError):
        await manager.start_kernel()
    assert launcher.heard[-1] == ("ended", False)
    manager.context.destroy(linger=0)
    parent.context.destroy(linger=0)
    undo()
