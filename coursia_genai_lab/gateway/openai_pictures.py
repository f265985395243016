"""Pictures as they come in: decoded with care, made plain.

Everything here takes processor time and is called in threads.
"""

from __future__ import annotations

import hashlib
import io
import logging
import struct
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from ..errors import InvalidRequest, RequestTooLarge
from .openai_form import parts
from .picture_heads import MAX_UPLOAD, Refuse, checked, head_of, opened

log = logging.getLogger(__name__)

MAX_IMAGES = 16
"""Pictures of one edit, as OpenAI has it; most models take fewer."""
MAX_PIXELS_IN_ALL = 2**26
"""Of all pictures of one edit: they are all in memory until their turn comes."""
MAX_SCANS = 64
"""Of a JPEG; those of real encoders have about ten."""
START_OF_SCAN = b"\xff\xda"
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What each EXIF orientation must be turned by."""


@dataclass(frozen=True)
class TakenApart:
    """What an edit's form holds: its texts, its pictures and its mask as PNG."""

    fields: dict[str, Any]
    images: tuple[bytes, ...] = field(repr=False)
    mask: bytes | None = field(repr=False)
    digests: tuple[str, ...]
    """`sha256:…` of the files as they came, the mask's last: what their owner can compare."""


def taken_apart(body: bytes, content_type: str) -> TakenApart:
    """Return what a form holds.

    Raises:
        InvalidRequest: it has no picture, too many, or something that is none.
        RequestTooLarge: a file is above 32 MiB.
    """
    fields: dict[str, Any] = {}
    files: dict[str, list[bytes]] = {"image": [], "mask": []}
    for part in parts(body, content_type):
        name = part.name.removesuffix("[]")
        if name in files:
            # Some clients send a picture without a file name.
            files[name].append(part.data)
        elif not part.file:
            fields[name] = part.text
    if not files["image"]:
        raise InvalidRequest(
            "Missing required parameter: 'image'.", code="missing_required_parameter", param="image"
        )
    if len(files["image"]) > MAX_IMAGES:
        raise InvalidRequest(f"At most {MAX_IMAGES} images.", code="invalid_value", param="image")
    _refuse_many_pixels(files["image"])
    images = tuple(upright_png(data, "image") for data in files["image"])
    masks = files["mask"][-1:]
    mask = checked_mask(masks[0], images[0]) if masks else None
    sent = (hashlib.sha256(data).hexdigest() for data in (*files["image"], *masks))
    return TakenApart(fields, images, mask, tuple(f"sha256:{one}" for one in sent))


def _refuse_many_pixels(files: list[bytes]) -> None:
    pixels = 0
    for data in files:
        _refuse_large(data, "image")
        pixels += head_of(data, _refusing("image")).pixels
    if pixels > MAX_PIXELS_IN_ALL:
        raise _bad("The pictures have too many pixels together.", "image")


def upright_png(data: bytes, param: str) -> bytes:
    """Return an uploaded picture as a plain PNG, upright, without whatever else the file held.

    Raises:
        InvalidRequest: it is not one frame of PNG, JPEG or WebP of at most 2^25 pixels, or it is
            made to be costly.
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


def _refuse_large(data: bytes, param: str) -> None:
    if len(data) > MAX_UPLOAD:
        raise RequestTooLarge(f"A picture is larger than {MAX_UPLOAD / 2**20:g} MiB.", param=param)


def _decoded(data: bytes, param: str) -> Image.Image:
    _refuse_large(data, param)
    with opened(data, _refusing(param)) as picture:
        checked(picture, _refusing(param))
        _refuse_scans(picture, data, param)
        picture.load()
        upright = _upright(picture)
        see_through = "A" in upright.getbands() or "transparency" in upright.info
        return upright.convert("RGBA" if see_through else "RGB")


def _refuse_scans(picture: Image.Image, data: bytes, param: str) -> None:
    # Each scan goes over all pixels; a few kilobytes can ask for thousands of them.
    if picture.format in ("JPEG", "MPO") and data.count(START_OF_SCAN) > MAX_SCANS:
        raise _bad("The picture has too many scans.", param)


def _upright(picture: Image.Image) -> Image.Image:
    try:
        method = TURNS.get(picture.getexif().get(ORIENTATION, 1))
    # Whatever a program wrote there, the picture itself is fine.
    except (OSError, ValueError, SyntaxError, LookupError, TypeError, struct.error) as error:
        log.debug("gateway: a picture's EXIF cannot be read: %r", error)
        return picture
    return picture if method is None else picture.transpose(method)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    # Nothing but pixels: profiles, texts and EXIF are kept in `info`.
    picture.info.clear()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


def _refusing(param: str) -> Refuse:
    return lambda what: _bad(f"The picture {what}.", param)


def _bad(sentence: str, param: str, code: str = "invalid_image") -> InvalidRequest:
    return InvalidRequest(sentence, "Send one PNG, JPEG or WebP picture.", code=code, param=param)
