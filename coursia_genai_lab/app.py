"""The extension application: hooks in cheaply, builds all once the server listens, closes it.

A server that starts should not wait for what no notebook may need. So loading the extension only
registers the event schema, hooks the kernel launch and holds the addresses of our routes; the
parts are built when the loop runs (see `assembly`), and whatever comes before waits for them.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_core.paths import jupyter_runtime_dir
from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from tornado.routing import PathMatches

from .config import GenAILab
from .errors import GenAIError
from .events.publisher import Publisher
from .launch.kernels import KernelsInHand
from .launch.provisioner import install
from .loading.built_once import BuiltOnce
from .loading.launches import AwaitedLauncher
from .loading.routes import AwaitedRoutes

if TYPE_CHECKING:
    from .assembly import Assembly, Reading, Surroundings
    from .handlers.base import Parts

CLOSE_SECONDS = 8.0
"""The longest that closing may take; what is left then is reaped by the next Lab."""


class GenAILabApp(ExtensionApp):
    """Join the Lab, the gateway, the launch and the REST API to one Jupyter server."""

    name = "coursia_genai_lab"
    app_name = "CoursIA GenAI Lab"
    load_other_extensions = True
    _unhook: Callable[[], None] | None = None
    """Undoes the hook; None: what the operator chose cannot be, so nothing of us is there."""

    def initialize_settings(self) -> None:
        """Register the event schema and hook the kernel launch.

        Nothing is built or opened here: no part, no port, no client, no folder. Only where keys
        are kept from every process, the parts are built at once.
        """
        server = self.serverapp
        assert server is not None
        assert server.event_logger is not None
        self._chosen = GenAILab(parent=self)
        self._settings = self._chosen.settings_from_traits(state_folder=str(_state_folder()))
        self._publisher = Publisher(server.event_logger)
        self._publisher.register()
        self._built: BuiltOnce[Assembly] = BuiltOnce(self._build, failed=self._tell)
        self._opened = asyncio.Event()
        kernels = getattr(server.session_manager, "kernel_manager", None)
        self._in_hand = KernelsInHand(kernels)
        self._launches = AwaitedLauncher(self._built, kernels=kernels, in_hand=self._in_hand)
        if self._settings.withhold_keys == "all":
            # Terminals, too, start from this server's environment, and nothing of ours asks them
            # to wait.
            self._built.at_once(lambda: self._join(*self._read()))
        factory = KernelProvisionerFactory.instance(parent=server)
        self._unhook = install(factory, self._launches)

    def initialize_handlers(self) -> None:
        """Hold the addresses of the REST API until the parts bring its routes."""
        assert self.serverapp is not None
        web_app = self.serverapp.web_app
        ours = PathMatches(url_path_join(web_app.settings["base_url"], r"/coursia-genai/.*"))
        web_app.add_handlers(  # type: ignore[no-untyped-call]
            ".*$", [(ours, AwaitedRoutes(web_app, self._built, self._opened))]
        )

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        await self.open()

    @property
    def assembly(self) -> Assembly:
        """What was built. AttributeError before that."""
        if self._built.value is None:
            raise AttributeError("The parts are not built yet.")
        return self._built.value

    @property
    def parts(self) -> Parts:
        """What the handlers ask of. AttributeError before it is built."""
        return self.assembly.parts

    async def open(self) -> None:
        """Build the parts and open the Lab; nothing where that fails. Idempotent."""
        if self._unhook is None:
            return
        # As long as it takes: `close` ends it too, and a Lab that came late would stay closed.
        assembly = await self._built.within(None)
        if assembly is None:
            return
        try:
            if not await assembly.open():
                self.log.info("GenAI Lab: this system does not keep others out of the memory.")
        finally:
            self._opened.set()
        await assembly.load_the_rest()

    async def close(self) -> None:
        """End building, or close what was built; unhook. Idempotent."""
        if self._unhook is None:
            return
        self._unhook()
        self._opened.set()
        await self._built.close()
        try:
            if self._built.value is None:
                await self._launches.close()
            else:
                await self._built.value.close()
        finally:
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

    async def _build(self) -> Assembly:
        # Imports take most of the time: in a thread they hold up no request of anybody's.
        return self._join(*await asyncio.to_thread(self._read))

    def _read(self) -> tuple[Surroundings, Reading]:
        from .assembly import Surroundings, read

        assert self.serverapp is not None
        around = Surroundings(
            server=self.serverapp,
            settings=self._settings,
            host_path=self._chosen.state_path,
            publish=self._publisher.publish,
            in_hand=self._in_hand,
        )
        return around, read(around)

    def _join(self, around: Surroundings, found: Reading) -> Assembly:
        from .assembly import add_routes, assemble

        assembly = assemble(around, found)
        assembly.launcher.tally.missed += self._launches.missed
        for problem in self._launches.problems:
            assembly.launcher.warn(problem)
        add_routes(around.server, assembly.parts)
        return assembly

    def _tell(self, error: Exception) -> None:
        if isinstance(error, GenAIError):
            self.log.error("GenAI Lab is off, for it could not be loaded: %s", error)
        else:
            self.log.error("GenAI Lab is off, for it could not be loaded.", exc_info=error)


def _state_folder() -> Path:
    # Homes are often shared between hosts; containers and processes are not.
    return Path(jupyter_runtime_dir()) / "coursia-genai" / socket.gethostname()
