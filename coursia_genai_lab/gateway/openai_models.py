"""The models of the OpenAI door: which service makes their pictures, and whether it can now."""

from __future__ import annotations

from dataclasses import dataclass

from ..catalog.spec import ServiceSpec
from ..engines import kind_of
from ..engines.workflow_files import workflow_of
from ..errors import ModelUnknown
from ..wire.images import ModelInfo
from ..wire.policy import Mode
from .needs import LabView

DEMO = "demo"
RETIRED = {
    "dall-e-2": "OpenAI retired dall-e-2 on 12 May 2026",
    "dall-e-3": "OpenAI retired dall-e-3 on 12 May 2026",
    "gpt-image-1": "OpenAI retired gpt-image-1 on 23 October 2026",
}
"""Names that notebooks still ask for; the demo engine answers in their place."""
LATER = "The OpenAI door does not reach this service in this release."
NO_WORKFLOW = (
    "The Lab has no workflow for it. Its service's own door takes a graph of yours: "
    "COMFYUI_API_URL in the kernel's environment."
)
NO_PROVIDER = "No key of a provider is configured for this Lab."


def drawn_here(spec: ServiceSpec) -> bool:
    """Say whether the door itself speaks to this service's engine."""
    return spec.kind == "local" and kind_of(spec.dialect) is not None


@dataclass(frozen=True)
class Choice:
    """The answer to "who makes this?"."""

    model: str
    """The name that is sent on."""
    service: str
    warning: str | None = None
    """A sentence that the caller must see: it gets something else than it asked for."""


class ModelDirectory:
    """Read the catalogue and the mode anew at each call; both may change."""

    def __init__(self, lab: LabView) -> None:
        self._lab = lab

    def listed(self, notebook_mode: Mode | None) -> list[ModelInfo]:
        """Return every model of the catalogue, the demo engine's own first.

        Of two services that offer the same, the one that can is taken, then the one that runs.
        """
        specs = sorted(self._lab.catalog.values(), key=lambda spec: spec.name != DEMO)
        seen: dict[str, tuple[ModelInfo, tuple[bool, bool]]] = {}
        for spec in specs:
            backend = self._lab.backend(spec.name, notebook_mode)
            demo = backend == DEMO
            runs = self._lab.service(backend).wanted
            for model in spec.models:
                reason = self._reason(spec, model.id, notebook_mode)
                info = ModelInfo(
                    id=model.id,
                    title=model.title,
                    service=spec.name,
                    available=not reason,
                    reason=reason,
                    demo=demo,
                )
                known = seen.get(model.id)
                if known is None or (info.available, runs) > known[1]:
                    seen[model.id] = info, (info.available, runs)
        return [info for info, _ in seen.values()]

    def find(self, name: str, notebook_mode: Mode | None) -> ModelInfo:
        """Return one model.

        Raises:
            ModelUnknown: nobody knows it.
        """
        for info in self.listed(notebook_mode):
            if info.id == name:
                return info
        raise ModelUnknown(
            f"The model {name[:100]!r} does not exist here.",
            "List the models with GET /v1/models.",
        )

    def choose(self, name: str | None, notebook_mode: Mode | None) -> Choice:
        """Return who makes the pictures of a model; None or "auto" takes what is free.

        Raises:
            ModelUnknown: nobody knows it.
        """
        if not name or name == "auto":
            return Choice(DEMO, DEMO)
        if name in RETIRED:
            return Choice(DEMO, DEMO, f"{RETIRED[name]}; the demo engine drew this picture.")
        if name.startswith("openrouter/") and "openrouter" in self._lab.catalog:
            stands_in = self._lab.backend("openrouter", notebook_mode) == DEMO
            warning = f"No provider is configured for {name[:100]}; the demo engine drew this."
            return Choice(DEMO if stands_in else name, "openrouter", warning if stands_in else None)
        return Choice(name, self.find(name, notebook_mode).service)

    def _reason(self, spec: ServiceSpec, model: str, notebook_mode: Mode | None) -> str:
        mode = self._lab.policy.effective(notebook_mode)
        backend = self._lab.backend(spec.name, notebook_mode)
        if mode == "off":
            return "GenAI is switched off on this server."
        if mode == "cloud" and (spec.kind == "local" or backend == DEMO):
            return "The mode is cloud: local engines make no pictures."
        if mode == "local" and spec.kind == "cloud":
            return "The mode is local: clouds are not asked."
        if backend == DEMO:
            return ""
        if drawn_here(spec):
            # The WebUI takes any model that it has; ComfyUI wants to be told how.
            known = spec.dialect != "comfyui" or workflow_of(model) is not None
            return "" if known else NO_WORKFLOW
        return NO_PROVIDER if spec.kind == "cloud" else LATER
