"""Past starts and jobs of this host, read without a running Lab; nothing is made or changed."""

from __future__ import annotations

from collections.abc import Callable

from ..catalog.load import Catalog
from ..errors import StoreError
from ..runtimes.fingerprint import fingerprint
from .estimates import Estimates
from .job_history import JobHistory
from .start_history import StartHistory
from .store.place import Place, file_place, host_folder
from .store.store import Store

STARTS_FILE = "starts.sqlite3"

Past = tuple[Callable[[str], "float | None"], Callable[[str], "tuple[float | None, int]"]]
"""What a start takes, and what a job takes with the number of jobs that is known of."""


def place_of_past(host_path: str = "") -> Place:
    """Return where the host's own record lies; `host_path` as in GenAILab.state_path."""
    return file_place(host_folder(host_path) / STARTS_FILE)


def read_past(catalog: Catalog, place: Place) -> Past:
    """Return what is known of a host's past; nothing where nothing was kept or can be read.

    Blocks on the disk.
    """
    store = Store(lambda: place, "host")

    def named(service: str) -> str:
        return fingerprint(catalog[service]) if service in catalog else ""

    starts, jobs = StartHistory(store), JobHistory(store, fingerprint=named)
    if place.path is not None and place.path.exists():
        _read(place, starts, jobs)
    return Estimates(starts, fingerprint=named).expected, jobs.usual


def _read(place: Place, starts: StartHistory, jobs: JobHistory) -> None:
    from .store.database import Database

    database = Database(place, "host")
    try:
        database.look()
        with database.reading() as connection:
            starts.adopt(starts.load(connection))
            jobs.adopt(jobs.load(connection))
    except StoreError:
        # A plan without the past is a plan; `doctor` tells what is wrong with the record.
        return
    finally:
        database.close()
