"""The models of the OpenAI door: which service makes their pictures, and whether it can now."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from difflib import get_close_matches

from ..catalog.retired import Today, utc_today
from ..catalog.spec import ServiceSpec
from ..engines import kind_of
from ..engines.registered import Registration
from ..engines.workflow_files import Workflow, workflow_of
from ..errors import ModelUnknown, ServiceError
from ..lab.routing import PASSING
from ..lab.stand_ins import CloudName
from ..wire.images import ModelInfo
from ..wire.policy import Fallback, Mode
from .model_rules import open_to
from .needs import LabView
from .openai_clouds import CloudModels
from .openai_registered import RegisteredModels
from .openai_retired import read_old_name

DEMO = "demo"
AUTO = "auto"
LATER = "The OpenAI door does not reach this service in this release."
NO_WORKFLOW = (
    "The Lab has no workflow for it. Its service's own door takes a graph of yours: "
    "COMFYUI_API_URL in the kernel's environment."
)
DEMO_DREW = "the demo engine drew this picture"


def drawn_here(spec: ServiceSpec) -> bool:
    """Say whether the door itself speaks to this service's engine."""
    return spec.kind == "local" and kind_of(spec.dialect) is not None


def _never(service: str) -> bool:
    return False


@dataclass(frozen=True)
class Choice:
    """The answer to "who makes this?"."""

    model: str
    """The name that is sent on."""
    service: str
    warning: str | None = None
    """A sentence that the caller must see: it gets something else than it asked for."""
    chosen: bool = False
    """Whether the door chose the model, because the caller named none, or a dead one."""
    size: str | None = None
    """The size that was part of the name, for a call that says none."""
    workflow: Workflow | None = None
    """A registered workflow that makes them; None: the model's own."""
    cloud: CloudName | None = None
    """The provider's model that is asked; None: something here draws, as long as it can."""


