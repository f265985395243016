"""The hook: Jupyter's default kernel provisioner, with our steps around a launch.

Our mixin is composed at run time with the class of the previous default provisioner, so another
package's default keeps all its behaviour. Kernel specs that name a provisioner of their own are
not touched.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from .kernels import Kernel, KernelHook

log = logging.getLogger(__name__)

NAME = "coursia-genai-provisioner"
_VALUE = "coursia_genai_lab.launch.provisioner:GenAIProvisionerMixin"

if TYPE_CHECKING:
    from ..wire.problems import Problem

    _Base = LocalProvisioner
else:
    _Base = object


class GenAIProvisionerMixin(_Base):
    """Ask the launcher before a launch, and tell it what became of the kernel."""

    genai_launcher: ClassVar[KernelHook]

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Set the variables that the launcher gives and take away the keys that it withholds.

        Nothing else changes, and it never fails.
        """
        kernel_id = str(self.kernel_id)
        changes: dict[str, str | None] = {}
        if self._has_server:
            changes = dict(
                await self.genai_launcher.before(
                    Kernel(kernel_id, kwargs.get("env"), dict(self.kernel_spec.env or {}))
                )
            )
        variables = {name: value for name, value in changes.items() if value is not None}
        if changes:
            # A new dictionary: Jupyter keeps the old one to start the kernel again with.
            kept = _environment(kwargs.get("env"))
            kwargs["env"] = {
                **{name: value for name, value in kept.items() if name not in changes},
                **variables,
            }
        try:
            launch = await super().pre_launch(**kwargs)
        except BaseException:
            await self.genai_launcher.ended(kernel_id, restart=False)
            raise
        if variables and isinstance(launch.get("env"), dict):
            from .variables import proxy_exceptions

            # kernel.json may have put its own NO_PROXY over ours.
            launch["env"].update(proxy_exceptions(launch["env"]))
        if isinstance(launch.get("env"), dict):
            # Also from kernels that nobody asked us about, and what kernel.json put back.
            self.genai_launcher.clear_keys(launch["env"])
        return launch

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Launch; where that fails, let go of what was claimed."""
        try:
            return await super().launch_kernel(cmd, **kwargs)
        except BaseException:
            await self.genai_launcher.ended(str(self.kernel_id), restart=False)
            raise

    async def post_launch(self, **kwargs: Any) -> None:
        """Note that the kernel runs."""
        await super().post_launch(**kwargs)
        await self.genai_launcher.started(str(self.kernel_id))

    async def cleanup(self, restart: bool = False) -> None:
        """Clean up, and note that the kernel has ended."""
        try:
            await super().cleanup(restart=restart)
        finally:
            await self.genai_launcher.ended(str(self.kernel_id), restart=restart)

    @property
    def _has_server(self) -> bool:
        # Batch tools start kernels without a server; there we do nothing.
        return getattr(self.parent, "parent", None) is not None


@dataclass(frozen=True)
class ComposedEntry:
    """What the factory takes for an entry point: a name, a value, and `load()`."""

    name: str
    value: str
    base: type[LocalProvisioner]
    composed: type[Any]

    def load(self) -> type[Any]:
        """Return the provisioner class."""
        return self.composed


def install(factory: KernelProvisionerFactory, launcher: KernelHook) -> Callable[[], None]:
    """Put our steps around the factory's default provisioner; return what undoes it.

    Where kernels do not run on this machine nothing is changed, and one warning says so. Never
    raises. The undo may be called twice.
    """
    former = factory.default_provisioner_name
    base = _local_class(factory, former)
    if base is None or launcher.kernels_are_elsewhere:
        launcher.warn(_elsewhere())
        return lambda: None
    composed = type(
        f"GenAI{base.__name__}", (GenAIProvisionerMixin, base), {"genai_launcher": launcher}
    )
    entry = ComposedEntry(NAME, _VALUE, base, composed)
    provisioners: dict[str, Any] = factory.provisioners
    before = provisioners.get(NAME)
    provisioners[NAME] = entry
    factory.default_provisioner_name = NAME

    def undo() -> None:
        # The dictionary belongs to the class and outlives this server: leave it as it was.
        if provisioners.get(NAME) is not entry:
            return
        del provisioners[NAME]
        if before is not None:
            provisioners[NAME] = before
        if factory.default_provisioner_name == NAME:
            factory.default_provisioner_name = former

    return undo


def _local_class(factory: KernelProvisionerFactory, name: str) -> type[LocalProvisioner] | None:
    entry: Any = factory.provisioners.get(name)
    if entry is None:
        return None
    if isinstance(entry, ComposedEntry):
        return entry.base  # A server before us in this process did not undo its own.
    try:
        loaded: Any = entry.load()
    except Exception:
        # A default that does not load fails in Jupyter itself, with its own message.
        log.exception("The provisioner %s cannot be loaded", name)
        return None
    local = isinstance(loaded, type) and issubclass(loaded, LocalProvisioner)
    return loaded if local and not issubclass(loaded, GenAIProvisionerMixin) else None


def _environment(given: Any) -> dict[str, str]:
    return dict(os.environ if given is None else given)


def _elsewhere() -> Problem:
    from ..wire.problems import Problem

    return Problem(
        code="kernels_elsewhere",
        message="Kernels do not start on this machine, so notebooks get no GenAI addresses.",
        remedy="Use the local kernels of a server without --gateway-url, whose default kernel "
        "provisioner is Jupyter's own or a subclass of it.",
    )
