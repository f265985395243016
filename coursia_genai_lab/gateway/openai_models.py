"""The models of the OpenAI door: which service makes their pictures, and whether it can now."""

from __future__ import annotations

from dataclasses import dataclass

from ..catalog.spec import ServiceSpec
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
LATER = (
    "The OpenAI door does not reach this service in this release. Its own door works now: "
    "COMFYUI_API_URL or FORGE_API_URL in the kernel's environment."
)
NO_PROVIDER = "No key of a provider is configured for this Lab."


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
        """Return every model of the catalogue, the demo engine's own first."""
        specs = sorted(self._lab.catalog.values(), key=lambda spec: spec.name != DEMO)
        seen: dict[str, ModelInfo] = {}
        for spec in specs:
            reason = self._reason(spec, notebook_mode)
            demo = self._lab.backend(spec.name, notebook_mode) == DEMO
            for model in spec.models:
                info = ModelInfo(
                    id=model.id,
                    title=model.title,
                    service=spec.name,
                    available=not reason,
                    reason=reason,
                    demo=demo,
                )
                known = seen.get(model.id)
                if known is None or (info.available and not known.available):
                    seen[model.id] = info
        return list(seen.values())

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

    def _reason(self, spec: ServiceSpec, notebook_mode: Mode | None) -> str:
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
        return NO_PROVIDER if spec.kind == "cloud" else LATER
