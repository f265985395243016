"""Turn what a person wrote into a request: sizes, pictures, masks."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Sequence
from difflib import get_close_matches
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


REMEDIES = {
    "prompt": "Write as text what the picture should show, at most 32,000 characters.",
    "negative_prompt": "Write as text what it should not show, or pass None.",
    "model": "Pass a name that models() lists, or None for the best that is free.",
    "n": "Pass a whole number from 1 to 10.",
    "seed": "Pass a whole number, 0 or more, or None for another one each time.",
    "steps": "Pass a whole number from 1 to 150, or None for the model's own.",
    "guidance": "Pass a number from 0 to 30, or None for the model's own.",
}


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
    if isinstance(prompt, str) and not prompt.strip():
        raise InvalidRequest("prompt: it is empty.", REMEDIES["prompt"])
    try:
        return GenerationRequest(
            prompt=prompt, size=_size(size), seed=new_seed() if seed is None else seed, **options
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise _wrong(str(first["loc"][0]), first["type"], first["input"]) from None


def _wrong(name: str, kind: str, value: object) -> InvalidRequest:
    if kind == "extra_forbidden":
        alike = get_close_matches(name, GenerationRequest.model_fields, n=1, cutoff=0.5)
        guess = f"Did you mean {alike[0]}? " if alike else ""
        known = ", ".join(GenerationRequest.model_fields)
        return InvalidRequest(f"{name}: there is no such argument.", f"{guess}There are {known}.")
    # A text is told by its kind alone: what people write is theirs.
    shown = repr(value) if isinstance(value, (int, float)) else f"a {type(value).__name__}"
    if kind == "string_too_long":
        shown = "so long a text"
    return InvalidRequest(
        f"{name}: {shown} cannot be used.", REMEDIES.get(name, "Correct this argument.")
    )


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


def one_of(source: Source) -> Source:
    """Return a picture; of what `generate` returned, the only one.

    Raises:
        InvalidRequest: there are several, or none.
    """
    if not isinstance(source, Images):
        return source
    if len(source) != 1:
        raise InvalidRequest(
            f"One picture is needed, and these are {len(source)}.",
            "Choose one by its number: pictures[0] is the first.",
        )
    return source[0]


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

    inner: Any = getattr(one_of(source), "image", one_of(source))
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
