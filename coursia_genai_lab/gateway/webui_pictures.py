"""The pictures in calls of the WebUI: looked at by their headers, none fetched, none decoded."""

from __future__ import annotations

import base64
import binascii

from ..errors import InvalidRequest, RequestTooLarge
from .picture_heads import MAX_UPLOAD, Head, head_of
from .webui_fields import wrong

MOST_INPUTS = 16
MOST_PIXELS_IN_ALL = 2**27
"""Of one call: 400 MB once the WebUI has decoded them."""
NAMES = frozenset({"init_images", "mask", "firstpass_image", "image"})


class Pictures:
    """Check the pictures of one call; `size` is the width and height of its `image`."""

    def __init__(self) -> None:
        self.size = (0, 0)
        self._pixels = 0

    def checked(self, name: str, value: object) -> str | list[str]:
        """Return a field as it is sent on.

        Raises:
            InvalidRequest: it holds an address, a bomb, another file than a picture, or too much.
            RequestTooLarge: a picture is above 32 MiB.
        """
        if name != "init_images":
            return self.one(name, value)
        if not isinstance(value, list) or len(value) > MOST_INPUTS:
            raise wrong(name, f"must be a list of at most {MOST_INPUTS} pictures")
        return [self.one(name, one) for one in value]

    def one(self, name: str, value: object) -> str:
        """Return one picture as `checked` does."""
        if not isinstance(value, str):
            raise wrong(name, "must be a picture in base64")
        if len(value) > MAX_UPLOAD * 4 // 3 * 78 // 76 + 100:
            raise RequestTooLarge("A picture is larger than 32 MiB.", param=name)
        # Lines, as of mail, mean nothing, and some programs send them.
        value = "".join(value.split())
        text = value.partition(",")[2] if value.startswith("data:image/") else value
        head = _head(name, text)
        if name == "image":
            self.size = head.width, head.height
        self._pixels += head.pixels
        if self._pixels > MOST_PIXELS_IN_ALL:
            raise wrong(name, "has too many pixels")
        return value


def _head(name: str, text: str) -> Head:
    def refuse(what: str) -> InvalidRequest:
        return wrong(name, what)

    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise wrong(name, "is no picture in base64") from error
    return head_of(data, refuse)
