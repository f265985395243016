"""Which files of a model are here: a look that reads names and sizes, never contents."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..catalog.spec import ModelFileSpec, ModelSpec, ServiceSpec
from ..wire.problems import Problem
from ..wire.weights import WeightsState
from .places import Place, place_of
from .records import FileRecord, read_record, read_table

MIB = 2**20
_WORST_FIRST: tuple[WeightsState, ...] = ("wrong", "missing", "partial", "fetching", "present")


@dataclass(frozen=True)
class FileFound:
    """One file of a model as it is on this machine."""

    spec: ModelFileSpec
    state: WeightsState
    place: Place | None = None
    """Where it lies or would lie; None without a model root."""
    done_bytes: int = 0
    verified: bool = False
    """Whether its hash was computed since it last changed."""
    fetched: bool = False
    """Whether the Lab put it there, and it has not changed since."""
    problem: Problem | None = None


def find_file(file: ModelFileSpec, roots: Sequence[str | Path]) -> FileFound:
    """Return what is here of a file. Never raises; costs a few stat calls."""
    try:
        return _find(file, roots)
    except (OSError, ValueError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or type(error).__name__
        problem = Problem(
            code="model_unreadable",
            message=f"{file.folder}/{file.name} cannot be looked at: {reason}.",
            remedy="Let the server's user read the folders of GenAILab.model_roots.",
        )
        return FileFound(file, "wrong", problem=problem)


def find_files(model: ModelSpec, roots: Sequence[str | Path]) -> list[FileFound]:
    """Return what is here of each file of a model."""
    return [find_file(file, roots) for file in model.files]


def worst(states: Sequence[WeightsState]) -> WeightsState:
    """Return the state of a whole from those of its parts; `fetching` while one is on its way."""
    if "fetching" in states:
        return "fetching"
    return next((state for state in _WORST_FIRST if state in states), "present")


def is_whole(model: ModelSpec, roots: Sequence[str | Path]) -> bool:
    """Say whether every file of a model is here."""
    return all(found.state == "present" for found in find_files(model, roots))


def missing_models(spec: ServiceSpec, roots: Sequence[str | Path]) -> list[ModelSpec]:
    """Return the models of which one must be fetched before the service can start.

    A service needs one whole model of those that are not optional; it is of no use without. What
    somebody else runs (`address`) brings its own.
    """
    if spec.address is not None:
        return []
    needed = [model for model in spec.models if model.files and not model.optional]
    return [] if any(is_whole(model, roots) for model in needed) else needed


def weights_problem(spec: ServiceSpec, roots: Sequence[str | Path]) -> Problem | None:
    """Return why the service cannot start for want of model files; None: it can.

    The command brings, of the models that would do, the smallest that needs neither an account
    nor a licence accepted, as far as there is a choice.
    """
    needed = missing_models(spec, roots)
    if not needed:
        return None
    easiest = min(
        needed,
        key=lambda model: (
            not _has_sources(model, roots),
            model.gated,
            model.accept,
            _to_bring(model, roots),
        ),
    )
    names = " or ".join(
        f"{model.title} ({amount(_to_bring(model, roots))} to fetch)" for model in needed
    )
    message = f"{spec.title} has no model files here: it needs {names}."
    if not roots:
        return Problem(
            code="models_missing",
            message=message,
            remedy="Name a folder with room for them in GenAILab.model_roots, restart the server, "
            "then fetch one of them:",
            command=f"coursia-genai models fetch {easiest.id}",
        )
    if not _has_sources(easiest, roots):
        return Problem(
            code="models_missing",
            message=message,
            remedy="The catalogue does not say where they can be had: an admin puts the files into "
            "a model root, or imports them: coursia-genai models import FOLDER.",
        )
    return Problem(
        code="models_missing",
        message=message,
        remedy="An admin fetches one of them, or imports it from a folder:",
        command=f"coursia-genai models fetch {easiest.id}",
    )


def amount(size: int | None) -> str:
    """Return a number of bytes for people: "16.4 GB", "830 MB"; "size unknown" for None or 0."""
    if not size:
        return "size unknown"
    if size >= 1_000_000_000:
        return f"{size / 1_000_000_000:.1f} GB"
    return f"{size / 1_000_000:.0f} MB" if size >= 1_000_000 else f"{size} bytes"


def bytes_to_bring(found: FileFound) -> int | None:
    """Return how many bytes of a file are still to come; None: its size is not known."""
    if found.state == "present":
        return 0
    size = found.spec.size_bytes
    if size is None:
        return None
    return max(0, size - (found.done_bytes if found.state in ("partial", "fetching") else 0))


def _has_sources(model: ModelSpec, roots: Sequence[str | Path]) -> bool:
    return all(
        found.spec.url or found.spec.repository
        for found in find_files(model, roots)
        if found.state != "present"
    )


def _to_bring(model: ModelSpec, roots: Sequence[str | Path]) -> int:
    left = [bytes_to_bring(found) for found in find_files(model, roots)]
    if None in left and model.size_mib is not None:
        return model.size_mib * MIB
    return sum(one or 0 for one in left)


def _find(file: ModelFileSpec, roots: Sequence[str | Path]) -> FileFound:
    place = place_of(file, roots)
    if place is None:
        return FileFound(file, "missing")
    try:
        info = place.target.stat()
    except (FileNotFoundError, NotADirectoryError):
        if place.target.is_symlink():
            return _wrong(file, place, 0, _dangling(file))
        return _unfinished(file, place)
    record = read_record(place.record)
    if record is not None and not record.is_of(info):
        record = None
    wrong = _what_is_wrong(file, place, info, record)
    if wrong is not None:
        return _wrong(file, place, info.st_size, wrong, fetched=bool(record and record.fetched))
    return FileFound(
        file,
        "present",
        place,
        done_bytes=info.st_size,
        verified=bool(record and record.sha256 and (file.sha256 or record.published)),
        fetched=bool(record and record.fetched),
    )


def _unfinished(file: ModelFileSpec, place: Place) -> FileFound:
    try:
        done = place.part.stat().st_size
    except OSError:
        done = 0
    # A part without its journal may be of anything; the next fetch begins anew.
    if done and read_table(place.journal) is not None:
        return FileFound(file, "partial", place, done_bytes=done)
    return FileFound(file, "missing", place)


def _wrong(
    file: ModelFileSpec, place: Place, size: int, problem: Problem, *, fetched: bool = False
) -> FileFound:
    return FileFound(file, "wrong", place, done_bytes=size, problem=problem, fetched=fetched)


def _what_is_wrong(
    file: ModelFileSpec, place: Place, info: os.stat_result, record: FileRecord | None
) -> Problem | None:
    shown = f"{file.folder}/{file.name}"
    if not stat.S_ISREG(info.st_mode):
        return Problem(
            code="model_not_a_file",
            message=f"{shown} is not a file.",
            remedy="Move it away, then fetch the file.",
        )
    if _leads_out(place):
        return Problem(
            code="model_link_outside",
            message=f"{shown} is a link that leads out of its folder; a container would not "
            "see what it points to.",
            remedy="Put the file itself there, or a hard link to it (ln -f), or let the whole "
            "folder be the link.",
        )
    if info.st_size == 0 or file.size_bytes not in (None, info.st_size):
        wanted = "" if file.size_bytes is None else f", not {file.size_bytes}"
        return Problem(
            code="model_size_wrong",
            message=f"{shown} has {info.st_size} bytes{wanted}: it is another file, or half of "
            "one.",
            remedy="Move it away, then fetch it.",
        )
    published = file.sha256 or (record.published if record else "")
    if record is not None and record.sha256 and published not in ("", record.sha256):
        return Problem(
            code="model_hash_wrong",
            message=f"{shown} is not the published file: its SHA-256 begins with "
            f"{record.sha256[:12]}, not {published[:12]}.",
            remedy="Move it away, then fetch it.",
        )
    return None


def _dangling(file: ModelFileSpec) -> Problem:
    return Problem(
        code="model_link_outside",
        message=f"{file.folder}/{file.name} is a link that leads nowhere.",
        remedy="Remove the link, then fetch the file.",
    )


def _leads_out(place: Place) -> bool:
    """Say whether links below the mounted folder lead where a container would not follow.

    What is mounted is a folder of the root; that folder itself may be a link of the operator's.
    """
    mounted = place.root / place.folder.split("/", maxsplit=1)[0]
    step = mounted
    for part in (*place.folder.split("/")[1:], place.name):
        step = step / part
        if step.is_symlink():
            target = step.readlink()
            if target.is_absolute() or not step.resolve().is_relative_to(mounted.resolve()):
                return True
    return False
