"""Every model of the catalogue as it is on this machine."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..catalog.load import Catalog
from ..catalog.spec import ModelFileSpec, ModelSpec
from ..errors import ConfigurationError, NotFound
from ..wire.problems import Problem
from ..wire.weights import ModelRoot, WeightsFile, WeightsList, WeightsView
from .inventory import FileFound, bytes_to_bring, find_files, worst
from .licences import Licences
from .problems import root_missing, root_readonly
from .sources import Sources
from .terms import Step, free_bytes

FileKey = tuple[str, str]
"""Folder and name."""


@dataclass(frozen=True)
class Offer:
    """One model, and the services that offer it."""

    model: ModelSpec
    services: tuple[str, ...]


@dataclass(frozen=True)
class Coming:
    """What is done for a model at this moment, or why that failed."""

    phase: str | None = None
    steps: Mapping[FileKey, Step] = field(default_factory=dict)
    bytes_per_second: float | None = None
    problem: Problem | None = None


NOTHING = Coming()
CHECKING = "checking"
"""The phase of a model whose files are read and compared."""


class Stock:
    """Answers what is here of the catalogue's models; its methods block shortly (stat calls)."""

    def __init__(
        self, catalog: Catalog, roots: Sequence[str | Path], sources: Sources, licences: Licences
    ) -> None:
        self.roots = tuple(map(Path, roots))
        self.offers = _offers(catalog)
        """Every model that has files, by id."""
        self._sources = sources
        self._licences = licences

    def offer(self, model_id: str) -> Offer:
        """Return a model.

        Raises:
            NotFound: the catalogue has no such model, or it has no files.
        """
        found = self.offers.get(model_id)
        if found is None:
            raise NotFound(
                f"The catalogue has no model {model_id[:100]!r} with files.",
                "See `coursia-genai models list`.",
            )
        return found

    def of_service(self, name: str) -> list[Offer]:
        """Return the models that a service offers.

        Raises:
            NotFound: no service of this name has models with files.
        """
        found = [offer for offer in self.offers.values() if name in offer.services]
        if not found:
            raise NotFound(
                f"There is no service {name[:100]!r} with model files.",
                "See `coursia-genai models list`.",
            )
        return found

    def everything(self, coming: Mapping[str, Coming]) -> WeightsList:
        """Return every model; `coming` holds those for which something is done."""
        token = self._token_problem()
        views = [
            self._view(offer, coming.get(offer.model.id, NOTHING), token=token)
            for offer in self.offers.values()
        ]
        roots = [self._root(root) for root in self.roots]
        problem = None
        if not self.roots:
            problem = Problem(**root_missing(None).to_dict())
        elif not any(root.writable and root.problem is None for root in roots):
            problem = roots[0].problem
        return WeightsList(roots=roots, models=views, problem=problem or token[1])

    def view(self, model_id: str, coming: Coming = NOTHING) -> WeightsView:
        """Return one model.

        Raises:
            NotFound: there is no such model.
        """
        return self._view(self.offer(model_id), coming, token=self._token_problem())

    def _token_problem(self) -> tuple[bool, Problem | None]:
        """Return whether there is a token, and what is wrong with the file that holds it."""
        try:
            return self._sources.has_token(), None
        except ConfigurationError as error:
            return False, Problem(**error.to_dict())

    def _view(
        self, offer: Offer, coming: Coming, *, token: tuple[bool, Problem | None]
    ) -> WeightsView:
        model = offer.model
        found = find_files(model, self.roots)
        files = [self._file(one, coming) for one in found]
        accepted = self._licences.accepted(model)
        sizes = [one.size_bytes for one in files]
        left = [bytes_to_bring(one) for one in found]
        missing = sum(one or 0 for one in left)
        total = sum(size or 0 for size in sizes) if None not in sizes else None
        state = worst([file.state for file in files])
        if coming.phase is not None and state not in ("present", "wrong"):
            state = "fetching"
        speed = coming.bytes_per_second
        sources = [one.source for one in files if one.state != "present"]
        return WeightsView(
            id=model.id,
            title=model.title,
            services=list(offer.services),
            optional=model.optional,
            state=state,
            phase=coming.phase,
            percent=_percent(files, total, coming) if coming.phase else None,
            bytes_per_second=speed,
            estimate_seconds=_left(missing, total, coming),
            size_bytes=total or _mib(model.size_mib),
            missing_bytes=missing if None not in left else _mib(model.size_mib),
            licence=model.licence,
            licence_url=model.licence_url,
            must_accept=model.accept and accepted is None,
            accepted_by=accepted.by if accepted else None,
            accepted_at=accepted.at if accepted else None,
            gated=model.gated,
            token_missing=model.gated and not token[0],
            can_fetch=bool(self.roots) and bool(sources) and None not in sources,
            problem=(coming.problem if state != "present" else None)
            or next((one.problem for one in files if one.problem), None),
            files=files,
        )

    def _file(self, found: FileFound, coming: Coming) -> WeightsFile:
        spec = found.spec
        step = coming.steps.get((spec.folder, spec.name))
        state = found.state
        if step is not None and coming.phase is not None and state in ("missing", "partial"):
            state = "fetching"
        here = found.done_bytes if found.state in ("present", "wrong") else None
        return WeightsFile(
            folder=spec.folder,
            name=spec.name,
            state=state,
            size_bytes=spec.size_bytes or here or (step.total_bytes if step else None),
            done_bytes=found.done_bytes,
            verified=found.verified,
            source=self._sources.label(spec),
            problem=found.problem,
        )

    def _root(self, root: Path) -> ModelRoot:
        if not root.is_dir():
            problem = Problem(**root_missing(root).to_dict())
            return ModelRoot(path=str(root), writable=False, problem=problem)
        writable = os.access(root, os.W_OK | os.X_OK)
        return ModelRoot(
            path=str(root),
            free_bytes=free_bytes(root),
            writable=writable,
            problem=None if writable else Problem(**root_readonly(root).to_dict()),
        )


