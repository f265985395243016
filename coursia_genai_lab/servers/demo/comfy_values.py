"""What flows along the links of a graph: small values that stand for models, texts and latents."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from .recipe import Recipe

Images = tuple[Image.Image, ...]


@dataclass(frozen=True)
class Model:
    """A loaded model: its file, and the LoRAs on it."""

    name: str
    loras: tuple[str, ...] = ()


@dataclass(frozen=True)
class Conditioning:
    """A text, the pictures it speaks of, and the guidance that goes with it."""

    text: str
    images: Images = ()
    guidance: float | None = None


@dataclass(frozen=True)
class Latent:
    """A picture to be: empty of a size, or made from `pictures`; white in `mask` may change."""

    width: int
    height: int
    batch: int = 1
    pictures: Images = ()
    mask: Image.Image | None = None

    def filled(self, pictures: Images) -> Latent:
        """Return the latent that sampling leaves: these pictures, and no mask any more."""
        return Latent(self.width, self.height, len(pictures), pictures)


@dataclass(frozen=True)
class Sigmas:
    """How many steps, and how far they go from the start."""

    steps: int
    denoise: float


@dataclass(frozen=True)
class Guider:
    """Model and texts bound together for the custom sampler."""

    model: Model
    positive: Conditioning
    negative: Conditioning
    cfg: float


@dataclass(frozen=True)
class Sampling:
    """One sampler node, ready to run: what to draw and in how many steps."""

    recipes: tuple[Recipe, ...]
    steps: int
    latent: Latent
