"""Many pictures by one call: results in order, and each failure beside them."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

from ..client import Outcome, Timeouts, find_access
from ..client import batch as client_batch
from ..client.batches import AT_ONCE, Told
from ..client.events import Step
from ..client.images import Asked, EditRequest
from ..errors import GenAIError, InvalidRequest
from ..wire.images import GenerationRequest
from .asking import Size, request_for
from .frames import rows_of
from .made import hold, interruption, rescued
from .making import keep
from .pictures import Images
from .progress import find_display

Wish = str | Mapping[str, Any] | GenerationRequest
"""A prompt; the arguments of `generate` for one request; or a whole request."""
NAME_LENGTH = 40


@dataclass(frozen=True)
class Result:
    """What became of one request of a batch: `images`, or the `error` that ended it."""

    index: int
    """Its number in the batch, from 0."""
    prompt: str
    images: Images
    error: GenAIError | None = None


class Batch(Sequence[Result]):
    """The results of a batch in the order of its requests; `images` are all that were made."""

    def __init__(self, results: Iterable[Result]) -> None:
        self._results = tuple(sorted(results, key=lambda one: one.index))

    @overload
    def __getitem__(self, index: int) -> Result: ...
    @overload
    def __getitem__(self, index: slice) -> Batch: ...
    def __getitem__(self, index: int | slice) -> Result | Batch:
        if isinstance(index, slice):
            return Batch(self._results[index])
        return self._results[index]

    def __len__(self) -> int:
        return len(self._results)

    def __repr__(self) -> str:
        return f"Batch({len(self.images)} pictures, {len(self.failures)} failures)"

    @property
    def images(self) -> Images:
        """Every picture that was made, in order."""
        return Images(picture for one in self._results for picture in one.images)

    @property
    def failures(self) -> list[Result]:
        """The results that ended in an error."""
        return [one for one in self._results if one.error is not None]

    def table(self) -> list[dict[str, Any]]:
        """Return a row for each request, for `pandas.DataFrame(batch.table())`: its number and
        prompt, the first picture's model, seed and cost, how many came, and the error."""
        return [_row(one) for one in self._results]

    def save(self, folder: str | os.PathLike[str], *, overwrite: bool = False) -> list[Path]:
        """Write every picture into `folder`, named by number and prompt; make it if need be.

        Raises:
            Conflict: there is such a file already, and `overwrite` is False.
        """
        return [path for one in self._results for path in _saved(one, folder, overwrite)]

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        bundle, _ = Images(self.images)._repr_mimebundle_()
        gallery = bundle.get("text/html", "")
        if not gallery and self.images:
            picture = self.images[0]
            gallery = f'<img src="{picture.thumbnail()}" alt="{html.escape(picture.prompt)}">'
        lines = [f"<li>[{one.index}] {html.escape(str(one.error))}</li>" for one in self.failures]
        failed = f"<ul>{''.join(lines)}</ul>" if lines else ""
        return {**bundle, "text/html": gallery + failed, "text/plain": repr(self)}, {}


def batch(
    prompts: Iterable[Wish] | Any,
    model: str | None = None,
    size: Size = (1024, 1024),
    *,
    at_once: int = AT_ONCE,
    save_to: str | os.PathLike[str] | None = None,
    show_progress: bool = True,
    on_progress: Told | None = None,
    timeout: float | None = None,
    **options: Any,
) -> Batch:
    """Make the pictures of many prompts, `at_once` (1 to 16) of them at a time.

    An item of `prompts` may also be a mapping with arguments of `generate` of its own; `prompts`
    may be a data frame: its column `prompt`, and others named as arguments, count. What fails
    is a result with its `error`; the others go on. `save_to` is a folder in which each picture is
    written as soon as it is made, so that an interrupt loses none. `on_progress` hears the number
    of a request and each of its events; `timeout` is in seconds for one request. The rest is as in
    `generate`. Interrupting the kernel cancels what is left.

    Raises:
        TokenMissing: GenAI is not enabled for this kernel.
        InvalidRequest: a prompt or an argument is wrong; nothing has been asked for.
    """
    asked = wishes(prompts, model, size, options)
    if save_to is not None:
        _folder(save_to)
    display = find_display(show_progress)
    results: list[Result] = []
    hold(lambda: Batch(results).images)

    def line() -> str:
        failed = sum(one.error is not None for one in results)
        return f"{len(results)} of {len(asked)} done" + (f", {failed} failed" if failed else "")

    try:
        with closing(_results(asked, at_once, on_progress, timeout)) as found:
            for result in found:
                results.append(result)
                if save_to is not None:
                    _saved(result, save_to, True)
                display.tell(Step(phase=line(), percent=100 * len(results) / len(asked)))
    except KeyboardInterrupt:
        display.finish(f"cancelled: {line()}")
        ready = rescued(len(Batch(results).images))
        raise interruption(f"The batch was cancelled: {line()}.", ready) from None
    except BaseException:
        # What `on_progress` raises, or a full disk, ends it: no bar may go on for it.
        display.finish(f"failed: {line()}. {rescued(len(Batch(results).images))}".rstrip())
        raise
    display.finish(line())
    return Batch(results)


