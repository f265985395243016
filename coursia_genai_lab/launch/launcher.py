"""What happens around a kernel's start: bounded, and never a reason for it to fail."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from ..errors import Conflict, NotAllowed, NotFound
from ..wire.launches import EnabledKernel
from ..wire.notebooks import Profile
from ..wire.problems import Problem
from .environment import EnvironmentKeys
from .kernels import Kernel, KernelsInHand, are_elsewhere
from .needs import NOTHING, Contents, Needs, Profiles, find_needs, find_needs_elsewhere
from .orders import LaunchDesk, LaunchGrant, LaunchOrder
from .person import person_of
from .resolve import Resolver
from .tally import StartTally
from .watch import Beat, KernelWatch
from .withholding import widening_of

log = logging.getLogger(__name__)
_T = TypeVar("_T")

DEADLINE_SECONDS = 10.0
"""The longest that we may hold a kernel's start, beside `launch_wait`. A classic notebook takes
a millisecond; the first one with GenAI also opens doors. When a whole class opens its notebooks
on a busy machine, a kernel that comes late serves better than one without its addresses."""
NOTE_SECONDS = 1.0
"""The longest that noting a kernel's start or end may take."""
CLOSE_SECONDS = 2.0
"""How long closing waits for launches in hand to pass (a clean exit took 0.7 s)."""
READERS = 4


