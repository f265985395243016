"""Who answers for a service under the mode in force, and who must not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..catalog.load import Catalog
from ..catalog.spec import ServiceSpec
from ..errors import NotAllowed
from ..wire.policy import Mode
from ..wire.problems import Problem
from .policy import Policy

DEMO = "demo"
PASSING = frozenset({"docker_hangs", "models_unreadable"})
"""Codes of problems that say nothing of what is configured: something is there, and is slow."""


class Routing:
    """Apply the mode table of docs/teachers: what each mode starts and who answers.

    `problems` says, per service, why it cannot start here (the survey's answer; it fills later).
    """

    def __init__(
        self, catalog: Catalog, policy: Policy, problems: Mapping[str, Problem | None]
    ) -> None:
        self._catalog = catalog
        self._policy = policy
        self._problems = problems
        self._stood_in: frozenset[str] = frozenset()

    def backend(self, service: str, notebook_mode: Mode | None = None) -> str:
        """Return who answers for a service: itself, or the demo engine.

        Demo stands in where it is chosen; in auto also where nothing was ever configured: no
        local service can start here and no cloud has a key. For whom it did so it goes on, until
        the service itself can start or a cloud can be asked.
        """
        mode = self._policy.effective(notebook_mode)
        if DEMO not in self._catalog or service == DEMO:
            return service
        if mode == "demo" or (mode == "auto" and self._unconfigured(service)):
            return DEMO
        return service

    def look(self) -> None:
        """Note for whom the demo engine stands in, now that the machine was looked at."""
        others = frozenset(self._catalog) - {DEMO}
        if self._nothing_configured():
            self._stood_in = others
        elif self._stood_in:
            can = {name for name in others if self._problems.get(name) is None}
            clouds = {name for name in others if self._catalog[name].kind == "cloud"}
            # A key is set by somebody who wants real pictures; Docker may come by itself.
            self._stood_in = frozenset() if can & clouds else self._stood_in - can

    def genai_mode(
        self, services: Sequence[str], notebook_mode: Mode | None = None
    ) -> tuple[str | None, str | None]:
        """Return GENAI_MODE and FALLBACK_REASON for a kernel; (None, None) injects nothing."""
        mode = self._policy.effective(notebook_mode)
        if mode == "off":
            return None, None
        if mode != "auto":
            return mode, None
        # A notebook that asks for nothing yet may come to ask for anything.
        asked = {name for name in services if name in self._catalog} or set(self._catalog)
        if all(self.backend(name, notebook_mode) == DEMO for name in asked):
            return "demo", None if asked == {DEMO} else "local_unavailable"
        return "local", None

    def refuse(self, spec: ServiceSpec, notebook_mode: Mode | None = None) -> None:
        """Raise NotAllowed when the mode forbids the service.

        A notebook may narrow itself to demo on a server whose mode is wider, so the demo engine
        is forbidden by `off` and by `cloud` and `local` without such a word.
        """
        mode = self._policy.effective(notebook_mode)
        allowed = {
            "auto": True,
            "local": spec.kind == "local",
            "cloud": spec.kind == "cloud",
            "demo": spec.name == DEMO,
            "off": False,
        }[mode]
        if not allowed:
            raise NotAllowed(
                f"{spec.title} is not available while the mode is {mode}.",
                'The GenAI panel says who set the mode, under "Mode and policy"; they can '
                "change it.",
                code=f"mode_{mode}",
            )

    def forbidden(self, spec: ServiceSpec) -> bool:
        """Say whether the server's mode wants a running service gone."""
        mode = self._policy.effective()
        if spec.name == DEMO:
            return mode == "off"
        return mode in ("off", "demo") or (mode == "cloud" and spec.kind == "local")

    def _unconfigured(self, service: str) -> bool:
        kept = service in self._stood_in and self._problems.get(service) is not None
        return kept or self._nothing_configured()

    def _nothing_configured(self) -> bool:
        others = [name for name in self._catalog if name != DEMO]
        if any(name not in self._problems for name in others):
            # A class must not be given demo pictures because its machine is busy.
            return False
        problems = [self._problems[name] for name in others]
        return all(one is not None and one.code not in PASSING for one in problems)
