"""Pictures as a notebook holds them: they show themselves, know their origin, and can be saved."""

from __future__ import annotations

import base64
import io
import os
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from ..errors import Conflict, InvalidRequest
from .showing import GALLERY_WIDTH, SHOWN_WIDTH, figure, gallery, money

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..client.images import Asked
    from ..wire.provenance import Provenance
    from .replaying import Replay

MICROUSD_PER_CENT = 10_000
SHEET_PICTURES = 24
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}


@dataclass(frozen=True)
class GeneratedImage:
    """A picture with its origin: `prompt`, `model`, `seed`, and `demo` (drawn by the demo engine).

    `data` are the bytes of its file as the engine made it, `format` is png, jpeg or webp. None in
    `model` or `seed`: the engine did not say. `warning` tells where it differs from what was asked
    for, another model for instance; empty: nowhere. `provenance` is what is known of its making;
    None: nothing. `asked` is the call that makes it once more, alone.
    """

    data: bytes = field(repr=False)
    format: str
    prompt: str
    model: str | None = None
    seed: int | None = None
    demo: bool = False
    warning: str = ""
    provenance: Provenance | None = field(default=None, repr=False, compare=False)
    asked: Asked | None = field(default=None, repr=False, compare=False)

    @cached_property
    def image(self) -> Image:
        """The picture as a `PIL.Image.Image`, loaded at first use."""
        from PIL import Image

        picture = Image.open(io.BytesIO(self.data))
        picture.load()
        return picture

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        return self.image.size

    @property
    def cost_cents(self) -> float | None:
        """US cents that a provider charged for it; None: nobody charged, or nobody said."""
        known = self.provenance.cost_microusd if self.provenance is not None else None
        return None if known is None else known / MICROUSD_PER_CENT

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
        """Write the picture to `path` all at once, and return the path.

        The ending decides the format (.png, .jpg, .webp; none: the engine's own). The engine's own
        format is written byte for byte, with all that the file says about itself.

        Raises:
            Conflict: there is such a file already, and `overwrite` is False.
            InvalidRequest: the ending is unknown, or the folder does not exist.
        """
        target = Path(path).expanduser()
        if not target.suffix:
            target = target.with_name(f"{target.name}.{self.format.replace('jpeg', 'jpg')}")
        data = self._encoded(target.suffix.lower())
        if not target.parent.is_dir():
            raise InvalidRequest(
                f"The folder {target.parent} does not exist.", "Make it, or choose another one."
            )
        write_whole(target, data, overwrite=overwrite)
        return target

    def replay(self, *, show_progress: bool = True, timeout: float | None = None) -> Replay:
        """Make the picture again with the same values, and compare the two.

        Returns the new picture and the comparison: its `verdict` is identical, similar or
        different, and `why` says what may have changed in between.

        Raises:
            InvalidRequest: it is not known how the picture was made.
            GenAIError: as `generate`.
        """
        from .replaying import replay

        return replay(self, show_progress=show_progress, timeout=timeout)

    def vary(self, n: int = 4, *, show_progress: bool = True, **options: Any) -> Images:
        """Make `n` pictures (1 to 10) with the same values and other seeds.

        `options` are other arguments of `generate` to change on the way.

        Raises:
            InvalidRequest: it is not known how the picture was made.
            GenAIError: as `generate`.
        """
        from .replaying import vary

        return vary(self, n, show_progress=show_progress, **options)

    def _encoded(self, ending: str) -> bytes:
        kind = FORMATS.get(ending)
        if kind is None:
            raise InvalidRequest(
                f"A picture cannot be saved as {ending}.", "Use .png, .jpg or .webp."
            )
        if kind == self.format.upper():
            return self.data
        picture = self.image.convert("RGB") if kind == "JPEG" else self.image
        out = io.BytesIO()
        picture.save(out, kind, quality=92, exif=self.image.getexif())
        return out.getvalue()

    def _repr_png_(self) -> bytes:
        return self._encoded(".png")

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        # Not every front end knows WebP.
        kind = "jpeg" if self.format == "jpeg" else "png"
        data = self.data if kind == self.format else self._encoded(".png")
        shown = {"width": min(self.size[0], SHOWN_WIDTH)}
        media_type = f"image/{kind}"
        bundle = {
            "text/html": figure(self),
            media_type: base64.b64encode(data).decode(),
            "text/plain": f"{self.caption()}: {self.prompt}",
        }
        return bundle, {media_type: shown}

    def caption(self, words: Callable[[str], str] = str) -> str:
        """Return one line about the picture's origin; `words` translates."""
        width, height = self.size
        parts = [self.model or "", f"{width} × {height}"]
        parts += [f"{words('seed')} {self.seed}"] if self.seed is not None else []
        parts += ["DEMO"] if self.demo else []
        parts += [money(self.cost_cents)] if self.cost_cents else []
        return " · ".join(part for part in parts if part)

    def thumbnail(self, width: int = GALLERY_WIDTH) -> str:
        """Return a small JPEG of the picture as a data URL."""
        small = self.image.convert("RGB")
        small.thumbnail((width * 2, width * 2))
        out = io.BytesIO()
        small.save(out, "JPEG", quality=85)
        return "data:image/jpeg;base64," + base64.b64encode(out.getvalue()).decode()