class Launcher:
    """Give kernels their GenAI variables before they start, and follow them to their end.

    `session_manager` is Jupyter's; `launch_wait` is in seconds; `warn` shows a problem in the
    panel; `beat` hears once a second of each kernel with GenAI whether it works; `keys` says
    which keys kernels do not get (without: they get all); `in_hand` follows
    launches, where something did so before this was built. The thread that
    builds a launcher is the one whose event loop it serves: kernels that other threads start, as
    nbconvert does, are left alone.
    """

    def __init__(
        self,
        *,
        desk: LaunchDesk,
        profiles: Profiles,
        root_dir: str | Path,
        session_manager: Any = None,
        launch_wait: float = 0.0,
        warn: Callable[[Problem], None] = lambda problem: None,
        beat: Beat = lambda kernel_id, busy: None,
        deadline_seconds: float = DEADLINE_SECONDS,
        contents: Contents | None = None,
        person: Callable[[Any], str] = person_of,
        keys: EnvironmentKeys | None = None,
        in_hand: KernelsInHand | None = None,
    ) -> None:
        self.warn = warn
        self.keys = EnvironmentKeys("never", ()) if keys is None else keys
        self.tally = StartTally()
        self._desk = desk
        self._profiles = profiles
        self._contents = contents
        self._resolver = Resolver(root_dir=root_dir, sessions=session_manager, person=person)
        self._kernels = getattr(session_manager, "kernel_manager", None)
        self._launch_wait = launch_wait
        self._deadline_seconds = deadline_seconds
        self._thread = threading.get_ident()
        self._launches: dict[str, str] = {}
        self._in_hand = KernelsInHand(self._kernels) if in_hand is None else in_hand
        self._skips: dict[str, asyncio.Event] = {}
        self._closing = asyncio.Event()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="genai-launch")
        self._watch = KernelWatch(self._kernels, self._ended_unseen, beat=beat)

    @property
    def kernels_are_elsewhere(self) -> bool:
        """Whether a gateway runs the kernels (`--gateway-url`), far from our addresses."""
        return are_elsewhere(self._kernels)

    # -- called by the provisioner -----------------------------------------------------------

    def clear_keys(self, environment: MutableMapping[str, str]) -> None:
        """Take what no kernel gets at all out of an environment."""
        self.keys.clear(environment)

    async def before(self, kernel: Kernel) -> Mapping[str, str | None]:
        """Return the variables to set for a kernel that is about to start; empty for none.

        None stands for a key that is kept from it. Takes at most the deadline and `launch_wait`.
        Never raises, but for being cancelled.
        """
        if not self._is_ours():
            return {}
        self._in_hand.begin(kernel.id)
        if self._closing.is_set():
            return {}
        try:
            grant = await self._within(self._deadline_seconds, self._grant(kernel))
            if grant is None or not grant.variables:
                return {}
            await self._wait(kernel.id, grant.view.launch_id)
            return grant.changes
        except asyncio.TimeoutError:
            log.warning("GenAI took too long; kernel %s starts without it", kernel.id)
        except Exception:
            # The boundary to Jupyter: whatever is wrong with us, the kernel starts.
            log.exception("GenAI failed; kernel %s starts without it", kernel.id)
        self.tally.missed += 1
        await self._abandon(kernel.id)
        return {}

    async def started(self, kernel_id: str) -> None:
        """Note that a kernel runs. Never raises."""
        if not self._is_ours():
            return
        self._in_hand.started(kernel_id)
        launch_id = self._launches.get(kernel_id)
        if launch_id is not None:
            await self._safely(self._desk.confirm(launch_id))
            self._watch.follow(kernel_id)

    async def ended(self, kernel_id: str, *, restart: bool) -> None:
        """Note that a kernel has ended, for good or to start again. Never raises."""
        if not self._is_ours():
            return
        self._in_hand.ended(kernel_id)
        launch_id = self._launches.get(kernel_id)
        if launch_id is None:
            return
        self._watch.forget(kernel_id)
        if restart:
            # The lease stays for the time of a restart, so that an idle service does not bounce.
            await self._safely(self._desk.renew(launch_id))
        else:
            await self._abandon(kernel_id)

    # -- called by the application ------------------------------------------------------------

    async def enable(self, kernel_id: str, *, profile: Profile | None = None) -> EnabledKernel:
        """Give GenAI to a kernel that runs; a former grant of it ends.

        `profile` is what the open notebook needs, where the caller knows better than the disk. What
        it says of consents is added to what the saved file says (see `withholding`).

        Raises:
            NotFound: no such kernel.
            Conflict: the kernel is not Python, so variables cannot be set in it.
            NotAllowed: the mode is off.
        """
        manager = self._manager_of(kernel_id)
        spec = manager.kernel_spec
        if str(getattr(spec, "language", "")).lower() != "python":
            raise Conflict(
                "Variables can be set in a running Python kernel only.",
                "Save the notebook and restart its kernel: it then starts with GenAI.",
            )
        kernel = Kernel(kernel_id, None, dict(spec.env))
        needs = await self._needs(kernel, also=profile or Profile())
        if profile is not None:
            posted = widening_of(profile, needs.path)
            widenings = needs.widenings if posted is None else (*needs.widenings, posted)
            needs = replace(needs, profile=profile, widenings=widenings)
        if needs.profile.type == "CLASSIC":
            needs = replace(needs, profile=needs.profile.model_copy(update={"type": "GENAI_BASIC"}))
        grant = await self._ordered(kernel, needs, asked=True)
        if not grant.variables:
            await self.ended(kernel_id, restart=False)
            raise NotAllowed(grant.view.reason, "Choose another mode in the GenAI panel.")
        await self.started(kernel_id)
        view = grant.view.model_copy(update={"state": "live"})
        return EnabledKernel(launch=view, code=_code(grant.changes))

    def skip_wait(self, kernel_id: str) -> bool:
        """Let a kernel start now, without waiting further; False when none waits."""
        event = self._skips.get(kernel_id)
        if event is not None:
            event.set()
        return event is not None

    async def close(self) -> None:
        """End every wait and let the launches in hand pass, so that the server can stop.

        Takes at most two seconds. Idempotent.
        """
        if self._closing.is_set():
            return
        self._closing.set()
        await self._in_hand.passed(CLOSE_SECONDS)
        await self._watch.close()
        self._readers.shutdown(wait=False, cancel_futures=True)
        for kernel_id in list(self._launches):
            await self._abandon(kernel_id)

    # -- inner workings ------------------------------------------------------------------------

    async def _grant(self, kernel: Kernel) -> LaunchGrant | None:
        needs = await self._needs(kernel)
        self.tally.began(needs.person, needs.profile.type)
        if needs.profile.type == "CLASSIC":
            # At a restart the notebook may need no more what it needed before.
            await self._abandon(kernel.id)
            return None
        grant = await self._ordered(kernel, needs)
        if grant.view.fallback_reason is not None:
            self.tally.fell_back(needs.person)
        return grant

    async def _needs(self, kernel: Kernel, *, also: Profile | None = None) -> Needs:
        asked = await self._resolver.ask(kernel.id, kernel.environment)
        if not asked.claims:
            return replace(NOTHING, person=asked.person)
        if self._contents is not None:
            needs = await find_needs_elsewhere(asked.claims, self._resolver, self._contents)
            return replace(needs, person=asked.person)
        # One hop to a thread covers every file that is touched: a stuck disk holds no loop.
        needs = await asyncio.get_running_loop().run_in_executor(
            self._readers,
            find_needs,
            asked.claims,
            self._resolver,
            self._profiles,
            self._names,
            also,
        )
        return replace(needs, person=asked.person)

    def _names(self, profile: Profile) -> Collection[str]:
        return {*self._desk.names(profile), *self.keys.group_names()}

    async def _withheld(self, kernel: Kernel, needs: Needs) -> frozenset[str]:
        if self.keys.mode == "never":
            return frozenset()
        await asyncio.get_running_loop().run_in_executor(self._readers, self.keys.look)
        environment = os.environ if kernel.environment is None else kernel.environment
        return self.keys.withheld(environment, kernel.kernelspec_environment, needs.dotenv)

    async def _ordered(self, kernel: Kernel, needs: Needs, *, asked: bool = False) -> LaunchGrant:
        environment = os.environ if kernel.environment is None else kernel.environment
        withheld = await self._withheld(kernel, needs)
        clouds = self.keys.clouds_of(withheld)
        order = LaunchOrder(
            launch_id=uuid.uuid4().hex,
            kernel_id=kernel.id,
            profile=needs.profile,
            path=needs.path,
            person=needs.person,
            base_environment={k: v for k, v in environment.items() if k not in withheld},
            kernelspec_environment=kernel.kernelspec_environment,
            dotenv=needs.dotenv,
            asked=asked,
            widenings=needs.widenings,
            in_place=tuple(name for name in clouds if name not in needs.profile.services),
        )
        grant = await self._desk.prepare(order)
        self._launches[kernel.id] = order.launch_id
        return replace(grant, withheld=withheld)

    async def _wait(self, kernel_id: str, launch_id: str) -> None:
        if self._launch_wait <= 0:
            return
        skip = self._skips[kernel_id] = asyncio.Event()
        try:
            with contextlib.suppress(asyncio.TimeoutError):
                ready = self._desk.ready(launch_id, self._launch_wait)
                await self._within(self._launch_wait, ready, skip)
        finally:
            del self._skips[kernel_id]

    async def _within(self, seconds: float, step: Awaitable[_T], *bells: asyncio.Event) -> _T:
        """Await a step; TimeoutError after `seconds`, when a bell rings, or when we close."""
        task = asyncio.ensure_future(step)
        rings = [asyncio.ensure_future(bell.wait()) for bell in (self._closing, *bells)]
        try:
            await asyncio.wait([task, *rings], timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise asyncio.TimeoutError
            return task.result()
        finally:
            for one in (task, *rings):
                one.cancel()
            await asyncio.gather(task, *rings, return_exceptions=True)

    def _manager_of(self, kernel_id: str) -> Any:
        if self._kernels is None or kernel_id not in self._kernels:
            raise NotFound("There is no such kernel.", "Start the notebook's kernel first.")
        return self._kernels.get_kernel(kernel_id)

    async def _ended_unseen(self, kernel_id: str) -> None:
        await self.ended(kernel_id, restart=False)

    def _is_ours(self) -> bool:
        return threading.get_ident() == self._thread

    async def _abandon(self, kernel_id: str) -> None:
        launch_id = self._launches.pop(kernel_id, None)
        if launch_id is not None:
            await self._safely(self._desk.release(launch_id))

    async def _safely(self, step: Awaitable[None]) -> None:
        try:
            await asyncio.wait_for(step, NOTE_SECONDS)
        except asyncio.TimeoutError:
            log.warning("GenAI could not note a kernel's change in time")
        except Exception:
            # The boundary to Jupyter again: a kernel's end must not fail for us.
            log.exception("GenAI could not note a kernel's change")


def _code(changes: Mapping[str, str | None]) -> str:
    variables = {name: value for name, value in changes.items() if value is not None}
    away = [name for name, value in changes.items() if value is None]
    taken = f"[_os.environ.pop(_n, None) for _n in {away!r}]; " if away else ""
    return f"import os as _os; {taken}_os.environ.update({variables!r}); del _os"