class ModelDirectory:
    """Read the catalogue and the mode anew at each call; both may change.

    `today` is the day by which names of models live or are gone.
    """

    def __init__(
        self,
        lab: LabView,
        workflows: RegisteredModels | None = None,
        *,
        today: Today = utc_today,
    ) -> None:
        self._lab = lab
        self._workflows = workflows or RegisteredModels()
        self._today = today
        self.clouds = CloudModels(lab, today)

    def listed(
        self, notebook_mode: Mode | None, person: str = "", word: Fallback | None = None
    ) -> list[ModelInfo]:
        """Return every model of the catalogue and of providers, the demo engine's own first.

        Of two services that offer the same, the one that can is taken, then the one that runs.
        `word` is the notebook's own on clouds that stand in.
        """
        specs = sorted(self._lab.catalog.values(), key=lambda spec: spec.name != DEMO)
        seen: dict[str, tuple[ModelInfo, tuple[bool, bool]]] = {}
        for spec in specs:
            backend = self._lab.backend(spec.name, notebook_mode)
            demo = backend == DEMO
            runs = self._lab.service(backend).wanted
            if spec.kind == "cloud":
                for info in self.clouds.listed(spec.name, notebook_mode, person):
                    seen.setdefault(info.id, (info, (info.available, runs)))
                continue
            for model in spec.models:
                reason = self._reason(spec, model.id, notebook_mode)
                info = ModelInfo(
                    id=model.id,
                    title=model.title,
                    service=spec.name,
                    available=not reason,
                    reason=reason,
                    demo=demo,
                    price_cents=0.0,
                )
                known = seen.get(model.id)
                if known is None or (info.available, runs) > known[1]:
                    seen[model.id] = info, (info.available, runs)
        listed = [
            self.clouds.instead(info, notebook_mode, person, word) for info, _ in seen.values()
        ]
        own = (one for one in self._workflows if one.name not in seen)
        listed += [self._registered(one, notebook_mode) for one in own]
        return [open_to(self._lab, person, info) for info in listed]

    def find(
        self,
        name: str,
        notebook_mode: Mode | None,
        person: str = "",
        word: Fallback | None = None,
    ) -> ModelInfo:
        """Return one model.

        Raises:
            ModelUnknown: nobody knows it; the remedy names those that are spelt alike.
        """
        listed = self.listed(notebook_mode, person, word)
        for info in listed:
            if info.id == name:
                return info
        alike = get_close_matches(name.lower(), [info.id for info in listed], n=2, cutoff=0.5)
        guess = f"Did you mean {' or '.join(alike)}? " if alike else ""
        raise ModelUnknown(
            f"The model {name[:100]!r} does not exist here.",
            f"{guess}List them with models() in a notebook, or GET /v1/models.",
            param="model",
        )

    def choices(
        self,
        name: str | None,
        notebook_mode: Mode | None,
        *,
        withheld: Callable[[str], bool] = _never,
        person: str = "",
        word: Fallback | None = None,
    ) -> list[Choice]:
        """Return who may make the pictures of a model, the best first; at least one.

        A model that is named is one choice. None and "auto" are every model that is free, can be
        had now and is not `withheld`: those of services that run, then of those that start, then
        of those that could; among equals by the rank in the catalogue. The demo engine is the
        last, and only where there is no other. A dead name is its successor, else as none.

        Raises:
            ModelUnknown: nobody knows it.
        """
        if not name or name == AUTO:
            return self._free(notebook_mode, withheld, person, word)
        old = read_old_name(name, self._today())
        known = {info.id for info in self.listed(notebook_mode)}
        if old is not None and name not in known:
            said, after = old.retired.sentence, old.retired.successor
            found = [info for info in self.listed(notebook_mode) if info.id == after]
            if found and found[0].available:
                drew = DEMO_DREW if found[0].demo else f"{after} takes its place"
                paid = self.clouds.named(after, notebook_mode)
                warning = f"{said}; {drew}."
                instead = [Choice(after, found[0].service, warning, True, cloud=paid)]
            else:
                instead = [
                    replace(one, warning=f"{said}; {one.model} takes its place.")
                    if one.service != DEMO
                    else replace(one, warning=f"{said}; {DEMO_DREW}.")
                    for one in self._free(notebook_mode, withheld, person, word)
                ]
            return [replace(one, size=old.size) for one in instead]
        if name.startswith("openrouter/") and "openrouter" in self._lab.catalog:
            stands_in = self._lab.backend("openrouter", notebook_mode) == DEMO
            paid = self.clouds.named(name, notebook_mode)
            warning = f"No provider is configured for {name[:100]}; {DEMO_DREW}."
            model = DEMO if stands_in else name
            return [Choice(model, "openrouter", warning if stands_in else None, cloud=paid)]
        paid = self.clouds.named(name, notebook_mode)
        if paid is not None:
            return [Choice(name, paid.service, cloud=paid)]
        info = self.find(name, notebook_mode)
        own = self._workflows.get(name)
        specs = self._lab.catalog.values()
        # A model of the catalogue keeps its name, whatever was registered before it came.
        if own is None or any(model.id == name for spec in specs for model in spec.models):
            return [Choice(name, info.service)]
        if self._unfit(own):
            raise ServiceError(info.reason, code="service_unknown")
        return [Choice(name, info.service, workflow=own.workflow)]

    def _registered(self, one: Registration, notebook_mode: Mode | None) -> ModelInfo:
        spec = self._lab.catalog.get(one.service)
        reason = self._unfit(one)
        if spec is not None and not reason:
            reason = self._reason(spec, one.name, notebook_mode, one.workflow)
        return ModelInfo(
            id=one.name,
            title=one.title,
            service=one.service,
            available=not reason,
            reason=reason,
            demo=spec is not None and self._lab.backend(spec.name, notebook_mode) == DEMO,
        )

    def _unfit(self, one: Registration) -> str:
        """Return why the service of a workflow can never run it; empty where it can."""
        spec = self._lab.catalog.get(one.service)
        if spec is None:
            return f"Its service {one.service[:40]} is not in the catalogue of this Lab."
        return "" if spec.dialect == "comfyui" else f"Its service {spec.name} is no ComfyUI."

    def _free(
        self,
        notebook_mode: Mode | None,
        withheld: Callable[[str], bool],
        person: str,
        word: Fallback | None,
    ) -> list[Choice]:
        able: list[tuple[tuple[int, int, str], Choice]] = []
        real = False
        for spec in self._lab.catalog.values():
            backend = self._lab.backend(spec.name, notebook_mode)
            if spec.kind != "local" or DEMO in (spec.name, backend):
                continue
            real = True
            # Nobody gets a registered workflow that they did not ask for.
            for model in () if withheld(spec.name) else spec.models:
                nearness = self._nearness(spec, model.id, notebook_mode)
                if nearness is not None and self._lab.policy.allows_model(person, model.id):
                    choice = Choice(model.id, spec.name, chosen=True)
                    able.append(((nearness, -model.rank, model.id), choice))
        if able:
            return [choice for _, choice in sorted(able, key=lambda one: one[0])]
        paid = self._paid(notebook_mode, withheld, person, word)
        if paid:
            return paid
        mode = self._lab.policy.effective(notebook_mode)
        warning = f"No service of this machine can make pictures now; {DEMO_DREW}."
        return [Choice(DEMO, DEMO, warning if real and mode != "demo" else None, True)]

    def _paid(
        self,
        notebook_mode: Mode | None,
        withheld: Callable[[str], bool],
        person: str,
        word: Fallback | None,
    ) -> list[Choice]:
        """Return what providers may draw where nothing here can: who pays for it is asked."""
        clouds = self.clouds
        if not clouds.asked(notebook_mode, word):
            return []
        local = sorted(
            (
                (-model.rank, model.id, spec.name)
                for spec in self._lab.catalog.values()
                if spec.kind == "local" and not withheld(spec.name)
                for model in spec.models
            ),
        )
        for _, model, service in local:
            if next(clouds.allowed(clouds.stand_ins.of(service, model), person), None) is not None:
                return [Choice(model, service, chosen=True)]
        return [Choice(one.name, one.service, chosen=True, cloud=one) for one in clouds.any(person)]

    def _nearness(self, spec: ServiceSpec, model: str, notebook_mode: Mode | None) -> int | None:
        """Return how soon a model can be had, 0 is now; None where it cannot be.

        What failed, or is only slow, still comes before the demo engine: a class is told of it.
        """
        cell = self._lab.service(spec.name)
        if not self._reason(spec, model, notebook_mode):
            return 0 if cell.state == "ready" else 1 if cell.wanted else 2
        problem = self._lab.hindrance(spec.name, model)
        passing = problem is not None and problem.code in PASSING
        return 3 if passing or (problem is not None and cell.state == "failed") else None

    def _reason(
        self,
        spec: ServiceSpec,
        model: str,
        notebook_mode: Mode | None,
        workflow: Workflow | None = None,
    ) -> str:
        mode = self._lab.policy.effective(notebook_mode)
        backend = self._lab.backend(spec.name, notebook_mode)
        if mode == "off":
            return "GenAI is switched off on this server."
        if mode == "cloud":
            return "The mode is cloud: local engines make no pictures."
        if backend == DEMO:
            return ""
        if not drawn_here(spec):
            return LATER
        # The WebUI takes any model that it has; ComfyUI wants to be told how.
        if spec.dialect == "comfyui" and (workflow or workflow_of(model)) is None:
            return NO_WORKFLOW
        # A registered workflow needs the files of models of the catalogue.
        needed = sorted(set((workflow.fetched_as or {}).values())) if workflow else [model]
        found = (self._lab.hindrance(spec.name, one) for one in needed or [model])
        problem = next((one for one in found if one is not None), None)
        return "" if problem is None else f"{problem.message} {problem.remedy}".strip()
