"""What one call gathers on its way: progress out, pictures in, a last line at the end."""

from __future__ import annotations

import time
from dataclasses import replace

from ..client.events import Event, Picture
from ..client.images import Asked, EditRequest
from ..client.replay import request_again
from ..errors import GenAIError
from ..wire.images import GenerationRequest
from .made import hold, rescued
from .pictures import GeneratedImage, Images
from .progress import Display


class Making:
    """Hears the events of one call and keeps its pictures."""

    def __init__(self, asked: Asked, display: Display) -> None:
        self._asked = asked
        self._display = display
        self._pictures: list[GeneratedImage] = []
        self._began = time.monotonic()
        hold(lambda: tuple(self._pictures))

    def hear(self, event: Event) -> None:
        """Show an event; keep it when it is a picture."""
        if isinstance(event, Picture):
            self._pictures.append(keep(event, self._asked))
        self._display.tell(event)

    def done(self) -> Images:
        """Leave the last line and return the pictures."""
        images = Images(self._pictures)
        seconds = time.monotonic() - self._began
        origin = images[0].caption() if len(images) == 1 else f"{len(images)} pictures"
        warnings = sorted({picture.warning for picture in images if picture.warning})
        self._display.finish(" · ".join([origin, f"{seconds:.1f} s", *warnings]))
        return images

    def failed(self, error: GenAIError) -> None:
        """Leave the reason as the last line."""
        self._display.finish(f"{error.message} {self.rescued()}".rstrip())

    def cancelled(self) -> None:
        """Leave that it was cancelled as the last line."""
        self._display.finish(": ".join(part for part in ("cancelled", self.rescued()) if part))

    def rescued(self) -> str:
        """Return how to come by what was ready before the end; empty: nothing was."""
        return rescued(len(self._pictures))


def keep(picture: Picture, asked: Asked) -> GeneratedImage:
    """Return the picture with its origin; what the engine did not say is taken from the request."""
    request = asked.request if isinstance(asked, EditRequest) else asked
    alone = request.n == 1
    seed = request.seed if picture.seed is None and alone else picture.seed
    return GeneratedImage(
        data=picture.data,
        format=picture.format,
        prompt=request.prompt,
        model=picture.model or request.model,
        seed=seed,
        demo=bool(picture.demo),
        warning=picture.warning,
        provenance=picture.provenance,
        asked=_once_more(picture, asked, seed),
    )


def _once_more(picture: Picture, asked: Asked, seed: int | None) -> Asked | None:
    """Return the call for this picture alone; None when its seed is not known."""
    facts = picture.provenance
    if seed is None:
        return None
    if isinstance(asked, EditRequest):
        return replace(asked, request=_fixed(asked.request, picture, seed))
    if facts is not None and facts.seed is not None and not facts.inputs:
        return request_again(facts)
    return _fixed(asked, picture, seed)


def _fixed(request: GenerationRequest, picture: Picture, seed: int) -> GenerationRequest:
    facts = picture.provenance
    known: dict[str, object] = {"n": 1, "seed": seed, "model": picture.model or request.model}
    if facts is not None:
        known |= {"steps": facts.steps, "guidance": facts.guidance}
    return request.model_copy(update=known)