def _offers(catalog: Catalog) -> dict[str, Offer]:
    """Join what several services say of one model: it is one, with all the files they name."""
    offers: dict[str, Offer] = {}
    for name, spec in catalog.items():
        for model in spec.models:
            if not model.files:
                continue
            before = offers.get(model.id)
            if before is None:
                offers[model.id] = Offer(model, (name,))
                continue
            known = {(file.folder, file.name) for file in before.model.files}
            more = [file for file in model.files if (file.folder, file.name) not in known]
            joined = before.model.model_copy(
                update={
                    "files": [*before.model.files, *more],
                    "optional": before.model.optional and model.optional,
                    "accept": before.model.accept or model.accept,
                    "gated": before.model.gated or model.gated,
                }
            )
            offers[model.id] = Offer(joined, (*before.services, name))
    return offers


def named_files(offers: Mapping[str, Offer]) -> dict[FileKey, ModelFileSpec]:
    """Return every file that the catalogue names, by folder and name."""
    return {
        (file.folder, file.name): file for offer in offers.values() for file in offer.model.files
    }


def _percent(files: Sequence[WeightsFile], total: int | None, coming: Coming) -> float | None:
    if not total:
        return None
    if coming.phase == CHECKING:
        done = sum(step.done_bytes for step in coming.steps.values())
    else:
        done = sum(file.done_bytes for file in files if file.state != "wrong")
    return round(min(100.0, 100 * done / total), 1)


def _left(missing: int, total: int | None, coming: Coming) -> float | None:
    speed = coming.bytes_per_second
    if not speed or coming.phase is None:
        return None
    if coming.phase != CHECKING:
        return missing / speed
    read = sum(step.done_bytes for step in coming.steps.values())
    return None if total is None else max(0, total - read) / speed


def _mib(size: int | None) -> int | None:
    return None if size is None else size * 2**20
