"""The desk where a kernel's launch asks for GenAI: a lease, a token, doors, variables."""

from __future__ import annotations

import asyncio
import logging
import posixpath
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from ..catalog.spec import ServiceSpec
from ..errors import GenAIError, NotFound
from ..gateway.doors import Doors
from ..gateway.tokens import Tokens
from ..lab.cloud_questions import CloudQuestions
from ..lab.consents import Consent, Consents
from ..lab.lab import Lab
from ..wire.launches import LaunchView
from ..wire.notebooks import Profile
from ..wire.policy import Fallback, Mode
from .cloud_offer import CloudOffers
from .opening import first_view, open_doors, why_nothing
from .orders import LaunchGrant, LaunchOrder
from .raw_calls import raw_calls
from .variables import names_that_matter, plan, proxy_exceptions, taken_names
from .withholding import Withholding, limited, widening_of

log = logging.getLogger(__name__)

PENDING_SECONDS = 60.0
"""How long a lease lives between preparing a launch and its kernel's start."""
SURVEY_SECONDS = 5.0
"""How long the first launch waits to learn what this machine can run: half a second as a rule, and
an engine that keeps silent is asked for three."""
DEMO = "demo"


@dataclass(frozen=True)
class _Launch:
    view: LaunchView
    person: str
    lease_id: str | None
    """None: nothing was injected, the launch is only shown."""
    services: tuple[str, ...]
    """The services whose addresses were given."""
    optional: frozenset[str]
    """Those of them that start with their first call, not with the kernel."""
    mode: Mode | None
    """The notebook's own word."""
    withholding: Withholding
    fallback: Fallback | None = None
    """The notebook's own word on clouds that stand in."""
    raw: frozenset[str] = frozenset()
    """The services that its notebook calls in a dialect that no cloud speaks."""
    held_back: frozenset[str] = frozenset()
    """What waited for a consent when we last looked."""