def batch_stream(
    prompts: Iterable[Wish] | Any,
    model: str | None = None,
    size: Size = (1024, 1024),
    *,
    at_once: int = AT_ONCE,
    on_progress: Told | None = None,
    timeout: float | None = None,
    **options: Any,
) -> Generator[Result, None, None]:
    """Yield the result of each prompt as soon as there is one; the arguments are those of `batch`.

    Leaving the loop, or closing the generator, cancels what is left.

    Raises:
        TokenMissing, InvalidRequest: as `batch`.
    """
    with closing(
        _results(wishes(prompts, model, size, options), at_once, on_progress, timeout)
    ) as (found):
        yield from found


def wishes(
    prompts: Iterable[Wish] | Any, model: str | None, size: Size, options: Mapping[str, Any]
) -> list[GenerationRequest]:
    """Return the requests of a batch, all of them checked.

    Raises:
        InvalidRequest: naming the first that is wrong.
    """
    if isinstance(prompts, (str, Mapping)):
        raise InvalidRequest("prompts: one prompt is no list.", "Pass a list of prompts.")
    common = {"model": model, "size": size, **options}
    rows = rows_of(prompts)
    if rows is not None:
        prompts = rows
    return [_request(number, wish, common) for number, wish in enumerate(prompts)]


def result_of(outcome: Outcome) -> Result:
    """Return what became of a request, as a notebook sees it."""
    images = Images(keep(one, outcome.asked) for one in outcome.pictures)
    return Result(outcome.index, _prompt(outcome.asked), images, outcome.error)


def _row(one: Result) -> dict[str, Any]:
    first = one.images[0] if one.images else None
    costs = [picture.cost_cents for picture in one.images if picture.cost_cents is not None]
    return {
        "index": one.index,
        "prompt": one.prompt,
        "pictures": len(one.images),
        "model": first and first.model,
        "seed": first and first.seed,
        "cost_cents": sum(costs) if costs else None,
        "error": one.error and one.error.message,
    }


def _request(number: int, wish: Wish, common: Mapping[str, Any]) -> GenerationRequest:
    if isinstance(wish, GenerationRequest):
        return wish
    own = {"prompt": wish} if isinstance(wish, str) else wish
    if not isinstance(own, Mapping):
        raise InvalidRequest(f"prompts[{number}]: this is no prompt.", "Pass texts or mappings.")
    try:
        return request_for(**{"prompt": "", **common, **own})
    except InvalidRequest as error:
        raise InvalidRequest(f"prompts[{number}]: {error.message}", error.remedy) from None


def _results(
    asked: Sequence[Asked], at_once: int, told: Told | None, timeout: float | None
) -> Generator[Result, None, None]:
    if not hasattr(at_once, "__index__") or at_once < 1:
        raise InvalidRequest(
            f"at_once: {at_once!r} is no number of pictures.", "Pass a whole number, 1 to 16."
        )
    access = find_access(os.environ)
    found = client_batch(
        access, asked, at_once=at_once, told=told, timeouts=Timeouts(whole=timeout)
    )
    with closing(found):
        for outcome in found:
            yield result_of(outcome)


def _prompt(asked: Asked) -> str:
    return asked.request.prompt if isinstance(asked, EditRequest) else asked.prompt


def _folder(folder: str | os.PathLike[str]) -> Path:
    place = Path(folder).expanduser()
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidRequest(
            f"The folder {place} cannot be made: {error.strerror or type(error).__name__}.",
            "Choose another one.",
        ) from None
    return place


def _saved(result: Result, folder: str | os.PathLike[str], overwrite: bool) -> list[Path]:
    if not result.images:
        return []
    place = _folder(folder)
    words = re.sub(r"[^\w]+", "-", result.prompt.lower())[:NAME_LENGTH].strip("-") or "picture"
    # Without an ending each is written in the format in which it came.
    name = f"{result.index + 1:03d}-{words}"
    return result.images.save(place / name, overwrite=overwrite)