class Images(Sequence[GeneratedImage]):
    """The pictures of one call: a list to read, a gallery to look at."""

    def __init__(self, pictures: Iterable[GeneratedImage]) -> None:
        self._pictures = tuple(pictures)

    @overload
    def __getitem__(self, index: int) -> GeneratedImage: ...
    @overload
    def __getitem__(self, index: slice) -> Images: ...
    def __getitem__(self, index: int | slice) -> GeneratedImage | Images:
        if isinstance(index, slice):
            return Images(self._pictures[index])
        return self._pictures[index]

    def __len__(self) -> int:
        return len(self._pictures)

    def __repr__(self) -> str:
        return f"Images({list(self._pictures)!r})"

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> list[Path]:
        """Write the pictures to `path`, or to `path` with -1, -2, … when there are several.

        Raises:
            Conflict: there is such a file already, and `overwrite` is False.
            InvalidRequest: the ending is unknown, or the folder does not exist.
        """
        if len(self) == 1:
            return [self[0].save(path, overwrite=overwrite)]
        whole = Path(path)
        return [
            picture.save(whole.with_name(f"{whole.stem}-{n}{whole.suffix}"), overwrite=overwrite)
            for n, picture in enumerate(self, 1)
        ]

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        if len(self) == 1:
            return self[0]._repr_mimebundle_(include, exclude)
        figures = [
            figure(picture, width=GALLERY_WIDTH, begin=f"[{n}] ", role="listitem")
            for n, picture in enumerate(self)
        ]
        bundle = {"text/html": gallery(figures), "text/plain": repr(self)}
        if self:
            from .grids import grid

            # For paper and for whoever shows no HTML; a batch may be too many for one sheet.
            sheet, _ = grid(self[:SHEET_PICTURES])._repr_mimebundle_()
            bundle["image/jpeg"] = sheet["image/jpeg"]
        return bundle, {}


def write_whole(target: Path, data: bytes, *, overwrite: bool) -> None:
    """Write a file so that nobody ever sees half of it.

    Raises:
        Conflict: it exists, and `overwrite` is False.
    """
    if not overwrite:
        try:
            # Holds the name: of two that save at once, one wins and the other is told.
            target.touch(exist_ok=False)
        except FileExistsError:
            raise Conflict(
                f"{target} exists already; it was left as it is.",
                "Choose another name, or pass overwrite=True.",
            ) from None
    draft = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}")
    try:
        draft.write_bytes(data)
        draft.replace(target)
    except BaseException:
        draft.unlink(missing_ok=True)
        if not overwrite:
            target.unlink(missing_ok=True)
        raise
