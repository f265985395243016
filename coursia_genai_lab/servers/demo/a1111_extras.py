"""What the AUTOMATIC1111 dialect does with finished pictures: enlarge, read, describe."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

from PIL import Image, ImageOps

from .a1111_http import A1111
from .a1111_models import UPSCALERS
from .a1111_order import A1111Error, InvalidFieldError, picture_in
from .marks import encode

MAX_PIXELS = 2**24
MAX_PICTURES = 16
NEAREST = "Nearest"
MODELS = ("clip", "deepdanbooru", "deepbooru")
COLOURS = {
    "black": (20, 20, 20), "grey": (128, 128, 128), "white": (235, 235, 235),
    "red": (200, 40, 40), "orange": (230, 140, 40), "yellow": (230, 215, 60),
    "green": (60, 150, 70), "blue": (60, 100, 200), "purple": (130, 70, 170),
    "brown": (120, 80, 50),
}  # fmt: skip


class Extras(A1111):
    """Enlarges one picture."""

    async def post(self) -> None:
        """Answer with the larger picture."""
        try:
            self.write_json(await self.engine.studio.call(self.answer, self.body()))
        except A1111Error as error:
            self.write_json(error.body, error.status)

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer; work for the drawing thread. Raises A1111Error."""
        return {"html_info": "", "image": _larger(body, body.get("image"))}


class BatchExtras(Extras):
    """Enlarges several pictures."""

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer; work for the drawing thread. Raises A1111Error."""
        listed = body.get("imageList")
        images = listed if isinstance(listed, list) else []
        if len(images) > MAX_PICTURES:
            raise InvalidFieldError("imageList", f"at most {MAX_PICTURES} pictures")
        given = [one.get("data") if isinstance(one, dict) else None for one in images]
        return {"html_info": "", "images": [_larger(body, text) for text in given]}


class PNGInfo(Extras):
    """Tells how a picture was made that says so in itself."""

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer; work for the drawing thread. Raises A1111Error."""
        texts = _texts_in(body.get("image"))
        info = texts.pop("parameters", "")
        return {"info": info, "items": texts, "parameters": _parameters(info)}


class Interrogate(Extras):
    """Describes a picture: its shape and its main colour, which is all that a demo can see."""

    def answer(self, body: dict[str, Any]) -> dict[str, Any]:
        """Return the answer; work for the drawing thread. Raises A1111Error."""
        if body.get("image") is None:
            raise A1111Error(404, "HTTPException", "Image not found")
        picture = picture_in(body["image"]).convert("RGB")
        if body.get("model", "clip") not in MODELS:
            raise A1111Error(404, "HTTPException", "Model not found")
        wide, high = picture.size
        shape = "wide" if wide > high else "tall" if high > wide else "square"
        seen = picture.resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
        assert isinstance(seen, tuple)
        colour = min(COLOURS, key=lambda name: _distance(COLOURS[name], seen))
        if body.get("model", "clip") == "clip":
            return {"caption": f"a {shape} picture, mostly {colour}"}
        return {"caption": f"{shape}, {colour}"}


def _distance(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _larger(body: dict[str, Any], text: object) -> str:
    picture = picture_in(text)
    name = body.get("upscaler_1", "None")
    if name not in UPSCALERS:
        raise A1111Error(500, "AssertionError", f"could not find upscaler named {str(name)[:100]}")
    width, height = _wanted(body, picture)
    if width * height > MAX_PIXELS:
        raise InvalidFieldError("upscaling_resize", "the picture would have too many pixels")
    by = Image.Resampling.NEAREST if name == NEAREST else Image.Resampling.LANCZOS
    if body.get("resize_mode") == 1 and body.get("upscaling_crop", True):
        made = ImageOps.fit(picture, (width, height), by)
    else:
        made = picture.resize((width, height), by)
    return base64.b64encode(encode(made)).decode("ascii")


def _wanted(body: dict[str, Any], picture: Image.Image) -> tuple[int, int]:
    if body.get("resize_mode") == 1:
        return _side(body, "upscaling_resize_w"), _side(body, "upscaling_resize_h")
    scale = body.get("upscaling_resize", 2)
    if isinstance(scale, bool) or not isinstance(scale, (int, float)) or not 0 < scale <= 8:
        raise InvalidFieldError("upscaling_resize", "ensure this value is between 0 and 8")
    return max(1, round(picture.width * scale)), max(1, round(picture.height * scale))


def _side(body: dict[str, Any], name: str) -> int:
    value = body.get(name, 512)
    if type(value) is not int or not 1 <= value <= 2**14:
        raise InvalidFieldError(name, f"ensure this value is between 1 and {2**14}")
    return value


def _texts_in(image: object) -> dict[str, str]:
    # The picture is looked at by whoever looks at all pictures; only then its words are read.
    data = str(image or "").strip()
    picture_in(data)
    raw = base64.b64decode(data.partition(",")[2] if data.startswith("data:") else data)
    with Image.open(io.BytesIO(raw)) as picture:
        found = getattr(picture, "text", {})
        return {str(name): str(text) for name, text in found.items()}


def _parameters(info: str) -> dict[str, Any]:
    """Return what the WebUI's own form of such a text says, value by value."""
    if not info:
        return {}
    *lines, facts = info.split("\n")
    prompt, _, negative = "\n".join(lines).partition("\nNegative prompt: ")
    said: dict[str, Any] = {"Prompt": prompt, "Negative prompt": negative}
    for name, value in re.findall(r"\s*([\w ]+):\s*([^,]+)(?:,|$)", facts):
        said[name] = value.strip()
    size = re.fullmatch(r"(\d+)x(\d+)", str(said.get("Size", "")))
    if size:
        said.update({"Size-1": size[1], "Size-2": size[2]})
    return said
