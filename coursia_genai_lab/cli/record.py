"""Whether the Lab's record of timeline, consents and pins can be kept where it should be."""

from __future__ import annotations

import os
import shlex

from ..config import LabSettings
from ..errors import ConfigurationError, StoreError
from ..lab.store.place import Place, find_place
from .checks import Finding


def record(settings: LabSettings) -> Finding:
    """Look at the place that GenAILab.store_url names; bounded, and nothing is made."""
    from jupyter_core.paths import jupyter_data_dir

    try:
        place = find_place(settings.store_url, jupyter_data_dir())
    except ConfigurationError as error:
        return Finding("record", "note", error.message, error.remedy, error.command)
    if place.path is None or place.path.exists():
        return _kept(place)
    nearest = next(path for path in place.path.parents if path.exists())
    if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK):
        return Finding("record", "ok", f"the Lab's record will be kept in {place.shown}")
    return Finding(
        "record",
        "note",
        f"{nearest} cannot be written, so the Lab keeps no record in {place.shown}.",
        "Correct the folder, or set GenAILab.store_url; services go on meanwhile.",
        f"ls -ld {shlex.quote(str(nearest))}",
    )


def _kept(place: Place) -> Finding:
    from ..lab.store.database import Database

    database = Database(place, "durable")
    try:
        database.look()
    except StoreError as error:
        if error.error_code == StoreError.code:
            # It answers, and the first Lab brings it into the present form.
            return Finding("record", "ok", f"the Lab's record can be kept in {place.shown}")
        return Finding("record", "note", error.message, error.remedy, error.command)
    finally:
        database.close()
    if place.path is not None and not os.access(place.path, os.W_OK):
        return Finding(
            "record",
            "note",
            f"{place.shown} can only be read, so the Lab keeps no record.",
            "Correct its owner or its mode, or set GenAILab.store_url; services go on meanwhile.",
            f"ls -l {shlex.quote(str(place.path))}",
        )
    return Finding("record", "ok", f"the Lab's record is in {place.shown}")
