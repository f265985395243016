"""Turn what a person wrote into a request: sizes, pictures, masks."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..client import EditRequest, ImageFile
from ..errors import InvalidRequest
from ..wire.images import GenerationRequest
from .pictures import GeneratedImage, Images

if TYPE_CHECKING:
    from PIL.Image import Image

    Source = str | os.PathLike[str] | bytes | Image | GeneratedImage | Any

Size = tuple[int, int] | str | None


# Whole numbers up to here survive every front end's and every engine's arithmetic.
SEEDS = 2**32


def new_seed() -> int:
    """Return a random seed."""
    return random.randrange(SEEDS)


def request_for(
    prompt: str, *, size: Size, seed: int | None = None, **options: Any
) -> GenerationRequest:
    """Return the request; without a seed it gets a random one, so that it can be asked again.

    Raises:
        InvalidRequest: naming the argument that is wrong, and why.
    """
    try:
        return GenerationRequest(
            prompt=prompt, size=_size(size), seed=new_seed() if seed is None else seed, **options
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        sentence = str(first["msg"])
        raise InvalidRequest(
            f"{name}: {sentence[:1].lower()}{sentence[1:]}.", "Correct this argument."
        ) from None


def edit_for(
    request: GenerationRequest, image: Source | Sequence[Source], mask: Source | None
) -> EditRequest:
    """Return the request for a change of one picture or several.

    A picture is a path, the bytes of a file, a `PIL.Image.Image`, a `GeneratedImage`, or an array
    that Pillow takes. White in `mask`, or transparency where it has some, marks what may change.

    Raises:
        InvalidRequest: something of it is no picture.
    """
    sources = list(image) if isinstance(image, (list, tuple, Images)) else [image]
    if not sources:
        raise InvalidRequest("There is no picture to edit.", "Pass one as `image`.")
    pictures = [opened(source) for source in sources]
    files = tuple(ImageFile(f"image-{n}.png", _png(p)) for n, p in enumerate(pictures, 1))
    cut = None if mask is None else ImageFile("mask.png", _png(_mask(opened(mask), pictures[0])))
    return EditRequest(request, files, cut)


def _size(size: Size) -> str:
    if size is None:
        return "auto"
    if isinstance(size, str):
        return size.strip().lower().replace("×", "x")
    try:
        width, height = (int(side) for side in size)
    except (TypeError, ValueError):
        width = height = 0
    if width < 1 or height < 1:
        raise InvalidRequest(
            f"size: {size!r} is no size.", "Write it as size=(1024, 768), width first, in pixels."
        )
    return f"{width}x{height}"


def file_of(source: Source) -> bytes:
    """Return a picture as the bytes of a file: its own where it has some, else a PNG.

    Raises:
        InvalidRequest: it is no picture.
    """
    if isinstance(source, GeneratedImage):
        return source.data
    return bytes(source) if isinstance(source, (bytes, bytearray)) else _png(opened(source))


def opened(source: Source) -> Image:
    """Return a picture, whichever way it was passed, as Pillow's.

    Raises:
        InvalidRequest: it is no picture.
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    inner: Any = getattr(source, "image", source)
    if isinstance(inner, Image.Image):
        return inner
    try:
        if isinstance(inner, (bytes, bytearray)):
            file: Any = io.BytesIO(inner)
        elif isinstance(inner, (str, os.PathLike)):
            file = Path(inner).expanduser()
        else:
            return Image.fromarray(inner)
        with Image.open(file) as picture:
            # Cameras lay a picture down and say so in EXIF, which PNG does not carry on.
            return ImageOps.exif_transpose(picture)
    except FileNotFoundError:
        raise InvalidRequest(f"There is no file {Path(inner)}.", "Correct the path.") from None
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        TypeError,
        AttributeError,
    ):
        raise InvalidRequest(
            "What was passed is no picture that can be read.",
            "Pass a path, the bytes of a file, a PIL image or a picture made by generate().",
        ) from None


def _png(picture: Image) -> bytes:
    out = io.BytesIO()
    kept = picture if picture.mode in ("RGB", "RGBA", "L", "LA") else picture.convert("RGBA")
    kept.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _mask(mask: Image, picture: Image) -> Image:
    # OpenAI's rule: what is transparent in the mask is what may change, and both are of one size.
    from PIL import Image, ImageChops

    if mask.mode in ("RGBA", "LA", "PA"):
        kept = mask.getchannel("A")
    else:
        kept = ImageChops.invert(mask.convert("L"))
    cut = Image.new("RGBA", picture.size, (0, 0, 0, 255))
    cut.putalpha(kept.resize(picture.size))
    return cut
