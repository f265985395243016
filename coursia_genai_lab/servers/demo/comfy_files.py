"""ComfyUI's routes for files: uploads in, pictures out."""

from __future__ import annotations

import asyncio
import io
import json

from .comfy_http import Comfy
from .files import OutsideError
from .marks import encode
from .pixels import MAX_UPLOAD, BadPictureError, decode, inspect

TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp"}


class View(Comfy):
    """Gives a file back."""

    async def get(self) -> None:
        """Answer with the file, or with a small version for `preview=webp;50`."""
        name = self.get_query_argument("filename", "")
        if not name:
            return self._nothing(404)
        kind = self.get_query_argument("type", "output")
        subfolder = self.get_query_argument("subfolder", "")
        if name.startswith(("/", "\\")) or ".." in name:
            return self._nothing(400)
        try:
            path = self.engine.vault.path(kind, subfolder, name)
        except OutsideError:
            return self._nothing(403)
        except KeyError:
            return self._nothing(400)
        try:
            data = await asyncio.to_thread(path.read_bytes)
        except OSError:
            return self._nothing(404)
        media = TYPES.get(path.suffix.lower(), "application/octet-stream")
        wish = self.get_query_argument("preview", "")
        if wish:
            kind, _, quality = wish.partition(";")
            kind = kind if kind in ("webp", "jpeg") else "webp"
            level = int(quality) if quality.isdecimal() and len(quality) < 4 else 90
            try:
                data = await self.engine.studio.call(_smaller, data, kind, min(100, level))
            except BadPictureError:
                return self._nothing(400)
            media = f"image/{kind}"
        self.set_header("Content-Type", media)
        plain = path.name.encode("ascii", "replace").decode().replace('"', "'")
        self.set_header("Content-Disposition", f'filename="{plain}"')
        self.finish(data)
        return None

    def _nothing(self, status: int) -> None:
        self.set_status(status)
        self.finish()


class Upload(Comfy):
    """Takes a picture or a mask in."""

    async def post(self, what: str) -> None:
        """Keep the file part `image` and answer with the name it got."""
        parts = self.request.files.get("image")
        if not parts:
            self.set_status(400)
            self.finish()
            return
        part = parts[0]
        if len(part.body) > MAX_UPLOAD:
            self._text(413, "Maximum request body size exceeded")
            return
        kind = self.get_body_argument("type", "input")
        subfolder = self.get_body_argument("subfolder", "")
        overwrite = self.get_body_argument("overwrite", "").lower() in ("true", "1")
        name = part.filename or "image.png"
        try:
            data = await self.engine.studio.call(self._content, what, part.body)
            if kind != "input":
                # The real server would also take files for its results; nobody's results may be
                # replaced here.
                raise OutsideError(kind)
            kept = await asyncio.to_thread(
                self.engine.vault.upload, subfolder, name, data, overwrite
            )
        except (OutsideError, OSError):
            self._text(400, "This file name cannot be used.")
            return
        except BadPictureError as error:
            self._text(400, str(error))
            return
        self.write_json({"name": kept, "subfolder": subfolder, "type": kind})

    def _content(self, what: str, data: bytes) -> bytes:
        inspect(data)
        return self._masked(data) if what == "mask" else data

    def _masked(self, data: bytes) -> bytes:
        # The mask's transparency becomes that of the picture that it was painted on.
        try:
            original = json.loads(self.get_body_argument("original_ref", ""))
            path = self.engine.vault.path(
                str(original.get("type", "output")),
                str(original.get("subfolder", "")),
                str(original["filename"]),
            )
            below = decode(path.read_bytes()).convert("RGBA")
        except (ValueError, KeyError, AttributeError, OSError) as error:
            raise BadPictureError("original_ref names no picture.") from error
        hole = decode(data).convert("RGBA").getchannel("A").resize(below.size)
        below.putalpha(hole)
        return encode(below)

    def _text(self, status: int, sentence: str) -> None:
        self.set_status(status)
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.finish(sentence)


def _smaller(data: bytes, kind: str, quality: int) -> bytes:
    picture = decode(data)
    out = io.BytesIO()
    flat = picture.convert("RGB") if kind == "jpeg" else picture
    flat.save(out, kind.upper(), quality=quality)
    return out.getvalue()
