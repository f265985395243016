"""The model files of this machine as the command line handles them, without a Lab."""

from __future__ import annotations

import getpass
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..catalog.load import load_catalog
from ..catalog.spec import ModelFileSpec, ModelSpec
from ..errors import Conflict, GenAIError
from ..secret_files.folder import SecretsFolder
from ..weights.bring import Brought, bring_file, offered_by
from ..weights.check import Checked, check_file
from ..weights.fetch import fetch_file, new_session
from ..weights.from_settings import sources_of, terms_of
from ..weights.hub_token import read_token
from ..weights.licences import Licences
from ..weights.places import place_of
from ..weights.problems import TOKEN_NAME, licence_open
from ..weights.stock import Stock
from ..weights.terms import Step, Terms
from .find import find_lab
from .settings import operator_settings

if TYPE_CHECKING:
    from .models_shown import Shown

StepReport = Callable[[str, ModelFileSpec, Step], None]


@dataclass(frozen=True)
class Here:
    """Catalogue, roots and terms as the operator's settings have them."""

    stock: Stock
    licences: Licences
    terms: Terms
    unread: str | None = None
    """What is wrong with service files that were left out; None: all of them were read."""

    async def fetch(
        self, ids: Sequence[str], step: StepReport, done: Callable[[str, Stock], None]
    ) -> None:
        """Bring these models one after another.

        Raises:
            GenAIError: why one cannot be had; those before it are here.
        """
        session = new_session()
        try:
            for model_id in ids:
                for file in self.stock.offer(model_id).model.files:

                    def hear(now: Step, name: str = model_id, one: ModelFileSpec = file) -> None:
                        step(name, one, now)

                    place = place_of(file, self.stock.roots)
                    await fetch_file(file, place, self.terms, session, hear)
                done(model_id, self.stock)
        finally:
            await session.close()

    def check(self, model_id: str, step: StepReport, *, again: bool) -> Iterator[Checked]:
        """Hash the files of a model that are here."""
        stop = threading.Event()
        for file in self.stock.offer(model_id).model.files:

            def hear(read: int, one: ModelFileSpec = file) -> None:
                step(model_id, one, Step("checking", read, one.size_bytes))

            yield check_file(file, self.stock.roots, hear, again=again, stop=stop)

    def bring(
        self,
        folder: Path,
        ids: Sequence[str],
        shown: Shown,
        *,
        link: bool,
        allowed: Callable[[str], bool],
    ) -> list[Brought]:
        """Take what is missing of these models from a folder; return what was taken.

        Raises:
            GenAIError: there is no such folder, or no room.
        """
        offered, taken = offered_by(folder), []
        for model_id in ids:
            model = self.stock.offer(model_id).model
            if self.stock.view(model_id).state == "present" or not allowed(model_id):
                continue
            for file in model.files:

                def hear(now: int, one: ModelFileSpec = file, name: str = model_id) -> None:
                    shown.step(name, one, Step("importing", now, one.size_bytes))

                brought = bring_file(file, self.stock.roots, offered, self.terms, hear, link=link)
                if brought is not None and (brought.origin is not None or brought.reason):
                    shown.brought(model_id, brought)
                if brought is not None and brought.origin is not None:
                    taken.append(brought)
        return taken

    def accept(self, model: ModelSpec) -> None:
        """Keep that this user accepts the licence."""
        self.licences.accept(model, f"{_user()} (command line)")

    def licence_open(self, model: ModelSpec) -> Conflict:
        """Return what to say when a licence is still to be accepted."""
        return licence_open(model.title, model.licence, model.licence_url)

    def tell_the_lab(self) -> None:
        """Let a running Lab look around, so that its panel shows what came; best effort."""
        with suppress(GenAIError):
            found = find_lab("", "")
            if found is not None:
                with found.client() as lab:
                    lab.services()


def here(roots: Sequence[Path] = (), *, replace_foreign: bool = False, wait: bool = True) -> Here:
    """Return the model files of this machine.

    Raises:
        ConfigurationError: the operator's settings cannot be read.
    """
    settings = operator_settings()
    if roots:
        paths = tuple(str(root.expanduser().absolute()) for root in roots)
        settings = replace(settings, model_roots=paths)

    secrets = SecretsFolder(settings.secrets_path)

    def token() -> str:
        return read_token(secrets) or os.environ.get(TOKEN_NAME, "").strip()

    sources = sources_of(settings, token)
    terms = replace(terms_of(settings, sources), replace=replace_foreign, wait_for_others=wait)
    catalog = load_catalog(settings.services_path or None)
    licences = Licences(settings.model_roots)
    stock = Stock(catalog, settings.model_roots, sources, licences)
    wrong = (one.message for one in catalog.problems if one.code != "door_port_shared")
    return Here(stock, licences, terms, unread=next(wrong, None))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "an unnamed user"