class LocalLaunchDesk:
    """Serve launches from the Lab in this process."""

    def __init__(
        self,
        lab: Lab,
        tokens: Tokens,
        doors: Doors,
        consents: Consents | None = None,
        questions: CloudQuestions | None = None,
    ) -> None:
        """Without `consents` nothing is ever confirmed, without `questions` no cloud offered."""
        self._offers = CloudOffers(lab, questions)
        self._lab = lab
        self._consents = Consents() if consents is None else consents
        self._consents.listen(self._look_at_consents)
        self._tokens = tokens
        self._doors = doors
        self._launches: dict[str, _Launch] = {}

    def names(self, profile: Profile) -> Collection[str]:
        """Return the variables that might be set for a profile."""
        return names_that_matter(self._specs(profile))

    async def prepare(self, order: LaunchOrder) -> LaunchGrant:
        """Claim services, mint a token, open doors, begin the starts; return the variables.

        A service that cannot start, or a door that cannot open, is a reason in the view, never
        an error. An earlier launch of the same kernel ends with this one.
        """
        await self._lab.opened(SURVEY_SECONDS)
        await self._lab.clouds.refresh()
        grant = await self._prepared(order)
        # Looked at after the last wait: two pages may enable one kernel at a time.
        for launch_id in self._of_kernel(order.kernel_id):
            if launch_id != order.launch_id:
                self._forget(launch_id)
        self._lab.announce("launch")
        return grant

    async def ready(self, launch_id: str, timeout: float) -> None:
        """Return when the launch's services answer or have failed, at the latest in `timeout`."""
        launch = self._launches.get(launch_id)
        if launch is None:
            return
        if launch.lease_id is not None:
            # The kernel starts after the wait, and by then its token must be good.
            self._lab.leases.suspend(launch.lease_id, timeout + PENDING_SECONDS)
        waits = [
            self._lab.endpoint(name, timeout=timeout, notebook_mode=launch.mode)
            for name in launch.services
            if name not in launch.optional
            and not launch.withholding.holds(name)
            and self._run_here(launch, name)
        ]
        for outcome in await asyncio.gather(*waits, return_exceptions=True):
            if isinstance(outcome, GenAIError):
                log.info("A launch goes on without waiting: %s", outcome.message)

    async def confirm(self, launch_id: str) -> None:
        """Note that the kernel runs: its lease stays until it ends."""
        launch = self._launches.get(launch_id)
        if launch is not None:
            view = launch.view.model_copy(update={"state": "live"})
            self._launches[launch_id] = replace(launch, view=view)
            self._lab.announce("launch")
            if launch.lease_id is not None:
                self._lab.leases.confirm(launch.lease_id)

    def hold(self, launch_id: str, seconds: float) -> float:
        """Keep a launch that has no kernel for so long from now; return its end as Unix time.

        Raises:
            NotFound: it has ended.
        """
        launch = self._launches.get(launch_id)
        if launch is None or launch.lease_id is None or not self._lab.leases.live(launch.lease_id):
            raise NotFound("This token has ended.", "Ask for a new one.")
        if launch.view.state != "live":
            view = launch.view.model_copy(update={"state": "live"})
            self._launches[launch_id] = replace(launch, view=view)
        self._lab.leases.suspend(launch.lease_id, seconds)
        return time.time() + seconds

    async def renew(self, launch_id: str) -> None:
        """Note that the kernel restarts: the lease lapses unless the restart comes through."""
        launch = self._launches.get(launch_id)
        if launch is not None and launch.lease_id is not None:
            self._tokens.revoke(launch.lease_id)
            self._lab.leases.suspend(launch.lease_id, PENDING_SECONDS)

    async def release(self, launch_id: str) -> None:
        """Note that the kernel has ended: lease and token end. Idempotent."""
        if self._forget(launch_id):
            self._lab.announce("launch")

    def renamed(self, before: str, after: str) -> None:
        """Show the launches of a notebook, or of all in a folder, under its new API path."""
        for launch_id, launch in list(self._launches.items()):
            path = launch.view.path
            if path != before and not path.startswith(f"{before}/"):
                continue
            path = after + path[len(before) :]
            view = launch.view.model_copy(update={"path": path})
            self._launches[launch_id] = replace(launch, view=view)
            if launch.lease_id is not None:
                self._lab.leases.relabel(launch.lease_id, posixpath.basename(path))
            self._lab.announce("launch")

    def views(self, person: str | None = None) -> list[LaunchView]:
        """Return the launches that stand, the newest last; of one person where one is named.

        Lapsed ones are forgotten.
        """
        for launch_id, launch in list(self._launches.items()):
            if launch.lease_id is not None and not self._lab.leases.live(launch.lease_id):
                self._forget(launch_id)
        launches = self._launches.values()
        return [self._shown(one) for one in launches if person in (None, one.person)]

    # -- inner workings ------------------------------------------------------------------------

    async def _prepared(self, order: LaunchOrder) -> LaunchGrant:
        profile = order.profile
        specs = self._specs(profile, order.in_place)
        raw = raw_calls(profile, self._lab.catalog)
        mode, fallback = self._offers.genai_mode(
            profile.services, self._word(order), profile.fallback, order.person, raw
        )
        if mode is None:
            return self._plain(order, "GenAI was off for this notebook when its kernel started.")
        refused = self._refused(specs, profile)
        drawn = plan(
            specs,
            taken=taken_names(
                names_that_matter(specs),
                kernelspec=order.kernelspec_environment,
                environment=order.base_environment,
                dotenv=order.dotenv,
            ),
            refused=refused,
        )
        served = [s for s in specs if s.name not in drawn.external and s.name not in refused]
        if not order.asked and not any(spec.name in profile.services for spec in served):
            return self._plain(order, why_nothing(drawn, refused), drawn.skipped)
        launch = self._launch(order, served)
        lease_id = self._claim(order, launch)
        try:
            problems = self._start(launch, launch.services, by=order.path)
            doors, openai = await open_doors(self._doors, drawn)
            token = self._tokens.mint(
                lease_id,
                person=order.person,
                services=launch.services,
                kernel_id=order.kernel_id,
                path=order.path,
                mode=profile.mode,
                fallback=profile.fallback,
                withholds=launch.withholding.holds,
            )
            facts = {
                "token": token.reveal(),
                "mode": mode,
                "fallback_reason": fallback or "",
                "type": profile.type,
                "services": ",".join(profile.services),
            }
            values, skipped = drawn.fill(doors=doors, openai=openai, facts=facts)
            values |= proxy_exceptions({**order.base_environment, **order.kernelspec_environment})
        except BaseException:
            # Also when the launch's deadline cancels us: a claim of nobody must not stay.
            self._drop(lease_id)
            raise
        view = first_view(order, reason=" ".join(problems), skipped=skipped).model_copy(
            update={
                "variables": sorted(values),
                "genai_mode": mode,
                "fallback_reason": fallback,
            }
        )
        launch = replace(launch, view=view, lease_id=lease_id)
        self._launches[order.launch_id] = launch
        # The doors took a moment to open, and a consent may have come in it.
        self._look_at(order.launch_id, launch)
        return LaunchGrant(self._shown(launch), values)

    def _launch(self, order: LaunchOrder, served: Sequence[ServiceSpec]) -> _Launch:
        names, profile = tuple(spec.name for spec in served), order.profile
        own = widening_of(profile, order.path)
        widenings = order.widenings or (() if own is None else (own,))
        withholding = Withholding(
            self._lab,
            self._consents,
            person=order.person,
            mode=self._word(order),
            widenings=limited(widenings, names),
        )
        return _Launch(
            view=first_view(order, reason="", skipped={}),
            person=order.person,
            lease_id=None,
            services=names,
            optional=frozenset([*profile.optional, *order.in_place]).intersection(names),
            mode=self._word(order),
            withholding=withholding,
            fallback=profile.fallback,
            raw=raw_calls(profile, self._lab.catalog),
            held_back=frozenset(filter(withholding.holds, names)),
        )

    def _word(self, order: LaunchOrder) -> Mode | None:
        return self._lab.policy.word(order.person, order.profile.mode)

    def _plain(
        self, order: LaunchOrder, reason: str, skipped: Mapping[str, str] | None = None
    ) -> LaunchGrant:
        view = first_view(order, reason=reason, skipped=skipped or {})
        self._launches[order.launch_id] = replace(self._launch(order, ()), view=view)
        return LaunchGrant(view, {})

    def _specs(self, profile: Profile, in_place: Sequence[str] = ()) -> list[ServiceSpec]:
        catalog = self._lab.catalog
        names = dict.fromkeys([*profile.services, *in_place])
        return [catalog[name] for name in names if name in catalog]

    def _refused(self, specs: Sequence[ServiceSpec], profile: Profile) -> dict[str, str]:
        """Return the services whose addresses are not ours to give, with the reason."""
        refused: dict[str, str] = {}
        for spec in specs:
            hosted = profile.remote or spec.name in profile.remote_services
            if spec.kind == "local" and hosted:
                refused[spec.name] = "The notebook names a hosted server itself."
            elif spec.kind == "cloud" and not self._answers(spec, profile.mode):
                refused[spec.name] = f"This server has no key for {spec.title}."
        return refused

    def _answers(self, spec: ServiceSpec, mode: Mode | None) -> bool:
        """Say whether a provider can be asked, or the demo engine draws in its place."""
        drawn_here = self._lab.backend(spec.name, mode) == DEMO
        return drawn_here or self._lab.clouds.has_key(spec.name)

    def _run_here(self, launch: _Launch, service: str) -> bool:
        """Say whether there is something to start for a service."""
        return self._lab.catalog[self._lab.backend(service, launch.mode)].kind == "local"

    def _claim(self, order: LaunchOrder, launch: _Launch) -> str:
        return self._lab.leases.take(
            "kernel",
            self._covered(launch),
            label=posixpath.basename(order.path) or "a notebook",
            person=order.person,
            kernel_id=order.kernel_id,
            pending_seconds=PENDING_SECONDS,
        ).id

    def _covered(self, launch: _Launch) -> list[str]:
        """Return what the launch's lease keeps alive: nothing that it may not start."""
        names = [name for name in launch.services if name not in launch.held_back]
        # The notebook's own word may choose a stand-in that the server's mode does not.
        stand_ins = [self._lab.backend(name, launch.mode) for name in names]
        return list(dict.fromkeys([*names, *stand_ins]))

    def _start(self, launch: _Launch, services: Iterable[str], *, by: str) -> list[str]:
        problems: dict[str, None] = {}
        for name in services:
            if name in launch.optional or launch.withholding.holds(name):
                continue
            if not self._run_here(launch, name):
                continue
            try:
                self._lab.start(name, by=by, notebook_mode=launch.mode)
            except GenAIError as error:
                # What helps stands on the service's card, in words for who reads it.
                problems[error.message] = None
        return list(problems)

    def _look_at_consents(self, given: Consent | None) -> None:
        for launch_id, launch in list(self._launches.items()):
            self._look_at(launch_id, launch, given)
        self._lab.announce("launch")

    def _look_at(self, launch_id: str, launch: _Launch, given: Consent | None = None) -> None:
        """Start what a consent has freed since the last look; hold what one no longer frees."""
        if launch.lease_id is None or not self._lab.leases.live(launch.lease_id):
            return
        held_back = frozenset(filter(launch.withholding.holds, launch.services))
        freed = launch.held_back - held_back
        if given is not None:
            # It may have begun to wait only after our last look: the mode can change.
            freed |= launch.withholding.freed_by(given)
        if held_back == launch.held_back and not freed:
            return
        launch = replace(launch, held_back=held_back)
        self._lab.leases.cover(launch.lease_id or "", self._covered(launch))
        ordered = [name for name in launch.services if name in freed]
        problems = self._start(launch, ordered, by=launch.view.path)
        view = launch.view.model_copy(update={"reason": " ".join(problems) or launch.view.reason})
        self._launches[launch_id] = replace(launch, view=view)

    def _shown(self, launch: _Launch) -> LaunchView:
        if launch.lease_id is None:
            return launch.view
        needed = launch.withholding.needed(launch.services)
        cloud, no_cloud = self._offers.of(
            launch.services,
            mode=launch.mode,
            word=launch.fallback,
            person=launch.person,
            path=launch.view.path,
            raw=launch.raw,
        )
        found = {"consent": needed, "cloud": cloud, "no_cloud": no_cloud}
        return launch.view.model_copy(update=found)

    def _of_kernel(self, kernel_id: str) -> list[str]:
        return [key for key, one in self._launches.items() if one.view.kernel_id == kernel_id]

    def _forget(self, launch_id: str) -> bool:
        launch = self._launches.pop(launch_id, None)
        if launch is not None and launch.lease_id is not None:
            self._drop(launch.lease_id)
        return launch is not None

    def _drop(self, lease_id: str) -> None:
        self._tokens.revoke(lease_id)
        self._lab.leases.drop(lease_id)
