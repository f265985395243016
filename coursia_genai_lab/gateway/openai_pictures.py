"""Pictures as they come in and go out: decoded with care, encoded as they were asked for.

Everything here takes processor time and is called in threads.
"""

from __future__ import annotations

import base64
import io
import warnings
from typing import Any

from PIL import Image, ImageOps, UnidentifiedImageError

from ..errors import GenerationError, InvalidRequest, RequestTooLarge
from .openai_form import parts
from .openai_order import Format

MAX_UPLOAD = 32 * 2**20
MAX_PIXELS = 2**25
MAX_IMAGES = 16
"""Pictures of one edit, as OpenAI has it; most models take fewer."""
TAKEN = ("PNG", "JPEG", "WEBP")


def taken_apart(
    body: bytes, content_type: str
) -> tuple[dict[str, Any], tuple[bytes, ...], bytes | None]:
    """Return the texts of a form, its pictures and its mask, all as PNG.

    Raises:
        InvalidRequest: it has no picture, too many, or something that is none.
        RequestTooLarge: a file is above 32 MiB.
    """
    fields: dict[str, Any] = {}
    files: dict[str, list[bytes]] = {"image": [], "mask": []}
    for part in parts(body, content_type):
        name = part.name.removesuffix("[]")
        if part.file and name in files:
            files[name].append(part.data)
        elif not part.file:
            fields[name] = part.text
    if not files["image"]:
        raise InvalidRequest(
            "Missing required parameter: 'image'.", code="missing_required_parameter", param="image"
        )
    if len(files["image"]) > MAX_IMAGES:
        raise InvalidRequest(f"At most {MAX_IMAGES} images.", code="invalid_value", param="image")
    images = tuple(upright_png(data, "image") for data in files["image"])
    mask = checked_mask(files["mask"][-1], images[0]) if files["mask"] else None
    return fields, images, mask


def upright_png(data: bytes, param: str) -> bytes:
    """Return an uploaded picture as a plain PNG, upright, without whatever else the file held.

    Raises:
        InvalidRequest: it is not one frame of PNG, JPEG or WebP of at most 2^25 pixels.
        RequestTooLarge: the file is above 32 MiB.
    """
    return _png(_decoded(data, param))


def checked_mask(data: bytes, picture: bytes) -> bytes:
    """Return a mask as a PNG with transparency.

    Raises InvalidRequest when it has none, or is of another size than the first picture.
    """
    mask = _decoded(data, "mask")
    with Image.open(io.BytesIO(picture), formats=("PNG",)) as first:
        size = first.size
    if "A" not in mask.getbands():
        raise _bad("The mask has no alpha channel.", "mask", "invalid_mask_image_format")
    if mask.size != size:
        raise _bad(
            "The mask is not of the same size as the image.", "mask", "invalid_mask_image_format"
        )
    return _png(mask)


def as_text(data: bytes, kind: Format, quality: int) -> tuple[str, str]:
    """Return an engine's picture in the format that was asked for, as base64, and its size.

    A PNG that stays one keeps its bytes, and with them what the engine wrote into it.

    Raises GenerationError when the engine sent no picture.
    """
    try:
        with Image.open(io.BytesIO(data), formats=TAKEN) as picture:
            size = f"{picture.width}x{picture.height}"
            if picture.format != kind.upper():
                out = io.BytesIO()
                flat = picture.convert("RGB") if kind == "jpeg" else picture
                options = {} if kind == "png" else {"quality": quality}
                flat.save(out, kind.upper(), **options)
                data = out.getvalue()
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError) as error:
        raise GenerationError(
            "The engine sent something that is no picture.", code="no_picture"
        ) from error
    return base64.b64encode(data).decode("ascii"), size


def _decoded(data: bytes, param: str) -> Image.Image:
    if len(data) > MAX_UPLOAD:
        raise RequestTooLarge(f"A picture is larger than {MAX_UPLOAD / 2**20:g} MiB.", param=param)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(data), formats=TAKEN)
            if picture.width * picture.height > MAX_PIXELS:
                raise _bad("The picture has too many pixels.", param)
            if getattr(picture, "n_frames", 1) > 1:
                raise _bad("The picture has more than one frame.", param)
            upright = ImageOps.exif_transpose(picture)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _bad("The picture has too many pixels.", param) from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise _bad("The file is not a PNG, JPEG or WebP picture.", param) from error
    see_through = "A" in upright.getbands() or "transparency" in upright.info
    return upright.convert("RGBA" if see_through else "RGB")


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    plain = Image.new(picture.mode, picture.size)
    plain.paste(picture)
    plain.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _bad(sentence: str, param: str, code: str = "invalid_image") -> InvalidRequest:
    return InvalidRequest(sentence, "Send one PNG, JPEG or WebP picture.", code=code, param=param)
