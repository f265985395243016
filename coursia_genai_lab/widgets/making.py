"""What one call gathers on its way: progress out, pictures in, a last line at the end."""

from __future__ import annotations

import time

from ..client.events import Event, Picture
from ..errors import GenAIError
from ..wire.images import GenerationRequest
from .pictures import GeneratedImage, Images
from .progress import Display


class Making:
    """Hears the events of one call and keeps its pictures."""

    def __init__(self, request: GenerationRequest, display: Display) -> None:
        self._request = request
        self._display = display
        self._pictures: list[GeneratedImage] = []
        self._began = time.monotonic()

    def hear(self, event: Event) -> None:
        """Show an event; keep it when it is a picture."""
        if isinstance(event, Picture):
            self._pictures.append(keep(event, self._request))
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
        self._display.finish(error.message)

    def cancelled(self) -> None:
        """Leave that it was cancelled as the last line."""
        self._display.finish("cancelled")


def keep(picture: Picture, request: GenerationRequest) -> GeneratedImage:
    """Return the picture with its origin; what the engine did not say is taken from the request."""
    alone = request.n == 1
    return GeneratedImage(
        data=picture.data,
        format=picture.format,
        prompt=request.prompt,
        model=picture.model or request.model,
        seed=request.seed if picture.seed is None and alone else picture.seed,
        demo=bool(picture.demo),
        warning=picture.warning,
    )
