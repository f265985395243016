"""Make a picture again, and say whether it came out the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from ..client.comparison import Comparison, Verdict, compare
from ..client.images import Asked, EditRequest
from ..client.replay import request_again
from ..errors import GenerationError, InvalidRequest
from .asking import new_seed, request_for
from .generation import made
from .pictures import GeneratedImage, Images


class Replay(NamedTuple):
    """A picture that was made again, and how it compares to the one before."""

    image: GeneratedImage
    comparison: Comparison

    @property
    def verdict(self) -> Verdict:
        """identical, similar or different."""
        return self.comparison.verdict

    @property
    def why(self) -> tuple[str, ...]:
        """What may have changed in between, in sentences."""
        return self.comparison.why


def replay(picture: GeneratedImage, *, show_progress: bool, timeout: float | None) -> Replay:
    """Make a picture again and compare; the errors are those of `GeneratedImage.replay`."""
    images = made(again(picture), show_progress=show_progress, timeout=timeout)
    if not images:
        raise GenerationError("No picture came back.")
    found = compare(picture.data, images[0].data, picture.provenance, images[0].provenance)
    return Replay(images[0], found)


def vary(picture: GeneratedImage, n: int, *, show_progress: bool, **options: Any) -> Images:
    """Make `n` pictures like one, of other seeds; the errors are those of `GeneratedImage.vary`."""
    return made(variation(picture, n, **options), show_progress=show_progress)


def variation(picture: GeneratedImage, n: int, **options: Any) -> Asked:
    """Return the call that makes `n` pictures with the same values, a new seed and `options`.

    Raises:
        InvalidRequest: the values are not known, or an option is wrong.
    """
    asked = again(picture)
    request = asked.request if isinstance(asked, EditRequest) else asked
    known = {**request.model_dump(exclude_none=True), "n": n, "seed": new_seed(), **options}
    changed = request_for(**known)
    return replace(asked, request=changed) if isinstance(asked, EditRequest) else changed


def again(picture: GeneratedImage) -> Asked:
    """Return the call that makes one picture with the values that were really used.

    Raises:
        InvalidRequest: they are not known, or the pictures that it was made from are gone.
    """
    if picture.asked is not None:
        return picture.asked
    facts = picture.provenance
    if facts is None:
        raise InvalidRequest(
            "It is not known how this picture was made.",
            "Make it with generate() or edit(); a file is checked by `coursia-genai verify`.",
        )
    if facts.inputs:
        raise InvalidRequest(
            "This picture was made from others, which are not at hand.",
            "Call edit() with them and with seed=picture.seed.",
        )
    return request_again(facts)
