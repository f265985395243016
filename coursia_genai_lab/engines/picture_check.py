"""Pictures that engines send: looked at before anybody else has them."""

from __future__ import annotations

import io

from ..errors import GenerationError

MOST_PIXELS = 2**25


def refuse_damaged(data: bytes, engine: str = "The server") -> None:
    """Raise GenerationError unless the bytes are one whole PNG, JPEG or WebP; work for a thread.

    It is read to its end, and decoded where it has no checksums: a file that was cut begins as a
    good one does.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "WEBP")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise no_picture(f"{engine} sent a picture with too many pixels.")
            if picture.format == "PNG":
                # Its checksums say that it is whole, in a twentieth of the time.
                picture.verify()
            else:
                picture.load()
    except (
        UnidentifiedImageError,
        Image.DecompressionBombError,
        OSError,
        ValueError,
        SyntaxError,
    ) as error:
        raise no_picture(f"{engine} sent something that is no whole picture.") from error


def no_picture(sentence: str) -> GenerationError:
    """Return what is told where an engine gives no picture."""
    return GenerationError(sentence, "Send the request again.", code="no_picture")
